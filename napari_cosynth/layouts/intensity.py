"""Where nuclei of each class are likely: a random field, or a density that somebody gave.

Maps on a coarse grid that reaches beyond the tile by a margin. It places no
point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage as ndi

from napari_cosynth.layouts.model import Clustering

CELL_UM = 1.0
"""Most that a grid cell measures; nuclei are several times as large."""


@dataclass(frozen=True)
class Grid:
    """Square cells over a tile and the margin around it.

    Parameters
    ----------
    cell
        Side of a cell, um.
    shape
        Cells of the tile, rows and cols.
    margin
        Cells of the margin on each side.
    """

    cell: float
    shape: tuple[int, int]
    margin: int

    @property
    def full(self) -> tuple[int, int]:
        """Cells of tile and margin."""
        return self.shape[0] + 2 * self.margin, self.shape[1] + 2 * self.margin

    def inside(self) -> np.ndarray:
        """bool ``full``: the tile's own cells."""
        inside = np.zeros(self.full, bool)
        m = self.margin
        inside[m : m + self.shape[0], m : m + self.shape[1]] = True
        return inside

    def upper_left(self, cells: np.ndarray) -> np.ndarray:
        """float64 (..., 2): corners of flat cell indices, um from the tile's corner."""
        rows, cols = np.divmod(cells, self.full[1])
        return (np.stack([rows, cols], axis=-1) - self.margin) * self.cell


def grid_over(um_per_px: float, margin_um: float, pixels: tuple[int, int]) -> Grid:
    """The coarsest grid of cells of at most ``CELL_UM`` that divides a tile evenly.

    Parameters
    ----------
    pixels
        Height and width of the tile, px, multiples of 16: a cell is a whole number of them.
    """
    step = max(s for s in (1, 2, 4, 8, 16) if s == 1 or s * um_per_px <= CELL_UM + 1e-9)
    cell = step * um_per_px
    shape = pixels[0] // step, pixels[1] // step
    return Grid(cell, shape, int(np.ceil(margin_um / cell)))


def clustered(
    grid: Grid, clustering: Sequence[Clustering], n_classes: int, rng: np.random.Generator, strength: float = 1.0
) -> np.ndarray:
    """Density of each class out of a log-Gaussian random field.

    Parameters
    ----------
    strength
        Factor of the field, before it becomes a density.

    Returns
    -------
    float64 (n_classes, rows, cols) over ``grid.full``, at most 1.
    """
    field = np.zeros((n_classes, *grid.full))
    for part in clustering:
        # White noise smoothed with sigma has a correlation of exp(-r^2 / (4 sigma^2)).
        sigma = part.scale_um / np.sqrt(2) / grid.cell
        coarse = max(1, int(sigma // 4))
        sigma /= coarse
        pad = int(np.ceil(3 * sigma))
        sides = [-(-side // coarse) + 1 + 2 * pad for side in grid.full]
        noise = rng.standard_normal((n_classes, *sides))
        smooth = ndi.gaussian_filter(noise, sigma, axes=(1, 2), truncate=3)[:, pad:-pad, pad:-pad]
        smooth *= 2 * np.sqrt(np.pi) * sigma  # variance 1
        if coarse > 1:
            smooth = ndi.zoom(smooth, (1, coarse, coarse), order=1, grid_mode=True, mode="nearest")
        values, vectors = np.linalg.eigh(np.array(part.covariance))
        root = vectors * np.sqrt(values.clip(0))
        field += np.einsum("ij,jrc->irc", root, smooth[:, : grid.full[0], : grid.full[1]])
    field *= strength
    return np.exp(field - field.max(axis=(1, 2), keepdims=True))


def from_density(grid: Grid, density: np.ndarray) -> np.ndarray:
    """A density map of the tile's pixels on the grid; the margin repeats the edge.

    Parameters
    ----------
    density
        float (H, W), at least 0.

    Returns
    -------
    float64 (rows, cols) over ``grid.full``.
    """
    step = density.shape[0] // grid.shape[0]
    cells = density.reshape(grid.shape[0], step, grid.shape[1], step).mean(axis=(1, 3))
    return np.pad(cells, grid.margin, mode="edge")


class Places:
    """Draws random places by density.

    Parameters
    ----------
    grid
        The grid of ``density``.
    density
        (rows, cols) over ``grid.full``, at least 0; what is 0 is never drawn.
    """

    def __init__(self, grid: Grid, density: np.ndarray) -> None:
        self._grid = grid
        self._sums = density.ravel().cumsum()

    @property
    def mass(self) -> float:
        """Sum of the density."""
        return float(self._sums[-1])

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        """float64 (*shape, 2): places, um from the tile's corner."""
        at = rng.random(shape) * self.mass
        cells = np.searchsorted(self._sums, at, side="right").clip(max=len(self._sums) - 1)
        return self._grid.upper_left(cells) + rng.random((*shape, 2)) * self._grid.cell
