"""From a layout to the tensor that conditions the network.

The paper marks each nucleus by one pixel of its class id and learns an encoder
for it (sec. 3.2). Here each class has its own channel of Gaussian spots, and
one more channel tells how far the nearest nucleus is. Numpy only.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage as ndi

from napari_cosynth.pixels import pixels_of

SPOT_SIGMA = 2.0
"""Width of a point's spot, px."""
REACH = 64.0
"""Distance at which the nearest-point channel ends, px."""

DROPPED, PARTIAL, COMPLETE = 0, 1, 2
"""Layout states: no layout given, some nuclei without a point, each nucleus has one."""


def layout_condition(centroids: np.ndarray, class_ids: np.ndarray, n_classes: int, size: tuple[int, int]) -> np.ndarray:
    """Spots by class and the distance to the nearest point.

    Parameters
    ----------
    centroids
        float (N, 2) row, col in px, pixel centres at integers.
    class_ids
        int (N,) in 0..n_classes - 1.
    n_classes
        Classes of the taxonomy, unspecified included.
    size
        (height, width) in px.

    Returns
    -------
    float32 (n_classes + 1, H, W): spots in 0..1 (peak 1), then 1 at a point
    falling to 0 at `REACH` px.
    """
    height, width = size
    condition = np.zeros((n_classes + 1, height, width), np.float32)
    if len(centroids) == 0:
        return condition
    radius = int(np.ceil(4 * SPOT_SIGMA))
    nearest = pixels_of(centroids)
    for (row, col), (at_row, at_col), class_id in zip(centroids, nearest, np.asarray(class_ids, int), strict=True):
        top, left = max(0, at_row - radius), max(0, at_col - radius)
        rows = np.arange(top, min(height, at_row + radius + 1))
        cols = np.arange(left, min(width, at_col + radius + 1))
        spot = np.exp(-((rows[:, None] - row) ** 2 + (cols[None] - col) ** 2) / (2 * SPOT_SIGMA**2))
        window = condition[class_id, top : top + len(rows), left : left + len(cols)]
        np.maximum(window, spot, out=window)
    empty = np.ones(size, bool)
    nearest = np.clip(nearest, 0, (height - 1, width - 1))
    empty[nearest[:, 0], nearest[:, 1]] = False
    condition[-1] = 1 - np.minimum(ndi.distance_transform_edt(empty), REACH) / REACH
    return condition
