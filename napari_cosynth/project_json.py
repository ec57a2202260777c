"""``project.json``: what a project says beside its tiles, and how older versions of it are brought up to date.

Increase `SCHEMA_VERSION` with every change that the present reader would not
understand, and tell `MIGRATIONS` what became of the version before.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat

from napari_cosynth.layout import Layout
from napari_cosynth.run_settings import RunSettings
from napari_cosynth.snapshot import Snapshot

DOCUMENT = "project.json"
KIND = "napari-cosynth project"
SCHEMA_VERSION = 2


class DocumentError(ValueError):
    """A ``project.json`` that cannot be read, and why."""


def _plain(name: str) -> str:
    # A project can come from anyone: it may name its own files alone.
    if PurePosixPath(name).name != name or name in ("", "..") or "\\" in name or ":" in name:
        raise ValueError(f"a tile's file is named {name!r}; a plain name of a file in the project is allowed")
    return name


class StoredTile(BaseModel):
    """Where a tile is: its key in the session, and the name of its record."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(min_length=1)
    record: Annotated[str, AfterValidator(_plain)]


class ProjectDocument(BaseModel):
    """A snapshot without its tiles; fields as in `Snapshot`, locked nuclei as their (row, col) in px."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["napari-cosynth project"] = KIND
    schema_version: Literal[2] = SCHEMA_VERSION
    synthetic: Literal[True] = True
    layout: Layout = Layout()
    prompt: str = ""
    settings: RunSettings = RunSettings()
    current: str | None = None
    active_class: int = 0
    locked: tuple[tuple[FiniteFloat, FiniteFloat], ...] = ()
    tiles: tuple[StoredTile, ...] = ()


def document_bytes(snapshot: Snapshot, records: Iterable[str]) -> bytes:
    """The file of a snapshot.

    Parameters
    ----------
    records
        Name of each tile's record, in the snapshot's order.
    """
    document = ProjectDocument(
        layout=snapshot.layout,
        prompt=snapshot.prompt,
        settings=snapshot.settings,
        current=snapshot.current,
        active_class=snapshot.active_class,
        locked=tuple(sorted(snapshot.locked.places)),
        tiles=tuple(StoredTile(key=e.key, record=r) for e, r in zip(snapshot.entries, records, strict=True)),
    )
    return (json.dumps(document.model_dump(mode="json")) + "\n").encode()


def parse_document(content: bytes) -> dict[str, Any]:
    """What the file says, in the present version's words; its values are not checked yet.

    Raises
    ------
    DocumentError
        If it is no project's, or of a version that this program does not know.
    """
    try:
        document = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"is not JSON ({error})") from error
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise DocumentError("does not describe a project")
    version = document.get("schema_version")
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        raise DocumentError(
            f"has schema version {version}; this program reads versions up to {SCHEMA_VERSION}: "
            "install a newer napari-cosynth"
        )
    try:
        for number in range(version, SCHEMA_VERSION):
            document = MIGRATIONS[number](document) | {"schema_version": number + 1}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DocumentError(f"has schema version {version}, but not what belongs to it ({error!r})") from error
    return document


def _from_0(old: dict[str, Any]) -> dict[str, Any]:
    """Version 0 named tiles by their records alone, and knew of the settings only the seed."""
    return {
        "kind": KIND,
        "layout": old["layout"],
        "prompt": old["prompt"],
        "settings": {"seed": old["seed"]},
        "tiles": [{"key": name.removesuffix(".json"), "record": name} for name in old["tiles"]],
    }


def _from_1(old: dict[str, Any]) -> dict[str, Any]:
    """Version 1 knew of no locked nuclei."""
    return old


MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {0: _from_0, 1: _from_1}
"""By version: what makes the next version's document of one."""
