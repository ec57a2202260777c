"""One point per nucleus that is certain to lie inside it.

A centre of mass can fall outside a concave nucleus, so the point is the pixel
farthest from the border. This module knows arrays alone: no files, no classes.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import distance_transform_edt, find_objects


def interior_points(instances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixel of every nucleus that is farthest from the nucleus' border.

    The distance is taken nucleus by nucleus, so a touching neighbour is border.
    The edge of the tile is not: of a nucleus that it cuts, the missing part is
    taken to go on, and the point may lie on the edge. A nucleus in several
    fragments has its point in the thickest one. Among equally far pixels the
    first in scan order (row by row) is the point, so flipping a tile may move a
    point to another of its equally far pixels.

    Parameters
    ----------
    instances
        Integer (H, W), 0 = background; ids may have gaps.

    Returns
    -------
    ids
        int64 (N,), ascending.
    points
        float64 (N, 2): row, col in px, pixel centres at integers.

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
    ([40], [[3.0, 3.0]])
    """
    if instances.ndim != 2 or instances.dtype.kind not in "iu":
        raise ValueError(
            f"instances must be an integer (H, W) array; got {instances.dtype} {instances.shape}. "
            "Convert with .astype(np.int32)"
        )
    values, index = np.unique(instances, return_inverse=True)
    if len(values) and values[0] < 0:
        raise ValueError(f"instances must be >= 0 with 0 = background; got {values[0]}")
    # find_objects makes one slot per possible id, so ids with gaps are numbered 1..N first.
    has_background = len(values) > 0 and values[0] == 0
    numbered = index.reshape(instances.shape) + (0 if has_background else 1)
    ids = values[1:] if has_background else values
    points = [_deepest(numbered, number, box) for number, box in enumerate(find_objects(numbered), start=1)]
    return ids.astype(np.int64), np.array(points, dtype=float).reshape(-1, 2)


def _deepest(numbered: np.ndarray, number: int, box: tuple[slice, slice]) -> tuple[int, int]:
    inside = numbered[box] == number
    # One row of background around the box, save where the box ends at the edge of the tile.
    pad = [(int(s.start > 0), int(s.stop < side)) for s, side in zip(box, numbered.shape, strict=True)]
    padded = np.pad(inside, pad)
    if padded.all():  # the nucleus fills the tile: there is no border to be far from
        return tuple((side - 1) // 2 for side in numbered.shape)  # type: ignore[return-value]
    row, col = np.unravel_index(np.argmax(distance_transform_edt(padded)), padded.shape)
    return int(row) - pad[0][0] + box[0].start, int(col) - pad[1][0] + box[1].start
