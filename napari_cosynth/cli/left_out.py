"""What a data set leaves out, and why, on standard error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from napari_cosynth.cli.outcome import errors

if TYPE_CHECKING:
    from napari_cosynth.export.plan import LeftOut

_SHOWN = 10


def print_left_out(left_out: Sequence[LeftOut]) -> None:
    """Print the first tiles, and how many more `dataset.json` lists."""
    for left in left_out[:_SHOWN]:
        errors.print(f"left out: {left.name}: {left.reason}")
    if len(left_out) > _SHOWN:
        errors.print(f"left out: {len(left_out) - _SHOWN} more; dataset.json lists them all")
