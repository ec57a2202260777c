"""How the tiles of a training set were recorded: their details, by source and tissue."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from napari_cosynth.data.captions import describe
from napari_cosynth.data.labelled import LabelledTile
from napari_cosynth.model.detail import detail_of

MOST_ROWS = 6
"""Of one tissue of a source: more would say the same."""


def recorded_details(tiles: Sequence[LabelledTile]) -> dict[str, dict[str, list[list[float]]]]:
    """Details of tiles, see `detail.Details`.

    Parameters
    ----------
    tiles
        With images, at 0.25 um/px, as `CropSampler.tiles`.

    Returns
    -------
    By source and tissue at most `MOST_ROWS` rows (sharpness, colour), of tiles evenly taken.
    """
    groups: dict[tuple[str, str], list[LabelledTile]] = {}
    for tile in tiles:
        # Focus too, where captions name it: a prompt that asks for it gets what goes with it.
        facts = describe(tile, tile.image, tile.centroids, tile.classes)
        words = facts.organ, facts.disease, facts.species, facts.stain, facts.focus
        tissue = ", ".join(word for word in words if word)
        groups.setdefault((tile.source, tissue), []).append(tile)
    details: dict[str, dict[str, list[list[float]]]] = {}
    for (source, tissue), members in sorted(groups.items()):
        taken = np.linspace(0, len(members) - 1, min(MOST_ROWS, len(members))).round().astype(int)
        details.setdefault(source, {})[tissue] = [_detail(members[i].image) for i in taken]
    return details


def _detail(image: np.ndarray) -> list[float]:
    (detail,) = detail_of(torch.from_numpy(image.copy()).permute(2, 0, 1)[None] / 127.5 - 1).tolist()
    return [round(value, 2) for value in detail]
