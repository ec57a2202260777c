"""Pairs of whole numbers on the command line: ``256,256``."""

from __future__ import annotations

from napari_cosynth.points import allowed_side

USUAL_SIZE = "256,256"
"""``--size`` where it is left out."""


def parse_pair(option: str, text: str, form: str) -> tuple[int, int]:
    """Two whole numbers >= 0 parted by a comma or an x.

    Parameters
    ----------
    option, form
        For the message: "--size" and "HEIGHT,WIDTH".

    Raises
    ------
    ValueError
        Naming the option and an example.
    """
    parts = [p.strip() for p in text.lower().replace("x", ",").split(",")]
    if len(parts) != 2 or not all(p.isascii() and p.isdigit() for p in parts):
        raise ValueError(f"{option} {text!r} is not {form}; give two whole numbers, such as {option} 256,256")
    first, second = parts
    return int(first), int(second)


def parse_size(text: str) -> tuple[int, int]:
    """Height and width of ``--size``, px, checked.

    Raises
    ------
    ValueError
        Naming the option and the nearest sizes that are allowed.
    """
    height, width = parse_pair("--size", text, "HEIGHT,WIDTH")
    try:
        return allowed_side("height", height), allowed_side("width", width)
    except ValueError as error:
        raise ValueError(f"--size {text}: {error}") from None
