"""The folder that a data set is written to: begun, gone on with, finished, never damaged.

While an export runs, ``.export/`` in it says which one (``plan.json``) and which
tiles are done (``journal.jsonl``, a line a tile, written after the tile's
files). It goes when the data set is complete. Knows no format.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

from napari_cosynth.export.exporter import ExportError, FolderTaken
from napari_cosynth.lock import alone
from napari_cosynth.writing import ready_folder, write_together

STATE, LOCK = ".export", ".export.lock"
_JOURNAL = "journal.jsonl"
MANIFEST = "dataset.json"
SUMS = "SHA256SUMS"
_PART = re.compile(r"\..+\.\d+\.part")


@contextmanager
def alone_in(out: Path) -> Iterator[None]:
    """Keep other exports out of a folder while the context lasts: two at once would mix their lists.

    Parameters
    ----------
    out
        Made if it is not there.

    Raises
    ------
    ExportError
        If another export writes there.
    OSError
        If it is no folder, or cannot be written.
    """
    if out.exists() and not out.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(out))
    ready_folder(out)
    busy = f"{out}: another export is writing there; wait until it has ended, or choose another folder"
    with alone(out / LOCK, ExportError(busy)):
        yield


def has_begun(out: Path) -> bool:
    """Whether an unfinished export in a folder has tiles that are whole; False where nobody can look."""
    try:
        return (Path(out) / STATE / _JOURNAL).stat().st_size > 0
    except OSError:
        return False


class Target:
    """An export's folder, opened.

    Parameters
    ----------
    out
        Of `alone_in`.
    fingerprint
        Of the plan. An unfinished export with the same one is gone on with.
    tiles
        How many the plan has. A finished export that lacks some, because they were damaged, is written again.
    overwrite
        Whether files of the same names may be replaced, and a former export's removed.
    anew
        Whether the very same export is written again, too.

    Raises
    ------
    ExportError
        If the folder holds something else.
    OSError
        If it cannot be written.
    """

    def __init__(self, out: Path, fingerprint: str, tiles: int, *, overwrite: bool = False, anew: bool = False) -> None:
        self.out = Path(out)
        self._state = self.out / STATE
        self._journal = self._state / _JOURNAL
        self.done: dict[str, str] = {}
        """Name and split of the tiles whose files are all there."""
        begun = _fingerprint(self._state / "plan.json")
        finished = _fingerprint(self.out / MANIFEST)
        same = begun is None and finished == fingerprint
        self.complete = same and not anew and self._tiles_listed() == tiles and self._all_there()
        """True if the very same export was finished before."""
        if self.complete:
            shutil.rmtree(self._state, ignore_errors=True)
            return
        if begun is not None:
            self._sweep()
        if begun != fingerprint:
            if fingerprint != finished:
                self._refuse(begun or finished, overwrite)
            if begun or finished:
                self._remove_former()
            shutil.rmtree(self._state, ignore_errors=True)
            self._state.mkdir()
            write_together({self._state / "plan.json": json.dumps({"fingerprint": fingerprint}).encode()})
        self._read_journal()

    def write(self, files: Mapping[str, bytes]) -> dict[str, str]:
        """Write a tile's files, all or none; sha256 by path."""
        paths = {self._inside(name): content for name, content in files.items()}
        for folder in {path.parent for path in paths}:
            folder.mkdir(parents=True, exist_ok=True)
        write_together(paths)
        return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}

    def stream(self, name: str, chunks: Iterable[bytes], sums: dict[str, str]) -> Iterator[None]:
        """Write a file piece by piece; it appears when it is complete, and its sha256 in ``sums``.

        Yields
        ------
        After each piece, so that a long file can be cancelled.
        """
        path, part = self._inside(name), self._state / "part"
        digest = hashlib.sha256()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(part, "wb") as stream:
                for chunk in chunks:
                    stream.write(chunk)
                    digest.update(chunk)
                    yield
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(part, path)
        except OSError as error:
            # A full disk names no file, a refusing folder the one in ``.export``.
            raise OSError(error.errno, error.strerror, str(path)) from error
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
        sums[name] = digest.hexdigest()

    def note(self, entry: Mapping[str, Any]) -> None:
        """Say in the journal that a tile's files are there: ``tile``, ``split``, ``files`` and what else is needed."""
        size = self._journal.stat().st_size if self._journal.exists() else 0
        try:
            with open(self._journal, "ab") as stream:
                stream.write(json.dumps(entry).encode() + b"\n")
        except OSError as error:
            with suppress(OSError):
                os.truncate(self._journal, size)
            raise OSError(error.errno, error.strerror, str(self._journal)) from error
        self.done[entry["tile"]] = entry["split"]

    def entries(self, split: str | None = None) -> Iterator[dict[str, Any]]:
        """The journal's lines, of one split or all."""
        if self._journal.exists():
            with open(self._journal, "rb") as stream:
                for line in stream:
                    entry = json.loads(line)
                    if split is None or entry["split"] == split:
                        yield entry

    def close(self) -> None:
        """The data set is complete: what only the export needed goes."""
        # The plan first: without it the folder is that of no unfinished export.
        (self._state / "plan.json").unlink(missing_ok=True)
        shutil.rmtree(self._state, ignore_errors=True)

    def _inside(self, name: str) -> Path:
        path = self.out / name
        # Also a link that somebody laid there leads outside.
        if not _is_plain(name) or not path.parent.resolve().is_relative_to(self.out.resolve()):
            raise ExportError(f"{name!r} lies outside of {self.out}; nothing is written there")
        return path

    def _refuse(self, former: str | None, overwrite: bool) -> None:
        if overwrite:
            return
        if former is not None:
            raise FolderTaken(
                f"{self.out} holds another export, or one of other tiles or options; give the same ones to go on with "
                "it, another --out, or --overwrite to replace it",
                former=True,
            )
        others = sorted(p.name for p in self.out.iterdir() if p.name not in (STATE, LOCK))
        if others:
            listed = ", ".join(others[:3]) + (", ..." if len(others) > 3 else "")
            raise FolderTaken(
                f"{self.out} holds other files ({listed}); give an empty or new folder as --out, or --overwrite to "
                "write beside them and replace those of the same names",
                former=False,
                others=tuple(others),
            )

    def _read_journal(self) -> None:
        # Anew without what does not hold: a line cut by a kill, a tile whose files were removed.
        fresh = self._state / "journal.fresh"
        if not self._journal.exists():
            return
        with open(self._journal, "rb") as old, open(fresh, "wb") as new:
            for line in old:
                try:
                    entry = json.loads(line)
                except ValueError:
                    continue
                if entry["tile"] not in self.done and all((self.out / f).is_file() for f in entry["files"]):
                    self.done[entry["tile"]] = entry["split"]
                    new.write(line)
        os.replace(fresh, self._journal)

    def _sweep(self) -> None:
        """Remove the unfinished files that a killed export left."""
        for folder, _, files in os.walk(self.out):
            for file in files:
                if _PART.fullmatch(file):
                    Path(folder, file).unlink()

    def _former_files(self) -> Iterator[str]:
        with suppress(OSError, ValueError, KeyError):
            for entry in self.entries():
                yield from entry["files"]
        with suppress(OSError, ValueError):
            with open(self.out / SUMS, encoding="utf-8") as stream:
                yield from (line.rstrip("\n").partition("  ")[2] for line in stream)

    def _tiles_listed(self) -> int:
        # The manifest has a line for each, and may be too large to be read at once.
        with open(self.out / MANIFEST, "rb") as stream:
            return sum(line.startswith(b'{"name": ') for line in stream)

    def _all_there(self) -> bool:
        return (self.out / SUMS).is_file() and all((self.out / f).is_file() for f in self._former_files())

    def _remove_former(self) -> None:
        """Remove the files of a former export, which it listed itself, and no others."""
        folders = set()
        for name in [*self._former_files(), SUMS, MANIFEST]:
            path = self.out / name
            if _is_plain(name) and path.resolve().is_relative_to(self.out.resolve()):
                path.unlink(missing_ok=True)
                folders.update(self.out / parent for parent in PurePosixPath(name).parents if parent.parts)
        for folder in sorted(folders, key=lambda f: len(f.parts), reverse=True):
            with suppress(OSError):  # holds files of others
                folder.rmdir()


def _is_plain(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\\" not in name


def _fingerprint(path: Path) -> str | None:
    try:
        with open(path, encoding="utf-8") as stream:
            # The manifest may be large; what is asked for stands at its beginning.
            found = re.search(r'"fingerprint": "([0-9a-f]{64})"', stream.read(1000))
    except (OSError, UnicodeDecodeError):
        return None
    return found[1] if found else None
