"""What the tiles of a plan are called, and that no two have one name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_cosynth.batch.plan_faults import group_place
from napari_cosynth.tile_files import refuse_long_stems

if TYPE_CHECKING:
    from napari_cosynth.batch.plan import Group


def layout_name(file: str | Path) -> str:
    """What a layout's file is called in the names of its tiles: its stem in a-z, 0-9, - and _."""
    return re.sub(r"[^a-z0-9_]+", "-", Path(file).stem.lower()).strip("-_") or "layout"


def layout_number(number: int) -> str:
    """What a layout that is drawn, counted from 1, is called in the names of its tiles."""
    return f"{number:05d}"


def layout_stem(group: str, layout: str) -> str:
    """What the names of all tiles of one layout begin with: its group's name and its own."""
    return f"{group}-{layout}"


def tile_name(stem: str, prompt: int, variant: int) -> str:
    """What a tile's files are called: its layout's stem, prompt and variant, both counted from 1."""
    return f"{stem}-p{prompt}-v{variant}"


def refuse_equal_names(groups: Sequence[Group]) -> None:
    """Refuse groups of which a tile of one would have the name of a tile of another.

    Raises
    ------
    ValueError
        Naming the two groups and layouts.
    """
    # Tiles of two groups that are both drawn have different names, for the groups have.
    drawn = {group.name: (number, group.n_layouts) for number, group in enumerate(groups, start=1) if not group.files}
    first: dict[str, tuple[int, str]] = {}
    for number, group in enumerate(groups, start=1):
        for file in group.files:
            stem = layout_stem(group.name, layout_name(file))
            other, what = first.setdefault(stem, (number, file))
            head, _, tail = stem.rpartition("-")
            if head in drawn and tail.isdigit() and tail == layout_number(int(tail)):
                place, layouts = drawn[head]
                if 1 <= int(tail) <= layouts:
                    other, what = place, f"layout {int(tail)}"
            if other != number:
                places = " and ".join(group_place(i, groups[i - 1].name) for i in sorted((other, number)))
                raise ValueError(
                    f"{places}: the tiles of {what} and {file} would have the same names, {stem}-...; "
                    "rename a group or a file"
                )


def refuse_long_names(groups: Sequence[Group]) -> None:
    """Refuse groups of which a tile would have a longer name than files can have.

    Raises
    ------
    ValueError
        Naming the group, and how much too long it is.
    """
    for number, group in enumerate(groups, start=1):
        layouts = map(layout_name, group.files) if group.files else [layout_number(group.n_layouts)]
        longest = max((layout_stem(group.name, layout) for layout in layouts), key=len)
        try:
            refuse_long_stems([tile_name(longest, len(group.prompts), group.variants)])
        except ValueError as error:
            raise ValueError(f"{group_place(number, group.name)}: {error}") from None
