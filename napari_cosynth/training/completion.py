"""Labels for what a source leaves out: outlines of nuclei that are points, and nuclei without any label.

A tile is made with a layout that is complete and with labels everywhere. A stain
that training shows only with points, or with some of its nuclei, is never seen in
that state, and the network does not paint it there.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from skimage.measure import regionprops

from napari_cosynth.classes import UNSPECIFIED
from napari_cosynth.data.labelled import WORKING_UM_PER_PX, LabelledTile
from napari_cosynth.interior import interior_points
from napari_cosynth.model.instances import decode
from napari_cosynth.model.segmenter import Segmenter

COVERED = 0.3
"""Share of a found nucleus that given ones may cover before it is taken for one of them."""
SMALLEST, LARGEST = 100, 1600
"""Area of a found nucleus, px."""
SOLIDITY, CERTAINTY = 0.85, 0.8
"""Its least share of its convex hull, and least mean probability: debris, fibres and stained folds are no nuclei."""
RADIUS, FARTHEST = 6.0, 28.0
"""Of the disc that stands for a point at which nothing was found, and of the largest nucleus around a point, px."""


def completed(tile: LabelledTile, segmenter: Segmenter) -> LabelledTile:
    """A tile whose nuclei all have a mask.

    What the source says stays: its masks, and the class of each nucleus. The
    segmenter outlines nuclei that are points, each around its point, and adds those
    that have neither; these have no class.

    Parameters
    ----------
    tile
        With an image, at any pixel size; the result has 0.25 um/px.
    segmenter
        Better not the one that is to judge the made tiles.

    Raises
    ------
    ValueError
        If the tile has no image.
    """
    if tile.image is None:
        raise ValueError(f"tile {tile.name!r} has no image; nuclei cannot be found in it")
    tile = tile.at_um_per_px(WORKING_UM_PER_PX)
    distance, probability = segmenter.maps(tile.image)
    rgb = np.zeros((3, *distance.shape), np.float32)
    joint = np.concatenate([rgb, 2 * distance[None] - 1, 2 * probability - 1])
    n = len(tile.ids)
    found = decode(joint, tile.centroids, segmenter.taxonomy).instances
    if tile.instances is None:
        given, added = _outlined(found, tile.centroids), np.where(found > n, found, 0)
        ids = np.arange(1, n + 1)
    else:
        given, added, ids = tile.instances.astype(np.int32), found, tile.ids
    instances, new = _together(given, added, 1 - probability[0])
    class_of = dict(zip(ids.tolist(), tile.classes, strict=True))
    kept, centroids = interior_points(instances)
    return replace(
        tile,
        instances=instances,
        ids=kept,
        centroids=centroids.astype(float),
        classes=tuple(UNSPECIFIED if i >= new else class_of.get(i, UNSPECIFIED) for i in kept.tolist()),
        coverage="complete",
    )


def _outlined(found: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Nucleus i + 1 around each point i; where none was found, a disc on what is free."""
    given = np.where(found <= len(points), found, 0)
    rows, cols = np.indices(given.shape)
    own = np.concatenate([[[0, 0]], np.reshape(points, (-1, 2))])[given]
    given[np.hypot(rows - own[..., 0], cols - own[..., 1]) > FARTHEST] = 0
    for i in np.setdiff1d(np.arange(1, len(points) + 1), given).tolist():
        row, col = points[i - 1]
        given[(np.hypot(rows - row, cols - col) <= RADIUS) & (given == 0)] = i
    return given


def _together(given: np.ndarray, added: np.ndarray, certainty: np.ndarray) -> tuple[np.ndarray, int]:
    """Given nuclei, then with ids from the returned one on the added ones that they do not cover."""
    first = int(given.max(initial=0)) + 1
    covered = np.bincount(added[given > 0], minlength=int(added.max(initial=0)) + 1)
    number = np.zeros(len(covered), np.int32)
    nuclei = (
        region.label
        for region in regionprops(added, certainty)
        if SMALLEST <= region.area <= LARGEST
        and region.solidity >= SOLIDITY
        and region.intensity_mean >= CERTAINTY
        and covered[region.label] <= COVERED * region.area
    )
    for i, label in enumerate(nuclei, start=first):
        number[label] = i
    return np.where(given > 0, given, number[added]), first
