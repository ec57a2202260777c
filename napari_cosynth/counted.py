"""How many of something there are, in words: "1 tile", "1,200 tiles", "1 nucleus"."""

from __future__ import annotations


def counted(n: int, what: str, several: str | None = None) -> str:
    """The number with its noun.

    Parameters
    ----------
    n
        How many; thousands are parted by commas.
    what
        The noun for one.
    several
        The noun for all other numbers, where it is not the first with an s.
    """
    return f"{n:,} {what if n == 1 else several or f'{what}s'}"


def nuclei(n: int) -> str:
    """Such as "1 nucleus", "9 nuclei"."""
    return counted(n, "nucleus", "nuclei")
