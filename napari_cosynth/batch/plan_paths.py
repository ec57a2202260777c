"""The paths in a plan's file count from its folder."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def with_paths(data: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """A plan's tables with each model, tissue and layout file as a path, if it is one.

    Patterns of ``files`` become the files that they fit; one that fits none stays
    as it is. What has another type than it should stays too.

    Parameters
    ----------
    folder
        Of the plan's file, absolute.
    """
    placed = dict(data)
    tiles, groups = data.get("tiles"), data.get("group")
    if isinstance(tiles, dict) and isinstance(tiles.get("model"), str):
        model = tiles["model"]
        placed["tiles"] = tiles | {"model": _placed(model, folder, bool(model) and (folder / model).is_dir())}
    if isinstance(groups, list):
        placed["group"] = [_group(group, folder) if isinstance(group, dict) else group for group in groups]
    return placed


def _group(group: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    placed = dict(group)
    if isinstance(group.get("tissue"), str):
        placed["tissue"] = _placed(group["tissue"], folder, group["tissue"].lower().endswith(".json"))
    if isinstance(group.get("files"), list):
        placed["files"] = [file for name in group["files"] for file in _files(name, folder)]
    return placed


def _placed(text: str, folder: Path, is_path: bool) -> str:
    # A bare name is that of a tissue or model that ships.
    return str(folder / text) if is_path or "/" in text or os.sep in text else text


def _files(name: Any, folder: Path) -> Iterator[Any]:
    if not isinstance(name, str):
        yield name
        return
    # A name with brackets may be that of a file, and the folder's own name is no pattern.
    fitting = [] if (folder / name).exists() else sorted(glob.glob(name, root_dir=folder, recursive=True))
    yield from (str(folder / file) for file in fitting or [name])
