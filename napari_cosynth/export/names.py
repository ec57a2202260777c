"""File names that every system takes, made of names that can hold anything."""

from __future__ import annotations

import re
import unicodedata

_MAX_BYTES = 150  # of 255: suffixes and the names of unfinished files need room
_RESERVED = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def clean_name(name: str) -> str:
    """A plain file name without a suffix: never a path, never empty.

    Letters of all scripts and spaces stay; what Windows, macOS or Linux reserve
    becomes ``_``.

    Examples
    --------
    >>> clean_name("../../etc/passwd"), clean_name("Drüse 1: links"), clean_name("CON")
    ('_.._etc_passwd', 'Drüse 1_ links', '_CON')
    """
    name = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode("utf-8"))
    name = "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Zl", "Zp") or c == "\t")
    name = _RESERVED.sub("_", name).encode("utf-8")[:_MAX_BYTES].decode("utf-8", "ignore").strip(" .")
    return f"_{name}" if _DEVICES.match(name) else name or "tile"


class Names:
    """Hands out clean names, each once: the second "a" becomes "a-2"."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, name: str) -> str:
        """A clean name that is not taken yet, also where capitals make no difference."""
        clean, number = clean_name(name), 1
        free = clean
        while free.casefold() in self._taken:
            number += 1
            free = f"{clean}-{number}"
        self._taken.add(free.casefold())
        return free
