"""A file that a process holds for as long as it lives, so that others can tell whether it does.

The system lets go of it when the process ends, however it ends. A number of a
process would not do: it may long be that of another one.
"""

from __future__ import annotations

import os
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
