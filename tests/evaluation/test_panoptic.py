"""Scores against hand-made cases and other people's code."""

import numpy as np
import pytest

from napari_cosynth.evaluation.matching import match_instances, overlap
from napari_cosynth.evaluation.panoptic import (
    AreaCounts,
    PanopticCounts,
    aji_counts,
    class_counts,
    dice_counts,
    panoptic_counts,
)


def _counts(truth, made):
    return panoptic_counts(match_instances(overlap(truth, made)))


def _tile(seed, n=30, size=80, ids=None):
    """Discs, and the same discs moved, grown, lost and joined by others."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[:size, :size]
    truth, made = np.zeros((2, size, size), np.int32)
    ids = np.arange(1, n + 1) if ids is None else ids
    for i in ids:
        row, col = rng.uniform(0, size, 2)
        truth[(rows - row) ** 2 + (cols - col) ** 2 < 5**2] = i
        if rng.random() < 0.8:
            row, col = (row, col) + rng.normal(0, 1.5, 2)
            made[(rows - row) ** 2 + (cols - col) ** 2 < rng.uniform(4, 7) ** 2] = i
    return truth, made


def test_known_case():
    truth = np.array([[1, 1, 1, 1, 0, 2, 2, 0, 3]])
    made = np.array([[5, 5, 5, 0, 0, 0, 9, 9, 0]])
    counts = _counts(truth, made)
    assert (counts.tp, counts.fp, counts.fn, counts.iou) == (1, 1, 2, 0.75)
    assert counts.sq == 0.75 and counts.dq == pytest.approx(1 / 2.5) and counts.pq == pytest.approx(0.75 / 2.5)
    # AJI: 1 takes 5 (3 of 4 px), 2 takes 9 (1 of 3 px), 3 takes nothing (1 px).
    assert aji_counts(overlap(truth, made)) == AreaCounts(4, 8)
    assert dice_counts(overlap(truth, made)).score == pytest.approx(2 * 4 / (7 + 5))


def test_perfect_labels_score_one_whatever_their_ids():
    truth, _ = _tile(0)
    both = overlap(truth, truth * 1000 + (truth > 0))
    assert panoptic_counts(match_instances(both)).pq == 1
    assert aji_counts(both).score == dice_counts(both).score == 1


def test_empty_tiles():
    empty, one = np.zeros((8, 8), int), np.pad(np.ones((4, 4), int), 2)
    nothing = _counts(empty, empty)
    assert nothing == PanopticCounts()
    assert np.isnan([nothing.pq, nothing.dq, nothing.sq]).all()
    assert np.isnan([aji_counts(overlap(empty, empty)).score, dice_counts(overlap(empty, empty)).score]).all()
    assert _counts(empty, one) == PanopticCounts(fp=1) and _counts(empty, one).pq == 0
    assert _counts(one, empty) == PanopticCounts(fn=1) and np.isnan(_counts(one, empty).sq)
    assert aji_counts(overlap(one, empty)).score == aji_counts(overlap(empty, one)).score == 0
    assert _counts(one, one) + nothing == _counts(one, one)


def test_pooling_adds_sums_instead_of_averaging_scores():
    few, many = PanopticCounts(tp=1, iou=0.8), PanopticCounts(tp=9, fp=4, fn=6, iou=6.3)
    assert (few + many).pq == pytest.approx(7.1 / 15)


def test_scores_of_arrays_are_those_of_their_elements():
    tp, fp, fn, iou = np.array([[3, 0, 0], [1, 2, 0], [0, 4, 0], [2.5, 0, 0]], float)
    together = PanopticCounts(tp, fp, fn, iou)
    for i in range(3):
        alone = PanopticCounts(tp[i], fp[i], fn[i], iou[i])
        np.testing.assert_equal([together.pq[i], together.sq[i]], [alone.pq, alone.sq])


def test_one_found_nucleus_may_serve_two_true_ones_in_aji():
    truth, made = np.array([[1, 1, 2, 2, 2]]), np.array([[7, 7, 7, 7, 7]])
    assert aji_counts(overlap(truth, made)) == AreaCounts(5, 10)


def test_classes():
    truth = np.array([[1, 1, 0, 2, 2, 0, 3, 3, 0, 4, 4, 0, 0, 0]])
    made = np.array([[1, 1, 0, 2, 2, 0, 3, 3, 0, 0, 0, 0, 5, 5]])
    matches = match_instances(overlap(truth, made))
    # 1 right; 2 taken for class 20; 3 has no stated class; 4 missed; 5 is not there.
    counts = class_counts(matches, {1: 10, 2: 10, 4: 20}, {1: 10, 2: 20, 3: 20, 5: 20})
    assert counts == {10: PanopticCounts(tp=1, fn=1, iou=1), 20: PanopticCounts(fp=2, fn=1)}
    assert class_counts(matches, {}, {1: 10, 5: 20}) == {}


@pytest.mark.parametrize("seed", range(5))
def test_equal_to_torchmetrics(seed):
    torch = pytest.importorskip("torch")
    detection = pytest.importorskip("torchmetrics.detection")
    ids = np.random.default_rng(seed).choice(60_000, 30, replace=False) + 1
    tiles = [_tile(seed * 10 + i, ids=ids) for i in range(3)]
    metric = detection.PanopticQuality(things={1}, stuffs={0}, return_sq_and_rq=True, return_per_class=True)
    for truth, made in tiles:
        # Category and instance; background is a class of "stuff" there, and the things' row is ours.
        theirs = [torch.from_numpy(np.stack([a > 0, a], axis=-1).astype(np.int64))[None] for a in (made, truth)]
        metric.update(*theirs)
    pooled = sum((_counts(*t) for t in tiles), PanopticCounts())
    np.testing.assert_allclose([pooled.pq, pooled.sq, pooled.dq], metric.compute()[0].numpy(), rtol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_equal_to_cellseg_metrics(seed):
    import cellseg_metrics as cellseg

    truth, made = _tile(seed, n=12)
    theirs, ours = cellseg.panoptic_quality(truth, made), _counts(truth, made)
    np.testing.assert_allclose([ours.pq, ours.sq, ours.dq], [theirs[k] for k in ("pq", "sq", "dq")], rtol=1e-6)


def test_aji_equal_to_cellseg_metrics():
    # They take the largest intersection, Kumar et al. the largest IoU: the same where no nucleus meets two.
    import cellseg_metrics as cellseg

    truth = np.kron(np.arange(1, 26).reshape(5, 5), np.pad(np.ones((8, 8), int), 4))
    made = np.roll(truth * np.random.default_rng(0).integers(0, 2, 26)[truth], (2, 1), axis=(0, 1))
    assert 0 < (made > 0).sum() < (truth > 0).sum()
    theirs = cellseg.aggregated_jaccard_index(truth, made)
    assert aji_counts(overlap(truth, made)).score == pytest.approx(theirs, rel=1e-6)
