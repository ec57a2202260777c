"""Sources to train on: their tiles, and factors on their share of the crops, as options name them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

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
