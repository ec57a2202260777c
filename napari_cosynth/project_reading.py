"""A snapshot out of a project's files, whether they lie in a ZIP or a folder; strictly, or as far as it goes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

from pydantic import ValidationError

from napari_cosynth.layout import plain_message
from napari_cosynth.layouts.locked import Locked
from napari_cosynth.project_json import DOCUMENT, DocumentError, ProjectDocument, StoredTile, parse_document
from napari_cosynth.project_members import Members
from napari_cosynth.snapshot import Entry, Snapshot
from napari_cosynth.tile_files import TileFileError, read_record, read_tile

EXPANDS, UNSUSPECTED = 200, 2**31
"""Unpacked tiles of more than ``UNSUSPECTED`` bytes may not take ``EXPANDS`` times what the file takes."""

Fault = Callable[[str], None]
"""Told what is wrong, in words for users; raises where that shall be the end."""


def read_snapshot(where: Path, members: Members, fault: Fault) -> Snapshot:
    """A snapshot out of a project's files.

    Parameters
    ----------
    where
        The file or folder, for messages.
    fault
        Told everything that is wrong. Where it does not raise, reading goes on
        without that.
    """
    document, lost = read_document(where, members, fault)
    tiles = tuple(_found_tiles(where, members)) if "tiles" in lost else document.tiles
    entries = _entries(where, members, tiles, fault)
    layout, prompt = document.layout, document.prompt
    if entries:
        # What was last made is nearest to what was last on the canvas.
        made = entries[-1].tile.request
        layout = made.layout if "layout" in lost else layout
        prompt = made.prompt if "prompt" in lost else prompt
    current, active_class = document.current, document.active_class
    if current is not None and current not in {stored.key for stored in tiles}:
        fault(f"the tile that was shown, {current}, is not among the tiles")
    if current not in {entry.key for entry in entries}:
        current = None
    if not 0 <= active_class < len(layout.taxonomy):
        fault(f"the class chosen last has the number {active_class}; the layout has {len(layout.taxonomy)} classes")
        active_class = 0
    stored = Locked(frozenset(document.locked))
    locked = stored.of(layout)
    if locked != stored and "layout" not in lost:
        fault(f"{len(stored.places - locked.places)} locked places hold no nucleus")
    return Snapshot(
        layout=layout,
        prompt=prompt,
        settings=document.settings,
        entries=entries,
        current=current,
        active_class=active_class,
        locked=locked,
    )


def read_document(where: Path, members: Members, fault: Fault) -> tuple[ProjectDocument, frozenset[str]]:
    """``project.json``, and the names of its fields that could not be read and have their defaults."""
    everything = frozenset(ProjectDocument.model_fields)
    try:
        data = parse_document(members.read(where / DOCUMENT))
    except OSError as error:
        fault(f"{DOCUMENT} {error.strerror or error}")
        return ProjectDocument(), everything
    except DocumentError as error:
        fault(f"{DOCUMENT} {error}")
        return ProjectDocument(), everything
    try:
        return ProjectDocument.model_validate(data), frozenset()
    except ValidationError as error:
        fault(f"{DOCUMENT} is damaged: {plain_message(error)}")
        wrong = {str(one["loc"][0]) for one in error.errors()}
        kept = {key: value for key, value in data.items() if key not in wrong}
        return ProjectDocument.model_validate(kept), everything & wrong


def _entries(where: Path, members: Members, tiles: tuple[StoredTile, ...], fault: Fault) -> tuple[Entry, ...]:
    entries: dict[str, Entry] = {}
    unpacked = 0
    for number, stored in enumerate(tiles, start=1):
        try:
            tile = read_tile(where / stored.record, members.read)
        except TileFileError as error:
            fault(f"tile {number} of {len(tiles)} is lost: {str(error).replace(f'{where}{os.sep}', '')}")
            continue
        key = stored.key
        if key in entries:
            fault(f"tile {number} of {len(tiles)} has the same key as another one")
            key = uuid4().hex
        entries[key] = Entry(key, tile)
        unpacked += tile.image.nbytes + tile.instances.nbytes + tile.semantic.nbytes
        if unpacked > max(UNSUSPECTED, EXPANDS * members.bytes_stored):
            fault(f"the tiles after the first {number} are left out: together they are far larger than their file")
            break
    return tuple(entries.values())


def _found_tiles(where: Path, members: Members) -> Iterator[StoredTile]:
    """The tiles whose records can be read, where no list of them can."""
    for name in sorted(members.names()):
        if name.endswith(".json") and name != DOCUMENT:
            try:
                _, record = read_record(where / name, members.read)
                yield StoredTile(key=str(record.get("key") or uuid4().hex), record=name)
            except ValueError:
                continue
