"""Where a batch's files go: a folder, or any place that fsspec knows.

A tile is finished when its record is there; it is written last. Which tiles are
finished is asked of the files, never remembered elsewhere.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from napari_cosynth.export.target import MANIFEST, SUMS
from napari_cosynth.lock import alone
from napari_cosynth.tile import SyntheticTile
from napari_cosynth.tile_files import file_names, write_tile
from napari_cosynth.writing import ready_folder, write_together

TILES, DATASET = "tiles", "dataset"
_LOCK = ".batch.lock"
_WHOLE = {"memory", "s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oss", "r2", "oci"}
"""Protocols whose objects appear whole or not at all."""


class StorageError(ValueError):
    """A place that cannot be used; the message says why and what to do."""


class Storage(Protocol):
    """Files by names such as ``batch.json`` or ``tiles/nest-00001-p1-v1.png``."""

    url: str
    shared: bool
    """False if other processes do not see it."""

    def alone(self) -> AbstractContextManager[None]:
        """A context that keeps other batches out, made if need be; a bucket cannot be kept.

        Raises
        ------
        StorageError
            If another one writes there.
        OSError
            If it cannot be made or written.
        """

    def ready(self) -> None:
        """See that files can be written; remove what a killed run left unfinished."""

    def names(self) -> set[str]:
        """Names of the files in ``tiles``."""

    def has(self, name: str) -> bool:
        """True if that file is there."""

    def read(self, name: str) -> bytes:
        """A file's content; FileNotFoundError if it is not there."""

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files, each whole or not at all, the last one last."""

    def write_tile(self, tile: SyntheticTile, stem: str, source: str) -> None:
        """Write a tile's files, its record last."""

    def dataset(self) -> Any:
        """A context with a local folder to write the data set to; at its end it is in the place of the former one."""


def open_storage(out: str | Path) -> Storage:
    """The place of ``--out``: a folder, or a URL such as ``s3://bucket/batch``.

    Raises
    ------
    StorageError
        If the URL's kind is unknown, or what it needs is not installed.
    """
    text = str(out)
    protocol, separator, rest = text.partition("://")
    if not separator:
        return Folder(Path(out))
    if protocol in ("file", "local"):
        return Folder(Path(rest))
    return Remote(text, protocol)


def finished(names: set[str], stem: str) -> bool:
    """True if all files of a tile are among ``names``."""
    return names.issuperset(file_names(stem).values())


class Folder:
    """A folder of this machine, or of a file system that all machines share."""

    shared = True

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.url = str(self.path)

    def alone(self) -> AbstractContextManager[None]:
        ready_folder(self.path)
        busy = f"{self.path}: another batch is writing there; wait until it has ended, or choose another folder"
        return alone(self.path / _LOCK, StorageError(busy))

    def ready(self) -> None:
        ready_folder(self.path / TILES)
        for part in (self.path / TILES).glob(".*.part"):
            part.unlink(missing_ok=True)

    def names(self) -> set[str]:
        folder = self.path / TILES
        return {path.name for path in folder.iterdir()} if folder.is_dir() else set()

    def has(self, name: str) -> bool:
        return (self.path / name).is_file()

    def read(self, name: str) -> bytes:
        return (self.path / name).read_bytes()

    def write(self, files: Mapping[str, bytes]) -> None:
        write_together({self.path / name: content for name, content in files.items()})

    def write_tile(self, tile: SyntheticTile, stem: str, source: str) -> None:
        write_tile(tile, self.path / TILES, stem, source)

    @contextmanager
    def dataset(self) -> Iterator[Path]:
        yield self.path / DATASET


class Remote:
    """A place that fsspec knows by its URL."""

    def __init__(self, url: str, protocol: str) -> None:
        try:
            from fsspec.core import url_to_fs
        except ImportError as error:
            raise StorageError(
                f'{url} needs fsspec; install it with, in a clone: pip install ".[distributed]"'
            ) from error
        try:
            self._fs, root = url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise StorageError(f"{url}: cannot be opened: {error}") from error
        self._root = root.rstrip("/")
        self._appears_whole = protocol in _WHOLE
        self.url, self.shared = url, protocol != "memory"

    def alone(self) -> AbstractContextManager[None]:
        return nullcontext()

    def ready(self) -> None:
        self._fs.makedirs(self._at(TILES), exist_ok=True)
        self.write({".ready": b""})
        self._fs.rm_file(self._at(".ready"))

    def names(self) -> set[str]:
        self._fs.invalidate_cache()
        try:
            listed = self._fs.ls(self._at(TILES), detail=False)
        except FileNotFoundError:
            return set()
        return {PurePosixPath(name).name for name in listed}

    def has(self, name: str) -> bool:
        self._fs.invalidate_cache(self._at(TILES))
        return self._fs.exists(self._at(name))

    def read(self, name: str) -> bytes:
        return self._fs.cat_file(self._at(name))

    def write(self, files: Mapping[str, bytes]) -> None:
        for name, content in files.items():
            path = self._at(name)
            if self._appears_whole:
                self._fs.pipe_file(path, content)
            else:
                folder, _, last = path.rpartition("/")
                self._fs.makedirs(folder, exist_ok=True)
                self._fs.pipe_file(f"{folder}/.{last}.part", content)
                self._fs.mv(f"{folder}/.{last}.part", path)

    def write_tile(self, tile: SyntheticTile, stem: str, source: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            paths = write_tile(tile, Path(folder), stem, source)
            self.write({f"{TILES}/{path.name}": path.read_bytes() for path in paths.values()})

    @contextmanager
    def dataset(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
            self._replace_dataset(Path(folder))

    def _replace_dataset(self, folder: Path) -> None:
        """Put a folder in the place of the former data set; files that this one did not list stay."""
        new = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        # The manifest says that all else is there: it goes first and comes last.
        for name in [MANIFEST, *sorted(self._former_files() - new)]:
            with suppress(FileNotFoundError):
                self._fs.rm_file(self._at(f"{DATASET}/{name}"))
        # The list comes before what it lists: so the next run removes also what one that was killed had copied.
        for name in sorted(new, key=lambda name: (name == MANIFEST, name != SUMS, name)):
            self.write({f"{DATASET}/{name}": (folder / name).read_bytes()})

    def _former_files(self) -> set[str]:
        """What the data set that is there lists as its files, as far as they lie in it."""
        try:
            listed = self.read(f"{DATASET}/{SUMS}").decode("utf-8", "replace").splitlines()
        except FileNotFoundError:
            return set()
        paths = (PurePosixPath(line.partition("  ")[2]) for line in listed)
        return {str(path) for path in paths if path.parts and not path.is_absolute() and ".." not in path.parts}

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"
