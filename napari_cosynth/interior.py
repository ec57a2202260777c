"""The inside of instances: distance to the border, and the point that lies deepest.

One definition, shared by training targets, readers and evaluation. Plain arrays
only.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage as ndi


def interior_distance(instances: np.ndarray) -> np.ndarray:
    """Euclidean distance of each instance's pixels to its own border.

    Each instance is measured alone, so a touching neighbour is border. The
    tile's edge is border too: of a nucleus that is cut, only the visible
    fragment counts, and its deepest point lies inside the tile.

    Parameters
    ----------
    instances
        int (H, W), 0 = background.

    Returns
    -------
    float32 (H, W), px: 0 outside, at least 1 inside.
    """
    distance = np.zeros(instances.shape, np.float32)
    for label, box in enumerate(ndi.find_objects(instances), start=1):
        if box is not None:
            inside = np.pad(instances[box] == label, 1)
            here = distance[box]
            np.maximum(here, ndi.distance_transform_edt(inside)[1:-1, 1:-1], out=here)
    return distance


def interior_points(instances: np.ndarray, distance: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The deepest pixel of each instance: always inside it, as a centre of mass need not be.

    Parameters
    ----------
    instances
        int (H, W), 0 = background.
    distance
        Its `interior_distance`, if known already.

    Returns
    -------
    ids
        int64 (N,), ascending.
    points
        int64 (N, 2) row, col. Of several deepest pixels the first in scan order.
    """
    distance = interior_distance(instances) if distance is None else distance
    ids, points = [], []
    for label, box in enumerate(ndi.find_objects(instances), start=1):
        if box is not None:
            depth = np.where(instances[box] == label, distance[box], -1)
            row, col = np.unravel_index(depth.argmax(), depth.shape)
            ids.append(label)
            points.append((box[0].start + row, box[1].start + col))
    return np.array(ids, np.int64), np.array(points, np.int64).reshape(-1, 2)
