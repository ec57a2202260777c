"""A session as one ``.cosynth`` file: saved, opened, and what is left of a damaged one.

The file is a ZIP of ``project.json`` and, for each tile, the files that `synth`
writes too, so that an unpacked project is a folder of tiles.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from napari_cosynth.project_json import DOCUMENT, document_bytes
from napari_cosynth.project_members import Members, SalvagedZip, ZipMembers
from napari_cosynth.project_reading import read_snapshot
from napari_cosynth.snapshot import Entry, Snapshot
from napari_cosynth.tile_files import tile_pictures, tile_record
from napari_cosynth.tile_png import png_bytes
from napari_cosynth.writing import file_trouble, writing

SUFFIX = ".cosynth"


class ProjectError(ValueError):
    """A project that cannot be saved or read; the message says why and what to do."""


@dataclass(frozen=True)
class Opened:
    """A project that was read.

    Parameters
    ----------
    snapshot
        What it holds.
    lost
        What could not be read, a sentence each; nothing unless it is damaged.
    """

    snapshot: Snapshot
    lost: tuple[str, ...] = ()


def save_project(snapshot: Snapshot, path: Path) -> None:
    """Write a snapshot as a ``.cosynth`` file, which appears whole or not at all.

    Equal snapshots give equal bytes.

    Raises
    ------
    ProjectError
        If the disk is full, the folder refuses, or a label id does not fit into 16
        bits; a file that was there is unchanged.
    """
    path = Path(path)
    stems = [tile_name(number) for number in range(1, len(snapshot.entries) + 1)]
    try:
        with writing(path) as stream, zipfile.ZipFile(stream, "w") as archive:
            _put(archive, DOCUMENT, document_bytes(snapshot, [f"{stem}.json" for stem in stems]))
            for entry, stem in zip(snapshot.entries, stems, strict=True):
                for name, content in _members(entry, stem):
                    _put(archive, name, content)
    except OSError as error:
        raise ProjectError(f"{file_trouble(error)}. The project was not saved; what was there is unchanged") from error
    except ValueError as error:
        raise ProjectError(f"{path}: {error}. The project was not saved; what was there is unchanged") from error


def open_project(path: Path) -> Opened:
    """Read a ``.cosynth`` file of this version or an older one.

    Raises
    ------
    ProjectError
        If it is not there, is no project, or anything in it is damaged. Then
        `recover_project` gives what can be read.
    """
    path = Path(path)

    def refuse(what: str) -> None:
        raise ProjectError(f"{path}: {what}. Recover the project to get back all that can still be read")

    with closing(open_members(path)) as members:
        return Opened(read_snapshot(path, members, refuse))


def recover_project(path: Path) -> Opened:
    """Read what can be read of a damaged ``.cosynth`` file, also of one that was cut off.

    Raises
    ------
    ProjectError
        If nothing can.
    """
    path = Path(path)
    try:
        members = SalvagedZip(path)
    except OSError as error:
        raise ProjectError(f"{path}: cannot be read: {error.strerror or error}") from error
    with closing(members):
        return salvaged(path, members)


def salvaged(where: Path, members: Members) -> Opened:
    """What can be read of a project's files.

    Raises
    ------
    ProjectError
        If nothing can.
    """
    lost: list[str] = []
    snapshot = read_snapshot(where, members, lost.append)
    if lost and snapshot == Snapshot():
        raise ProjectError(f"{where}: nothing in it can be read: {lost[0]}. Take another file, or an older copy of it")
    return Opened(snapshot, tuple(lost))


def open_members(path: Path) -> ZipMembers:
    """The files in a ``.cosynth`` file; close them after use.

    Raises
    ------
    ProjectError
        If it cannot be opened or is no ZIP.
    """
    try:
        return ZipMembers(path)
    except OSError as error:
        raise ProjectError(
            f"{path}: cannot be opened as a project: {error.strerror or error}. Give a {SUFFIX} file; if this is one, "
            "recover it to get back all that can still be read"
        ) from error


def tile_name(number: int) -> str:
    """What a session's tile is called in files, by its place in the session, from 1."""
    return f"tile-{number:03}"


def _members(entry: Entry, stem: str) -> Iterator[tuple[str, bytes]]:
    pictures = tile_pictures(entry.tile)
    files = {key: f"{stem}.png" if key == "image" else f"{stem}-{key}.png" for key in pictures}
    record = tile_record(entry.tile) | {"key": entry.key, "files": files}
    yield f"{stem}.json", (json.dumps(record) + "\n").encode()
    for key, array in pictures.items():
        yield files[key], png_bytes(array, entry.tile.request, level=1)


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    # The time of saving stays out, so that equal snapshots make equal files; a PNG is packed already.
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    archive.writestr(info, content)
