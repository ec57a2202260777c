"""Learns fingerprints: which mixtures of features a copy keeps and other tissue does not share.

Discriminant analysis on pairs of a block of training tissue and a copy of it. How pairs
differ is noise, how blocks differ is signal; kept are the directions with the
most signal over noise, scaled so that the noise along each is 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import eigh

from napari_cosynth.data.labelled import LabelledTile
from napari_cosynth.model.fingerprint import (
    BLOCK,
    CELL,
    STEP,
    TURNS,
    Projection,
    blocks_at,
    cell_features,
    places,
    turned,
)
from napari_cosynth.model.segmenter import Segmenter
from napari_cosynth.training.copies import altered, any_patch, any_turn

CELL_AXES, DIMENSIONS = 8, 28
_PATCH, _MARGIN = 256, 32
_CELL_RIDGE, _BLOCK_RIDGE = 1e-3, 0.1
"""Share of the mean noise that is added along every axis: few pairs would else make some axes look silent."""

Pairs = tuple[np.ndarray, np.ndarray]
"""Blocks (n, `GRID`, `GRID`, features) and the same blocks of copies."""


def copy_pairs(network: Segmenter, tile: LabelledTile, rng: np.random.Generator) -> Pairs:
    """Blocks of a random patch of a tile, and the same of a copy of the patch, turned back."""
    image = tile.image
    patch, corner = any_patch(image, _PATCH, rng)
    turn = any_turn(rng)
    copy = altered(np.ascontiguousarray(turned(patch, turn)), rng)
    of_copy = turned(cell_features(network, copy), turn, back=True)
    # With what lies around the patch, as the index sees it, and on the tile's grid of blocks.
    low = [max(0, c - _MARGIN) // 16 * 16 for c in corner]
    high = [c + side + _MARGIN for c, side in zip(corner, patch.shape, strict=False)]
    of_tile = cell_features(network, image[low[0] : high[0], low[1] : high[1]])
    at = places(of_tile, STEP)
    at = at[((at * STEP + low) % BLOCK == 0).all(axis=1)]
    moved = (at * STEP + low - corner + STEP // 2) // STEP
    last = np.array(of_copy.shape[:2]) - 1 - (BLOCK - CELL) // STEP
    there = ((moved >= 0) & (moved <= last)).all(axis=1)
    return blocks_at(of_tile, at[there]), blocks_at(of_copy, moved[there])


def fit_projection(pairs: Sequence[Pairs]) -> Projection:
    """The projection that tells blocks apart best for the noise that copies have.

    Raises
    ------
    ValueError
        If there are no pairs.
    """
    blocks, copies = (np.concatenate(part).astype(np.float32) for part in zip(*pairs, strict=True))
    if not len(blocks):
        raise ValueError(f"no train tile holds a block of {BLOCK} px at 0.25 um/px; give larger tiles")
    cells = blocks.reshape(-1, blocks.shape[-1])
    cell_mean = cells.mean(axis=0)
    noise = copies.reshape(cells.shape) - cells
    cell_axes = _axes(noise, cells - cell_mean, CELL_AXES, _CELL_RIDGE)
    blocks, copies = (blocks - cell_mean) @ cell_axes, (copies - cell_mean) @ cell_axes
    # Tissue has no up and no left.
    rows = np.concatenate([turned(blocks, turn).reshape(len(blocks), -1) for turn in TURNS])
    noise = np.concatenate([turned(copies - blocks, turn).reshape(len(blocks), -1) for turn in TURNS])
    block_mean = rows.mean(axis=0)
    return Projection(cell_mean, cell_axes, block_mean, _axes(noise, rows - block_mean, DIMENSIONS, _BLOCK_RIDGE))


def _axes(noise: np.ndarray, signal: np.ndarray, most: int, ridge: float) -> np.ndarray:
    """float32 (features, at most ``most``): directions of the most signal for the noise."""
    within, total = (part.T.astype(np.float64) @ part / len(part) for part in (noise, signal))
    level = max(np.trace(within), 1e-6 * np.trace(total), 1e-12) / len(within)
    _, vectors = eigh(total, within + ridge * level * np.eye(len(within)))
    return vectors[:, ::-1][:, :most].astype(np.float32)
