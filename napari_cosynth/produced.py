"""The nuclei of an instance map, listed: what a fresh tile and a corrected one share."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from napari_cosynth.tile import ProducedNucleus


def produced_nuclei(instances: np.ndarray, class_of: Mapping[int, int], points: int) -> tuple[ProducedNucleus, ...]:
    """Place and area of each nucleus of a map.

    Parameters
    ----------
    instances
        int32 (H, W): 0 = background, else label id.
    class_of
        Class id of each label id in the map.
    points
        How many points the layout has: label ids up to this were asked for.

    Returns
    -------
    The nuclei by ascending id; row and col are the centre of mass in px, to a hundredth.
    """
    # One pass over the map for all nuclei at once.
    rows, cols = np.nonzero(instances)
    ids, index = np.unique(instances[rows, cols], return_inverse=True)
    area = np.bincount(index, minlength=len(ids))
    row, col = (np.bincount(index, place, minlength=len(ids)) / np.maximum(area, 1) for place in (rows, cols))
    return tuple(
        ProducedNucleus(
            id=i,
            class_id=class_of[i],
            row=round(float(row[k]), 2),
            col=round(float(col[k]), 2),
            area_px=int(area[k]),
            requested=i <= points,
        )
        for k, i in enumerate(ids.tolist())
    )
