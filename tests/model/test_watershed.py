"""Instances from a distance map's own peaks."""

import numpy as np
from scipy import ndimage as ndi

from napari_cosynth.evaluation.matching import match_instances, overlap
from napari_cosynth.model.targets import distance_target
from napari_cosynth.model.watershed import split_nuclei


def _discs(centres, radius=9, size=96):
    rows, cols = np.mgrid[:size, :size]
    labels = np.zeros((size, size), np.int32)
    for i, (row, col) in enumerate(centres, start=1):
        labels[(rows - row) ** 2 + (cols - col) ** 2 < radius**2] = i
    return labels


def test_touching_nuclei_are_parted():
    labels = _discs([(30, 30), (30, 46), (70, 20), (70, 70)])
    found = split_nuclei(labels > 0, distance_target(labels))
    matches = match_instances(overlap(labels, found))
    assert len(matches.pairs) == 4 and len(matches.extra) == 0 and matches.iou.min() > 0.9


def test_a_dent_that_is_too_shallow_parts_nothing():
    labels = _discs([(40, 40)])
    distance = distance_target(labels)
    distance[40, 40] -= 0.05
    assert split_nuclei(labels > 0, distance).max() == 1


def test_a_plateau_is_one_nucleus():
    mask = np.zeros((40, 60), bool)
    mask[10:20, 5:55] = True
    assert split_nuclei(mask, ndi.distance_transform_edt(mask), depth=0.75).max() == 1


def test_nothing_gives_nothing_and_small_ones_are_dropped():
    assert not split_nuclei(np.zeros((16, 16), bool), np.ones((16, 16))).any()
    mask = np.zeros((16, 16), bool)
    mask[4:7, 4:7] = True
    assert not split_nuclei(mask, mask.astype(float), smallest=10).any()
    assert split_nuclei(mask, mask.astype(float), smallest=9).max() == 1


def test_ids_have_no_gaps_beyond_255():
    labels = np.kron(np.arange(1, 401).reshape(20, 20), np.pad(np.ones((7, 7), np.int32), 1)).astype(np.int32)
    labels[:9, :9] = 0
    labels[3:5, 3:5] = 1  # too small
    found = split_nuclei(labels > 0, distance_target(labels))
    assert np.unique(found).tolist() == list(range(400))
