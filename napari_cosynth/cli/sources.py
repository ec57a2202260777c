"""Sources of labelled tiles as options name them: what to train on, factors on shares, and classes they state."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_cosynth.classes import Taxonomy
from napari_cosynth.cli.outcome import note

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


def note_unknown_classes(tiles: Iterable[LabelledTile], taxonomy: Taxonomy) -> None:
    """Say which classes of the tiles are not among a model's: their nuclei count as unspecified."""
    unknown = Counter(name for tile in tiles for name in tile.classes if name not in taxonomy.names)
    if unknown:
        listed = ", ".join(f"{name} ({n})" for name, n in unknown.most_common())
        note(f"nuclei of these classes count as unspecified: {listed}; known classes: {', '.join(taxonomy.names)}")


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
