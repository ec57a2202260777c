"""Where the files of a project lie: in a ZIP, in what is left of one, in a folder.

Each source gives names and contents, and knows not what they mean. A name is
looked up among those that are there, and never becomes a path outside.
"""

from __future__ import annotations

import errno
import math
import mmap
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol

MAX_BYTES = 2**24
"""Most that a file of a project may take unpacked: four times the largest tile's pixels."""

_LOCAL = struct.Struct("<4s5H3I2H")
"""Head of a file within a ZIP: signature, version, flags, method, time, date, crc, packed, size, name, extra."""
_SIGNATURE = b"PK\x03\x04"
_SIZES_FOLLOW, _UTF8 = 0x8, 0x800


class Members(Protocol):
    """The files of a project."""

    bytes_stored: float
    """What they take as they lie there; infinite where that sets no bound."""

    def names(self) -> list[str]:
        """Of all files."""

    def read(self, path: Path) -> bytes:
        """Content of the file with the path's last part as its name.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        OSError
            If it is damaged or too large.
        """


class FolderMembers:
    """The files of a folder."""

    bytes_stored = math.inf

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        return sorted(path.name for path in self._folder.iterdir() if path.is_file())

    def read(self, path: Path) -> bytes:
        return (self._folder / path.name).read_bytes()


class ZipMembers:
    """The files of a ZIP.

    Raises
    ------
    OSError
        If it cannot be opened, or is none.
    """

    def __init__(self, path: Path) -> None:
        self.bytes_stored: float = path.stat().st_size
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
            raise OSError(f"is no ZIP file, or only a part of one ({error})") from error

    def close(self) -> None:
        """Let go of the file, so that it can be replaced on every system."""
        self._zip.close()

    def names(self) -> list[str]:
        return self._zip.namelist()

    def read(self, path: Path) -> bytes:
        try:
            info = self._zip.getinfo(path.name)
        except KeyError:
            raise _missing(path) from None
        if info.file_size > MAX_BYTES:
            raise _too_large(info.file_size)
        try:
            with self._zip.open(info) as stream:
                # No more than it says: what it says may be a lie.
                return stream.read(info.file_size + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
            raise OSError(f"is damaged ({error})") from error


class _Packed(NamedTuple):
    start: int
    stop: int
    method: int
    crc: int | None


class SalvagedZip:
    """What is left of a ZIP that was cut off or damaged: each file in it has a head of its own.

    Raises
    ------
    OSError
        If it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._whole: ZipMembers | None = None
        with suppress(OSError):
            self._whole = ZipMembers(path)
        with open(path, "rb") as stream:
            self.bytes_stored: float = path.stat().st_size
            # An empty file cannot be mapped.
            self._data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) if self.bytes_stored else b""
        self._packed = dict(_heads(self._data))

    def close(self) -> None:
        """Let go of the file, so that it can be replaced on every system."""
        if self._whole:
            self._whole.close()
        if isinstance(self._data, mmap.mmap):
            self._data.close()

    def names(self) -> list[str]:
        listed = self._whole.names() if self._whole else []
        return sorted({*listed, *self._packed})

    def read(self, path: Path) -> bytes:
        if self._whole:
            with suppress(OSError):
                return self._whole.read(path)
        if path.name not in self._packed:
            raise _missing(path)
        packed = self._packed[path.name]
        content = self._data[packed.start : packed.stop]
        if packed.method == zipfile.ZIP_DEFLATED:
            try:
                content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, MAX_BYTES + 1)
            except zlib.error as error:
                raise OSError(f"is damaged ({error})") from error
        if len(content) > MAX_BYTES:
            raise _too_large(len(content))
        if packed.crc not in (None, zlib.crc32(content)):
            raise OSError("is damaged or cut off")
        return content


def _heads(data: mmap.mmap | bytes) -> Iterator[tuple[str, _Packed]]:
    """Name and place of each file whose head is found."""
    at = data.find(_SIGNATURE)
    while 0 <= at <= len(data) - _LOCAL.size:
        _, _, flags, method, _, _, crc, packed, _, name_length, extra = _LOCAL.unpack_from(data, at)
        named = at + _LOCAL.size
        name = data[named : named + name_length].decode("utf-8" if flags & _UTF8 else "cp437", "replace")
        start = named + name_length + extra
        # Never from one file's end to the next head: its size may be what is damaged.
        at = data.find(_SIGNATURE, at + 1)
        if method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or not name or Path(name).name != name:
            continue
        if flags & _SIZES_FOLLOW:
            # Written by a program that did not know the size beforehand: it reaches to the next one at most.
            yield name, _Packed(start, at if at > 0 else len(data), method, None)
        else:
            yield name, _Packed(start, start + packed, method, crc)


def _missing(path: Path) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, "is not in the file", path.name)


def _too_large(size: int) -> OSError:
    return OSError(f"would take {size / 2**20:.0f} MB unpacked, at most {MAX_BYTES / 2**20:.0f} MB is allowed")
