"""The inside of instances: distance to the border, and the point that lies deepest.

One definition, shared by training targets, readers and evaluation. Plain arrays
only.
"""

from __future__ import annotations

from collections.abc import Iterator

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
        Integer (H, W), 0 = background; ids may have gaps.

    Returns
    -------
    float32 (H, W), px: 0 outside, at least 1 inside.

    Raises
    ------
    ValueError
        If ``instances`` is not an integer (H, W) array of values >= 0.
    """
    distance = np.zeros(instances.shape, np.float32)
    for label, box in _boxes(instances):
        inside = np.pad(instances[box] == label, 1)
        here = distance[box]
        np.maximum(here, ndi.distance_transform_edt(inside)[1:-1, 1:-1], out=here)
    return distance


def interior_points(instances: np.ndarray, distance: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The deepest pixel of each instance: always inside it, as a centre of mass need not be.

    An instance in several fragments has its point in the thickest one.

    Parameters
    ----------
    instances
        Integer (H, W), 0 = background; ids may have gaps.
    distance
        Its `interior_distance`, if known already.

    Returns
    -------
    ids
        int64 (N,), ascending.
    points
        int64 (N, 2) row, col. Of several deepest pixels the first in scan order.

    Raises
    ------
    ValueError
        If ``instances`` is not an integer (H, W) array of values >= 0.

    Examples
    --------
    >>> import numpy as np
    >>> instances = np.zeros((7, 7), np.int32)
    >>> instances[1:6, 1:6] = 40
    >>> ids, points = interior_points(instances)
    >>> ids.tolist(), points.tolist()
    ([40], [[3, 3]])
    """
    distance = interior_distance(instances) if distance is None else distance
    ids, points = [], []
    for label, box in _boxes(instances):
        depth = np.where(instances[box] == label, distance[box], -1)
        row, col = np.unravel_index(depth.argmax(), depth.shape)
        ids.append(label)
        points.append((box[0].start + row, box[1].start + col))
    return np.array(ids, np.int64), np.array(points, np.int64).reshape(-1, 2)


def _boxes(instances: np.ndarray) -> Iterator[tuple[int, tuple[slice, slice]]]:
    """Each id, ascending, with the box around its pixels."""
    if instances.ndim != 2 or instances.dtype.kind not in "iu":
        raise ValueError(
            f"instances must be an integer (H, W) array; got {instances.dtype} {instances.shape}. "
            "Convert with .astype(np.int32)"
        )
    if instances.min(initial=0) < 0:
        raise ValueError(f"instances must be >= 0 with 0 = background; got {instances.min()}")
    if instances.max(initial=0) <= instances.size:
        for label, box in enumerate(ndi.find_objects(instances.astype(np.int64, copy=False)), start=1):
            if box is not None:
                yield label, box
        return
    # find_objects makes a slot for every number up to the highest id: ids with wide gaps are numbered first.
    ids, index = np.unique(np.append(instances.ravel(), 0), return_inverse=True)
    numbered = index[:-1].reshape(instances.shape)
    yield from zip(ids[1:].tolist(), ndi.find_objects(numbered), strict=True)
