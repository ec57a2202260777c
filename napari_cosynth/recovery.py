"""What brings a session back after napari was closed, or killed.

Each session writes to a folder of its own: ``project.json`` as in a project,
and the tiles' files under names that follow from their content, so that what is
there already is not written again. ``closed`` says that the session ended in
good order; ``lock`` is held for as long as its process lives.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from napari_cosynth.lock import hold, is_held
from napari_cosynth.project import Opened, ProjectError, salvaged
from napari_cosynth.project_json import DOCUMENT, document_bytes
from napari_cosynth.project_members import FolderMembers
from napari_cosynth.snapshot import Entry, Snapshot
from napari_cosynth.tile import SyntheticTile
from napari_cosynth.tile_files import tile_pictures, tile_record
from napari_cosynth.tile_png import png_bytes
from napari_cosynth.writing import write_together

KEPT = 5
"""Sessions that are kept; older ones go."""
LOCK, CLOSED = "lock", "closed"
_OURS = re.compile(r"(?:(?:image|instances|semantic)-\d+x\d+|tile)-[0-9a-f]{64}\.(?:png|json)")
_UNFINISHED = re.compile(r"\..+\.\d+\.part")
_ABANDONED = 3600.0
"""Seconds after which a folder that nothing was written to is taken for a left one."""


@dataclass(frozen=True)
class Found:
    """Sessions of former times.

    Parameters
    ----------
    closed
        The folder of the newest one that ended in good order.
    crashed
        The folders of those that did not, the newest first.
    """

    closed: Path | None = None
    crashed: tuple[Path, ...] = ()


@dataclass(frozen=True)
class _Kept:
    tile: SyntheticTile
    record: str
    files: frozenset[str]


class Autosave:
    """Writes a session, again and again, as little as possible each time.

    May be called from any thread.

    Parameters
    ----------
    folder
        One that `found` gave, to go on in it after its snapshot was loaded: its
        tiles need not be written again. A new one if None.

    Raises
    ------
    ProjectError
        If the folder cannot be written, or another napari works in it.
    """

    def __init__(self, folder: Path | None = None) -> None:
        fresh = folder is None
        self.folder = sessions_dir() / f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid4().hex[:8]}" if fresh else Path(folder)
        self._writing = threading.Lock()
        self._kept: dict[str, _Kept] = {}
        self._document = b""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = hold(self.folder / LOCK)
        except OSError as error:
            raise ProjectError(f"{self.folder}: {_reason(error)}") from error
        names = {path.name for path in self.folder.iterdir()}
        self._there = set(filter(_OURS.fullmatch, names))
        for name in filter(_UNFINISHED.fullmatch, names):
            with suppress(OSError):
                (self.folder / name).unlink()
        if fresh:
            _prune()

    def write(self, snapshot: Snapshot) -> None:
        """Bring the folder up to the snapshot; a kill meanwhile leaves the old state or the new one.

        Raises
        ------
        ProjectError
            If the disk is full or the folder refuses; the old state is kept then.
        """
        with self._writing:
            try:
                self._write(snapshot)
            except OSError as error:
                raise ProjectError(f"{self.folder}: {_reason(error)}") from error
            except ValueError as error:
                raise ProjectError(f"{self.folder}: {error}") from error

    def close(self, snapshot: Snapshot) -> None:
        """Write for the last time and say that the session ended in good order.

        Raises
        ------
        ProjectError
            As `write` does; the session counts as crashed then.
        """
        try:
            self.write(snapshot)
            with suppress(OSError):
                (self.folder / CLOSED).touch()
        finally:
            self.release()

    def release(self) -> None:
        """Let go of the folder without a word, as a crash would."""
        self._lock.close()

    def _write(self, snapshot: Snapshot) -> None:
        kept = {entry.key: self._keep(entry) for entry in snapshot.entries}
        document = document_bytes(snapshot, [one.record for one in kept.values()])
        if document != self._document:
            (self.folder / CLOSED).unlink(missing_ok=True)
            write_together({self.folder / DOCUMENT: document})
            self._document = document
        self._kept = kept
        # Only now: until here the old document needed them.
        needed = frozenset().union(*(one.files for one in kept.values()))
        for name in self._there - needed:
            (self.folder / name).unlink(missing_ok=True)
        self._there &= needed

    def _keep(self, entry: Entry) -> _Kept:
        kept = self._kept.get(entry.key)
        if kept and kept.tile is entry.tile:
            return kept
        pictures = tile_pictures(entry.tile)
        record = tile_record(entry.tile) | {"key": entry.key}
        height, width = entry.tile.instances.shape
        # Labels of the same bytes may differ in shape.
        names = {key: f"{key}-{height}x{width}-{record['sha256'][key]}.png" for key in pictures}
        content = json.dumps(record | {"files": names}).encode()
        record_name = f"tile-{hashlib.sha256(content).hexdigest()}.json"
        files = {names[key]: array for key, array in pictures.items() if names[key] not in self._there}
        new = {self.folder / name: png_bytes(array, level=1) for name, array in files.items()}
        if record_name not in self._there:
            new[self.folder / record_name] = content
        write_together(new)
        self._there |= {path.name for path in new}
        return _Kept(entry.tile, record_name, frozenset({*names.values(), record_name}))


def sessions_dir() -> Path:
    """Where sessions are kept; ``NAPARI_COSYNTH_SESSIONS`` names another folder."""
    default = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "napari-cosynth"
    return Path(os.environ.get("NAPARI_COSYNTH_SESSIONS") or default / "sessions")


def found() -> Found:
    """The sessions that can be brought back. Those whose process still lives are left alone."""
    folders = _finished()
    closed = [folder for folder in folders if (folder / CLOSED).exists()]
    return Found(closed[0] if closed else None, tuple(folder for folder in folders if folder not in closed))


def load(folder: Path) -> Opened:
    """What can be read of a session's folder; `Opened.lost` lists the rest.

    Raises
    ------
    ProjectError
        If nothing can.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ProjectError(f"{folder}: the session is no longer there")
    return salvaged(folder, FolderMembers(folder))


def discard(folder: Path) -> None:
    """Remove a session that nobody wants back.

    Raises
    ------
    ProjectError
        If it is no session's folder, a napari still works in it, or it cannot be removed.
    """
    folder = Path(folder)
    if folder.parent.resolve() != sessions_dir().resolve():
        raise ProjectError(f"{folder}: is not the folder of a session; those lie in {sessions_dir()}")
    if is_held(folder / LOCK):
        raise ProjectError(f"{folder}: another napari works in this session; close it first")
    try:
        # First what makes it a session: one that is half removed must not be offered.
        (folder / DOCUMENT).unlink(missing_ok=True)
        shutil.rmtree(folder)
    except OSError as error:
        raise ProjectError(f"{folder}: the session could not be removed: {_reason(error)}") from error


def _finished() -> list[Path]:
    """Folders of sessions whose process has ended, the newest first."""
    places = [path for path in _folders() if (path / DOCUMENT).is_file() and not is_held(path / LOCK)]
    dated = [(when, path.name, path) for path in places if (when := _changed(path / DOCUMENT)) is not None]
    return [path for *_, path in sorted(dated, reverse=True)]


def _folders() -> list[Path]:
    try:
        return [path for path in sessions_dir().iterdir() if path.is_dir() and not path.is_symlink()]
    except OSError:
        return []


def _prune() -> None:
    """Remove all but the newest sessions, and folders that a killed process left before it wrote anything."""
    young = (time.time() - _ABANDONED) * 1e9
    dated = [(_changed(path), path) for path in _folders() if not (path / DOCUMENT).exists()]
    empty = [path for when, path in dated if when is not None and when < young]
    for folder in (*_finished()[KEPT:], *(p for p in empty if not is_held(p / LOCK))):
        with suppress(ProjectError):
            discard(folder)


def _changed(path: Path) -> int | None:
    """When a path changed last, in ns; None if another napari has removed it meanwhile."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def _reason(error: OSError) -> str:
    if isinstance(error, BlockingIOError | PermissionError) and error.filename is None:
        return "another napari works in it"
    return error.strerror or str(error)
