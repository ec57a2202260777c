"""Fingerprints of tissue: a few numbers that a copy keeps when it is turned, stained anew, blurred or compressed.

The segmenter's feature maps are averaged over a grid of cells, so a fingerprint
knows what lies where in its block of tissue. Which mixtures of features a copy keeps, and
other tissue does not share, is learnt (`training.fingerprint_fit`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from napari_cosynth.model.segmenter import Segmenter, image_tensor

CELL, GRID = 16, 4
"""Side of a cell in px, and cells along a side of a block."""
BLOCK = CELL * GRID
STEP = 4
"""Blocks can begin at every so many px."""
TURNS = range(8)
"""The orientations of a square: four quarter turns, and the same mirrored."""
_LEVELS = (1, 2)
"""Of the segmenter, with pixels of 4 and 8 px. Deeper ones see far beyond a block, so that its copies differ."""


@torch.inference_mode()
def cell_features(network: Segmenter, image: np.ndarray, step: int = STEP) -> np.ndarray:
    """Mean features of the cells that begin at every ``step``-th px.

    Parameters
    ----------
    image
        uint8 (H, W, 3) RGB at 0.25 um/px, at least a cell a side. What is left at
        the lower and right edges of a multiple of 16 px is not looked at.
    step
        Multiple of `STEP` that divides `CELL`.

    Returns
    -------
    float32 (rows, columns, features).
    """
    height, width = (side - side % network.multiple for side in image.shape[:2])
    maps = network.levels(image_tensor(image[:height, :width])[None].to(network.device, network.dtype))
    per_step = [F.interpolate(maps[i], scale_factor=network.config.patch * 2**i / STEP) for i in _LEVELS]
    cells = F.avg_pool2d(torch.cat(per_step, dim=1), CELL // STEP, step // STEP)
    return cells[0].permute(1, 2, 0).float().cpu().numpy()


def turned(grid: np.ndarray, turn: int, back: bool = False) -> np.ndarray:
    """A grid of cells, or an image, in another orientation.

    Parameters
    ----------
    grid
        (..., rows, columns, channels).
    turn
        One of `TURNS`.
    back
        Undo the turn instead.
    """
    quarter, mirrored = turn % 4, turn >= 4
    if back:
        grid = np.rot90(grid, -quarter, axes=(-3, -2))
        return grid[..., ::-1, :] if mirrored else grid
    return np.rot90(grid[..., ::-1, :] if mirrored else grid, quarter, axes=(-3, -2))


def places(cells: np.ndarray, every: int, step: int = STEP) -> np.ndarray:
    """int (n, 2): row and column, in cells, at which blocks begin, one at every so many px.

    Parameters
    ----------
    cells
        From `cell_features` with the same ``step``.
    every
        Multiple of ``step``.
    """
    span = (GRID - 1) * CELL // step
    rows, columns = (np.arange(0, max(0, n - span), every // step) for n in cells.shape[:2])
    return np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)


def blocks_at(cells: np.ndarray, corners: np.ndarray, step: int = STEP) -> np.ndarray:
    """The cells of blocks: (n, `GRID`, `GRID`, features) at corners (n, 2) as `places` gives them."""
    steps = np.arange(GRID) * (CELL // step)
    rows, columns = corners[:, 0, None] + steps, corners[:, 1, None] + steps
    return cells[rows[:, :, None], columns[:, None, :]]


@dataclass(frozen=True, eq=False)
class Projection:
    """From cells to fingerprints: first each cell by itself, then the cells of a block together.

    Parameters
    ----------
    cell_mean, cell_axes
        float32 (features,) and (features, a).
    block_mean, block_axes
        float32 (`GRID`**2 * a,) and (`GRID`**2 * a, d). Copies of a block differ by
        about 1 along each of the d axes.
    """

    cell_mean: np.ndarray
    cell_axes: np.ndarray
    block_mean: np.ndarray
    block_axes: np.ndarray

    @property
    def dimensions(self) -> int:
        """Numbers of a fingerprint."""
        return self.block_axes.shape[1]

    def cells(self, features: np.ndarray) -> np.ndarray:
        """(..., features) -> (..., a)."""
        return (features - self.cell_mean) @ self.cell_axes

    def fingerprints(self, blocks: np.ndarray, turns: Sequence[int] = (0,)) -> np.ndarray:
        """Fingerprints of blocks, one orientation after the other.

        Parameters
        ----------
        blocks
            (n, `GRID`, `GRID`, a), from `blocks_at` of `cells`.

        Returns
        -------
        float32 (len(turns) * n, d).
        """
        rows = (turned(blocks, turn).reshape(len(blocks), -1) for turn in turns)
        return np.concatenate([((row - self.block_mean) @ self.block_axes).astype(np.float32) for row in rows])
