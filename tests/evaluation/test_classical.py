"""The segmenter that learnt nothing."""

import numpy as np
from skimage.color import hed2rgb

from napari_cosynth.evaluation.classical import ClassicalSegmenter
from napari_cosynth.evaluation.matching import match_instances, overlap


def _stained(labels):
    hed = np.zeros((*labels.shape, 3))
    hed[..., 0] = np.where(labels > 0, 0.15, 0.01)
    hed[..., 1] = 0.05
    return (hed2rgb(hed) * 255).astype(np.uint8)


def test_blue_discs_are_found_and_parted():
    rows, cols = np.mgrid[:96, :96]
    labels = np.zeros((96, 96), np.int32)
    for i, (row, col) in enumerate([(30, 30), (30, 47), (70, 60)], start=1):
        labels[(rows - row) ** 2 + (cols - col) ** 2 < 100] = i
    ((found, class_of),) = ClassicalSegmenter().segment([_stained(labels)])
    matches = match_instances(overlap(labels, found))
    assert len(matches.pairs) == 3 and len(matches.extra) == 0 and class_of == {}


def test_tissue_without_nuclei_and_glass_stay_empty():
    pink = _stained(np.zeros((64, 64), int))
    noisy = np.clip(pink + np.random.default_rng(0).normal(0, 3, pink.shape), 0, 255).astype(np.uint8)
    for instances, _ in ClassicalSegmenter().segment([pink, noisy, np.full((64, 64, 3), 255, np.uint8)]):
        assert not instances.any()
