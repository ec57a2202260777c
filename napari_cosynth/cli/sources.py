"""Sources to train on: their tiles, and factors on their share of the crops, as options name them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_cosynth.classes import BUNDLED

if TYPE_CHECKING:
    from napari_cosynth.data.labelled import LabelledTile


def training_tiles(data: Sequence[Path]) -> list[LabelledTile]:
    """All tiles of the split "train".

    Raises
    ------
    ValueError
        If a folder holds none.
    """
    from napari_cosynth.data.dataset import read_dataset

    tiles = []
    for folder in data:
        found = list(read_dataset(folder, "train"))
        if not found:
            raise ValueError(f'--data {folder}: none of its tiles is of the split "train"; see its tiles.csv')
        tiles += found
    return tiles


def strange_classes(tiles: Iterable[LabelledTile]) -> str:
    """What is said of classes that a model does not know: their nuclei teach none; empty if there are none."""
    counts = Counter(name for tile in tiles for name in tile.classes if name not in BUNDLED.names)
    if not counts:
        return ""
    listed = ", ".join(f"{name} ({n:,} nuclei)" for name, n in counts.most_common())
    return f"classes that are not known count as unspecified: {listed}; known are {', '.join(BUNDLED.names)}"


def source_weights(texts: Sequence[str]) -> dict[str, float]:
    """Factor of each source, from SOURCE=FACTOR.

    Raises
    ------
    ValueError
        If a text is something else.
    """
    weights = {}
    for text in texts:
        source, _, factor = text.rpartition("=")
        try:
            weights[source] = float(factor)
        except ValueError:
            weights[source] = math.nan
        if not source or not 0 <= weights[source] < math.inf:
            raise ValueError(f"--weight {text!r} is not SOURCE=FACTOR with a factor of 0 or more, such as nuinsseg=0.5")
    return weights
