"""Density maps of the classes: what the network learns to draw, and the way back to densities.

Points are in micrometres on this side; it knows no pixels, no files and no torch.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

CELL_UM = 4.0
"""Side of a cell of the maps: 16 px at 0.25 um/px, which every tile size is a multiple of."""
SIGMA_UM = 5.0
"""Width of the Gaussian that each nucleus becomes: what is finer is the point process' matter."""
PEAK_PER_UM2 = 1 / (2 * np.pi * SIGMA_UM**2)
"""Density at the place of a single nucleus."""
SHIFT, SCALE = 0.50, 0.50
"""Mean and spread of the root of the density, over peaks, where a class is there at all; measured over ten sources."""


def smoothed(points: np.ndarray, marks: np.ndarray, n_marks: int, cells: tuple[int, int]) -> np.ndarray:
    """Density of each class at the middles of the cells.

    A Gaussian kernel estimate, divided by the part of the kernel that lies inside
    the window, so that density does not fall towards its border (Diggle 1985).

    Parameters
    ----------
    points
        float (N, 2): row, col in um from the window's corner.
    marks
        int (N,): class of each.
    cells
        Rows and columns of the maps; the window is that many times `CELL_UM` large.

    Returns
    -------
    float64 (n_marks, rows, cols), nuclei per um^2.
    """
    along = []
    for axis, n in enumerate(cells):
        middles = (np.arange(n) + 0.5) * CELL_UM
        kernel = np.exp(-0.5 * ((points[:, axis, None] - middles) / SIGMA_UM) ** 2)
        inside = ndtr((n * CELL_UM - middles) / SIGMA_UM) - ndtr(-middles / SIGMA_UM)
        along.append(kernel / inside)
    one_hot = marks[:, None] == np.arange(n_marks)
    return PEAK_PER_UM2 * np.einsum("nc,nh,nw->chw", one_hot.astype(float), *along, optimize=True)


def maps_of(density: np.ndarray) -> np.ndarray:
    """Standardised maps of densities: float32, about zero mean and unit spread.

    The root makes the noise of counting the same in dense and in sparse places
    (Anscombe 1948).

    Parameters
    ----------
    density
        float (..., rows, cols), nuclei per um^2.
    """
    return ((np.sqrt(density / PEAK_PER_UM2) - SHIFT) / SCALE).astype(np.float32)


def density_of(maps: np.ndarray) -> np.ndarray:
    """The inverse of `maps_of`: float64, nuclei per um^2; what lies below the map of 0 is 0."""
    return PEAK_PER_UM2 * np.square(np.maximum(np.asarray(maps, float) * SCALE + SHIFT, 0))
