"""A file that a process holds for as long as it lives, or works in a folder, so that others can tell whether it does.

The system lets go of it when the process ends, however it ends. A number of a
process would not do: it may long be that of another one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

if os.name == "nt":
    import msvcrt

    def _take(stream: BinaryIO, *, shared: bool) -> None:
        del shared  # Windows knows none: who asks at the same moment as another may be told "held"
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(stream: BinaryIO, *, shared: bool) -> None:
        fcntl.flock(stream, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)


def hold(path: Path) -> BinaryIO:
    """Hold a file, which is made if need be, until what is returned is closed.

    Raises
    ------
    OSError
        If another one holds it (BlockingIOError or PermissionError), or it cannot be made.
    """
    stream = open(path, "ab")
    try:
        _take(stream, shared=False)
    except OSError:
        stream.close()
        raise
    return stream


def is_held(path: Path) -> bool:
    """True if a process that lives holds the file."""
    try:
        with open(path, "rb") as stream:
            _take(stream, shared=True)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


@contextmanager
def alone(path: Path, refusal: Exception) -> Iterator[None]:
    """Hold a file, which is made for it and goes at the end, while the context lasts.

    Where the file system knows no locks, as some that come over a network, nobody is kept out.

    Parameters
    ----------
    refusal
        Raised if another process holds it, or another context of this one.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    stream = _held_there(path, refusal)
    try:
        yield
    finally:
        if os.name == "nt":  # an open file cannot be removed
            _close(stream)
            with suppress(OSError):
                path.unlink()
        else:  # removed by its holder, so that it is never another's
            with suppress(OSError):
                path.unlink()
            _close(stream)


def _held_there(path: Path, refusal: Exception) -> BinaryIO | None:
    """The file, held; None where there are no locks."""
    while True:
        try:
            stream = hold(path)
        except OSError as error:
            if error.filename is not None:  # not made at all
                raise
            if isinstance(error, BlockingIOError | PermissionError):
                raise refusal from error
            return None
        # Its holder may have removed it between our opening and holding it.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(stream.fileno()), os.stat(path)):
                return stream
        stream.close()


def _close(stream: BinaryIO | None) -> None:
    if stream is not None:
        stream.close()
