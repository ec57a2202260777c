"""From labels to the joint tile that the model diffuses, and to its parts.

The joint tile is float32 (5 + n_stated, H, W) in -1..1: RGB, distance,
background, then one map for each stated class of the taxonomy. Numpy only.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from napari_cosynth.classes import Taxonomy
from napari_cosynth.interior import interior_distance

UNSTATED = -1
"""Value of `class_targets` where there is a nucleus of unstated class."""


def distance_target(instances: np.ndarray, distance: np.ndarray | None = None) -> np.ndarray:
    """Distance inside each instance over the instance's maximum.

    The paper (sec. 3.1) uses the distance to the centroid; this one is 1 at the
    deepest point, 0 at the border and outside, so that touching and concave
    nuclei are parted by a valley.

    Parameters
    ----------
    instances
        int (H, W), 0 = background, ids up to any size.
    distance
        Its `interior_distance`, if known already.

    Returns
    -------
    float32 (H, W) in 0..1.
    """
    distance = interior_distance(instances) if distance is None else distance
    deepest = np.zeros(int(instances.max(initial=0)) + 1, np.float32)
    np.maximum.at(deepest, instances.ravel(), distance.ravel())
    # A border pixel is 1 px from the nearest outside pixel's centre: half a pixel less is the border itself.
    inside = instances > 0
    return np.where(inside, (distance - 0.5) / np.maximum(deepest[instances] - 0.5, 0.5), 0).astype(np.float32)


def centroid_target(instances: np.ndarray, distance: np.ndarray | None = None) -> np.ndarray:
    """The paper's map (sec. 3.1): nearness of each pixel to its instance's centroid.

    1 at the centroid, falling in a straight line to 0 at the rim of the pixel
    that is farthest from it; 0 outside. For comparison: the bundled model is trained with
    `distance_target`.

    Parameters
    ----------
    instances
        int (H, W), 0 = background, ids up to any size.
    distance
        Not needed; so that both targets are called alike.

    Returns
    -------
    float32 (H, W) in 0..1.
    """
    rows, cols = np.nonzero(instances)
    owner = np.unique(instances[rows, cols], return_inverse=True)[1]
    area = np.bincount(owner)
    middle = [np.bincount(owner, weights=x) / area for x in (rows, cols)]
    away = np.hypot(rows - middle[0][owner], cols - middle[1][owner])
    farthest = np.zeros(len(area))
    np.maximum.at(farthest, owner, away)
    target = np.zeros(instances.shape, np.float32)
    # The rim is half a pixel beyond the farthest centre; so a nucleus of one pixel is all centre.
    target[rows, cols] = 1 - away / (farthest[owner] + 0.5)
    return target


DistanceTarget = Callable[[np.ndarray, np.ndarray | None], np.ndarray]
"""From instances and their `interior_distance` to the distance map that the network learns."""

DISTANCES: dict[str, DistanceTarget] = {"interior": distance_target, "centroid": centroid_target}
"""Distance maps that a network can be trained to make, by the name in its configuration."""


def class_target(instances: np.ndarray, class_of: dict[int, int], taxonomy: Taxonomy) -> np.ndarray:
    """Index of each pixel's class map.

    Parameters
    ----------
    instances
        int (H, W), 0 = background.
    class_of
        Class id (taxonomy) of each instance id; ids not listed have no stated class.

    Returns
    -------
    int64 (H, W): 0 = background, 1 + position among `Taxonomy.stated`, or `UNSTATED`.
    """
    maps = {class_id: 1 + i for i, class_id in enumerate(taxonomy.stated)}
    table = np.full(int(instances.max(initial=0)) + 1, UNSTATED, np.int64)
    table[0] = 0
    for instance, class_id in class_of.items():
        if 0 < instance < len(table):
            table[instance] = maps.get(class_id, UNSTATED)
    return table[instances]


def joint_tile(image: np.ndarray, distance: np.ndarray, classes: np.ndarray, taxonomy: Taxonomy) -> np.ndarray:
    """Stack image and labels into the tile that the model diffuses.

    A nucleus of unstated class is spread evenly over all classes: just what the
    softmax of a network that cannot know the class would say.

    Parameters
    ----------
    image
        uint8 (H, W, 3) RGB.
    distance
        float32 (H, W) in 0..1, from `distance_target`.
    classes
        int64 (H, W), from `class_target`.

    Returns
    -------
    float32 (5 + n_stated, H, W) in -1..1.
    """
    n = len(taxonomy.stated)
    # What each map says of a class: by class from UNSTATED on, read for each pixel.
    says = np.full((n + 1, n + 2), -1, np.float32)
    says[np.arange(n + 1), np.arange(n + 1) - UNSTATED] = 1
    says[1:, 0] = np.float32(1 / n) * 2 - 1
    joint = np.empty((5 + n, *classes.shape), np.float32)
    np.divide(image.transpose(2, 0, 1), np.float32(127.5), out=joint[:3])
    joint[:3] -= 1
    joint[3] = distance * 2 - 1
    np.take(says, classes - UNSTATED, axis=1, out=joint[4:])
    return joint


def image_of(joint: np.ndarray) -> np.ndarray:
    """The image of a joint tile (C, H, W) as uint8 (H, W, 3) RGB."""
    return np.clip(np.rint((joint[:3] + 1) * 127.5), 0, 255).astype(np.uint8).transpose(1, 2, 0)


def distance_of(joint: np.ndarray) -> np.ndarray:
    """The distance map of a joint tile (C, H, W) as float32 (H, W) in 0..1."""
    return np.clip((joint[3] + 1) / 2, 0, 1).astype(np.float32)


def class_probabilities_of(joint: np.ndarray) -> np.ndarray:
    """The class maps of a joint tile (C, H, W) as float32 (1 + n_stated, H, W), background first."""
    return np.clip((joint[4:] + 1) / 2, 0, 1).astype(np.float32)
