"""From a joint tile to semantic and instance labels.

The paper (sec. 3.3) runs a watershed on the distance map with the given points
as markers; so does this, and it keeps what has no point and reports it. Numpy
only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage as ndi
from skimage.measure import label
from skimage.segmentation import watershed

from napari_cosynth.classes import Taxonomy
from napari_cosynth.model.targets import class_probabilities_of, distance_of
from napari_cosynth.pixels import pixels_of

REACH = 4
"""How far from a point its nucleus may begin, px."""
CORE = 0.5
"""Distance level above which a pixel belongs to the core of a nucleus."""
SMALLEST_NUCLEUS = 24
"""Foreground without a point and with fewer pixels is dropped: no nucleus is that small."""


@dataclass(frozen=True)
class Labels:
    """Labels of one tile.

    ``instances`` int32 (H, W), label id = point number (from 1), ids above N
    have no point. ``semantic`` uint8 (H, W), 0 = background, else class id + 1.
    ``class_of`` class id of each label id.
    """

    instances: np.ndarray
    semantic: np.ndarray
    class_of: dict[int, int]


def decode(joint: np.ndarray, points: np.ndarray, taxonomy: Taxonomy) -> Labels:
    """Instance and semantic labels of a joint tile.

    Parameters
    ----------
    joint
        float32 (5 + n_stated, H, W) in -1..1.
    points
        float (N, 2) row, col in px: the markers.
    taxonomy
        Of the model that made the tile.

    Returns
    -------
    Labels
        A nucleus has the stated class with the highest mean probability over its pixels.
    """
    distance = distance_of(joint)
    probability = class_probabilities_of(joint)
    foreground = probability[0] < 0.5
    markers = _markers(distance, foreground, np.asarray(points, float).reshape(-1, 2))
    instances = watershed(-distance, markers, mask=foreground).astype(np.int32)

    # Foreground that no marker reached; all of it lies in components of its own.
    rest = label(foreground & (instances == 0), connectivity=1)
    big = np.bincount(rest.ravel())[1:] >= SMALLEST_NUCLEUS
    first = max(len(points), instances.max(initial=0)) + 1
    new_ids = np.zeros(len(big) + 1, np.int32)
    new_ids[1:][big] = first + np.arange(big.sum())
    instances = instances + new_ids[rest]
    return _classified(instances, probability, taxonomy)


def _markers(distance: np.ndarray, foreground: np.ndarray, points: np.ndarray) -> np.ndarray:
    """int32 (H, W): each point's number at the foreground pixel nearest to it, then unasked cores."""
    height, width = foreground.shape
    markers = np.zeros(foreground.shape, np.int32)
    nearest = np.clip(pixels_of(points), 0, (height - 1, width - 1))
    if foreground.any():
        away, (rows, cols) = ndi.distance_transform_edt(~foreground, return_indices=True)
        # From the last point to the first: where two fall on one pixel, the first keeps it.
        for number in range(len(nearest), 0, -1):
            row, col = nearest[number - 1]
            if away[row, col] <= REACH:
                markers[rows[row, col], cols[row, col]] = number
    cores = label((distance > CORE) & foreground, connectivity=1)
    basins = watershed(-distance, cores, mask=foreground)
    # A point near the border of a large nucleus asks for all of it: the core is its marker.
    numbers, inside = markers[markers > 0], basins[markers > 0]
    single = (np.bincount(inside, minlength=cores.max() + 1) == 1)[inside] & (inside > 0)
    number_of = np.zeros(cores.max() + 1, np.int32)
    number_of[inside[single]] = numbers[single]
    # A nucleus that nobody asked for, but that touches one with a point, would be flooded by it.
    asked = np.union1d(inside, cores[ndi.binary_dilation(markers > 0, iterations=REACH)])
    markers = np.where(markers > 0, markers, number_of[cores])
    size = np.bincount(cores.ravel())
    unasked = np.setdiff1d(np.flatnonzero(size >= SMALLEST_NUCLEUS), np.append(asked, 0))
    # By a table: a pass over the tile for each core took as long as all the rest.
    number_of = np.zeros(len(size), np.int32)
    number_of[unasked] = len(points) + 1 + np.arange(len(unasked))
    return np.where(number_of[cores] > 0, number_of[cores], markers)


def _classified(instances: np.ndarray, probability: np.ndarray, taxonomy: Taxonomy) -> Labels:
    ids = np.unique(instances[instances > 0])
    if len(ids) == 0:
        return Labels(instances, np.zeros(instances.shape, np.uint8), {})
    means = np.stack([ndi.mean(p, instances, ids) for p in probability[1:]])  # (n_stated, nuclei)
    classes = np.array(taxonomy.stated)[means.argmax(0)]
    table = np.zeros(instances.max() + 1, np.uint8)
    table[ids] = classes + 1
    return Labels(instances, table[instances], dict(zip(ids.tolist(), classes.tolist(), strict=True)))
