"""Files that appear whole or not at all: written beside their place, then renamed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


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
        If the disk is full or a folder refuses.
    """
    beside = {path: path.with_name(f".{path.name}.{os.getpid()}.part") for path in files}
    try:
        for path, content in files.items():
            with open(beside[path], "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        for path, part in beside.items():
            os.replace(part, path)
    finally:
        for part in beside.values():
            part.unlink(missing_ok=True)
