"""Labels held to the layout while a tile is made.

Image and labels come out of one process, so what is known of the labels steers
the image. A layout says of each nucleus where it is and of which class, and
that there are no others: the tile that the network predicts is brought to agree
before the step is taken, in the manner of replacement for inpainting (Song et
al. 2021, arXiv 2011.13456, sec. 5; Lugmayr et al. 2022, arXiv 2201.09865).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy import ndimage as ndi
from torch import Tensor

from napari_cosynth.classes import Taxonomy
from napari_cosynth.layout import Layout
from napari_cosynth.model.instances import decode
from napari_cosynth.model.targets import class_probabilities_of

HELD_UNTIL = 0.5
"""Noise level, 0 to 1, below which nothing is held any more: image and labels are settled, and must stay together."""


def held(joint: Tensor, layouts: Sequence[Layout], taxonomy: Taxonomy) -> Tensor:
    """Predicted tiles whose labels say no other than their layouts.

    Parameters
    ----------
    joint
        (B, C, H, W) in -1..1.
    layouts
        B layouts.

    Returns
    -------
    (B, C, H, W) like ``joint``; the images are as they were.
    """
    pairs = zip(joint.float().cpu().numpy(), layouts, strict=True)
    tiles = [held_tile(tile, layout.centroids, layout.class_ids, taxonomy) for tile, layout in pairs]
    return torch.from_numpy(np.stack(tiles)).to(joint)


def held_tile(joint: np.ndarray, points: np.ndarray, class_ids: np.ndarray, taxonomy: Taxonomy) -> np.ndarray:
    """One predicted tile whose labels say no other than the points.

    A nucleus at a point is of the point's class, where that is a stated one; how
    much each pixel belongs to it stays. Foreground without a point becomes
    background.

    Parameters
    ----------
    joint
        float32 (5 + n_stated, H, W) in -1..1.
    points
        float (N, 2) row, col in px.
    class_ids
        int (N,) of the taxonomy.

    Returns
    -------
    float32 like ``joint``.
    """
    joint, points = joint.copy(), np.asarray(points, float).reshape(-1, 2)
    distance, classes = joint[3], joint[4:]  # views: what they get, the tile gets
    touched = True
    while touched:  # nuclei that touched what went may be parted from each other elsewhere now
        probability = class_probabilities_of(joint)
        instances = decode(joint, points, taxonomy).instances
        asked = np.where(instances <= len(points), instances, 0)
        extra = (probability[0] < 0.5) & (asked == 0)
        distance[extra], classes[0, extra], classes[1:, extra] = -1, 1, -1
        touched = bool((ndi.binary_dilation(extra) & (asked > 0)).any())

    maps = {class_id: 1 + i for i, class_id in enumerate(taxonomy.stated)}
    wanted = np.array([0, *(maps.get(int(class_id), 0) for class_id in class_ids)])[asked]
    stated = np.nonzero(wanted)
    classes[1:, *stated] = -1
    classes[wanted[stated], *stated] = np.clip(probability[1:, *stated].sum(axis=0) * 2 - 1, -1, 1)
    return joint
