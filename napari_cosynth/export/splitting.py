"""Train, val and test by groups of layouts: what hangs together stays together.

A model that saw a layout in training is not tested on its mirror image, on the
same points with other noise, or on the layout with a few points moved. Which
layouts those are is the matter of `variants`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from napari_cosynth.counted import counted
from napari_cosynth.export.exporter import ExportError

SPLITS = ("train", "val", "test")


def assign_splits(tiles: Mapping[str, int], shares: Sequence[float]) -> dict[str, str]:
    """The split of each group.

    In the order of their hashes, the groups go where most tiles are lacking. Every
    split that was asked for gets at least one.

    Parameters
    ----------
    tiles
        Number of tiles of each group.
    shares
        Of train, val and, if three, test.

    Raises
    ------
    ExportError
        If there are fewer groups than splits.
    """
    wanted = {split: share for split, share in zip(SPLITS, shares, strict=False) if share > 0}
    if len(tiles) < len(wanted):
        raise ExportError(
            f"{counted(len(tiles), 'layout')} cannot fill {counted(len(wanted), 'set')} ({', '.join(wanted)}), because "
            "variants of one layout stay together; make tiles of more layouts, or ask for fewer sets"
        )
    total = sum(tiles.values())
    lacking = {split: share * total for split, share in wanted.items()}
    empty, split_of = list(wanted), {}
    for left, group in zip(range(len(tiles), 0, -1), sorted(tiles), strict=True):
        split = max(empty if left == len(empty) else wanted, key=lacking.__getitem__)
        split_of[group] = split
        lacking[split] -= tiles[group]
        if split in empty:
            empty.remove(split)
    return split_of
