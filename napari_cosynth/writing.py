"""Files that appear whole or not at all: written beside their place, then renamed; and what to say if they cannot."""

from __future__ import annotations

import errno
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

MAX_NAME = 255
"""Bytes that a file's name may have on the file systems in common use."""
_ADVICE = {
    errno.ENOSPC: "free some space or choose another disk",
    errno.EDQUOT: "free some space or choose another disk",
    errno.EACCES: "choose a place that you may write to, or change its permissions",
    errno.EPERM: "choose a place that you may write to, or change its permissions",
    errno.EROFS: "choose a place that can be written",
    errno.ENOENT: "check the name",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EISDIR: "a file is needed, not a folder",
    errno.ENOTDIR: "a folder is needed, not a file",
}


def file_trouble(error: OSError) -> str:
    """Which file, what the system says of it, and what to do, in one sentence."""
    if not error.strerror:
        return str(error)
    place = f"{error.filename}: " if error.filename else ""
    advice = _ADVICE.get(error.errno or 0)
    return f"{place}{error.strerror}{'; ' if advice else ''}{advice or ''}"


def write_together(files: Mapping[Path, bytes]) -> None:
    """Write files so that none appears unless all could be written.

    All are written beside their places first. A process that is killed leaves
    old files or new ones, never half of one; an error or an interrupt leaves no
    trace.

    Parameters
    ----------
    files
        Contents by path; the last path is renamed last, so that its presence
        says that the others are there. Folders must exist.

    Raises
    ------
    OSError
        If the disk is full or a folder refuses; it names the file that was asked for.
    """
    beside = {path: _part_in(path.parent) for path in files}
    try:
        for path, content in files.items():
            with _filling(path, beside[path]) as stream:
                stream.write(content)
        with _interrupt_waits():
            for path, part in beside.items():
                os.replace(part, path)
    finally:
        for part in beside.values():
            with suppress(OSError):
                part.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of ``path`` at the end of the block, for what is too large to be held in memory.

    A block that raises, or a process that is killed, leaves the old file.

    Raises
    ------
    OSError
        If the disk is full or the folder refuses; it names ``path``.
    """
    part = _part_in(path.parent)
    try:
        with _filling(path, part) as stream:
            yield stream
        try:
            os.replace(part, path)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def ready_folder(folder: Path) -> None:
    """Make a folder if need be, and see that files can be written there.

    Asked before work that takes long, so that it is not done in vain.

    Raises
    ------
    OSError
        If it cannot be made or written; it names the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    probe = _part_in(folder)
    try:
        probe.write_bytes(b"")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from error
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)


def _part_in(folder: Path) -> Path:
    """A file that nobody else writes to, threads and other machines included; what sweeps up knows it by its form.

    Its name does not hold that of the file it becomes, which may be as long as names can be.
    """
    return folder / f".{uuid4().hex}.{os.getpid()}.part"


@contextmanager
def _filling(path: Path, part: Path) -> Iterator[BinaryIO]:
    """The file ``part`` of ``path``, on the disk at the end of the block."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    try:
        with open(part, "w+b") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        # A full disk names no file, a refusing folder the one beside.
        raise OSError(error.errno, error.strerror, str(path)) from error


@contextmanager
def _interrupt_waits() -> Iterator[None]:
    """Ctrl-C takes effect at the end of the block: between two renames it would leave half of the files."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python interrupts the main thread alone
        return
    came = []
    before = signal.signal(signal.SIGINT, lambda *_: came.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)
        if came:
            signal.raise_signal(signal.SIGINT)
