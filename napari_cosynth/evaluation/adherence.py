"""Whether the points of a layout have become nuclei of their class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_cosynth.evaluation.matching import match_points
from napari_cosynth.evaluation.sample import Sample, Segmentation
from napari_cosynth.interior import interior_points


@dataclass(frozen=True, eq=False)
class Adherence:
    """Points of one layout against the nuclei that a segmenter found.

    Parameters
    ----------
    placed, found
        Number of points, and of nuclei.
    wanted, got
        int64 (K,): for each point that has a nucleus within reach, the class of
        the point and that of the nucleus (-1: none).
    wanted_all, got_all
        int64 (placed,) and (found,): the classes of all of them.
    """

    placed: int
    found: int
    wanted: np.ndarray
    got: np.ndarray
    wanted_all: np.ndarray
    got_all: np.ndarray

    @property
    def matched(self) -> int:
        """Points with a nucleus."""
        return len(self.wanted)


def adherence(sample: Sample, segmentation: Segmentation) -> Adherence:
    """Match a layout with a segmentation of its tile, Hungarian within `matching.REACH`.

    A nucleus stands where it is deepest, as the points of layouts do.
    """
    instances, class_of = segmentation
    ids, places = interior_points(instances)
    got = np.array([class_of.get(i, -1) for i in ids.tolist()], np.int64)
    pairs = match_points(sample.points, places.astype(float))
    wanted = sample.point_classes[pairs[:, 0]]
    return Adherence(len(sample.points), len(ids), wanted, got[pairs[:, 1]], sample.point_classes, got)
