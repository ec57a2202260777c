"""Pairs by overlap and by place."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from napari_cosynth.evaluation.matching import REACH, match_instances, match_points, overlap


def _discs(rng, n, size=96, radius=5):
    labels = np.zeros((size, size), np.int32)
    rows, cols = np.mgrid[:size, :size]
    for i, (row, col) in enumerate(rng.uniform(0, size, (n, 2)), start=1):
        labels[(rows - row) ** 2 + (cols - col) ** 2 < radius**2] = i
    return labels


def test_overlap_counts_pixels_of_each_pair():
    truth = np.array([[7, 7, 7, 0, 900]])
    made = np.array([[0, 3, 3, 3, 50_000]])
    both = overlap(truth, made)
    assert both.truth_ids.tolist() == [7, 900] and both.made_ids.tolist() == [3, 50_000]
    assert both.truth_area.tolist() == [3, 1] and both.made_area.tolist() == [3, 1]
    assert list(zip(both.row, both.col, both.shared, strict=True)) == [(0, 0, 2), (1, 1, 1)]
    assert both.iou.tolist() == [0.5, 1.0]


def test_exactly_one_half_is_no_match():
    matches = match_instances(overlap(np.array([[7, 7, 7, 0]]), np.array([[0, 3, 3, 3]])))
    assert len(matches.pairs) == 0 and matches.missed.tolist() == [7] and matches.extra.tolist() == [3]


def test_tiles_without_background_and_empty_tiles():
    full, empty = np.full((4, 4), 9), np.zeros((4, 4), int)
    assert match_instances(overlap(full, full)).pairs.tolist() == [[9, 9]]
    assert match_instances(overlap(full, empty)).missed.tolist() == [9]
    assert match_instances(overlap(empty, full)).extra.tolist() == [9]
    nothing = match_instances(overlap(empty, empty))
    assert len(nothing.pairs) == len(nothing.missed) == len(nothing.extra) == 0


def test_matches_do_not_depend_on_the_ids():
    rng = np.random.default_rng(0)
    truth, made = _discs(rng, 40), _discs(rng, 40)
    made = np.where(rng.random(truth.shape) < 0.8, truth, made)
    renamed = np.concatenate([[0], rng.permutation(np.arange(1, 41) * 1009)])
    plain, gaps = match_instances(overlap(truth, made)), match_instances(overlap(truth, renamed[made]))
    assert len(plain.pairs) > 10
    assert renamed[plain.pairs[:, 1]].tolist() == gaps.pairs[:, 1].tolist()
    np.testing.assert_array_equal(plain.iou, gaps.iou)


def test_more_than_255_instances_stay_apart():
    labels = np.kron(np.arange(1, 901).reshape(30, 30), np.ones((3, 3), int))
    matches = match_instances(overlap(labels, labels[::-1, ::-1].max() + 1 - labels))
    assert len(matches.pairs) == 900 and (matches.iou == 1).all()


def test_labels_of_two_sizes_are_refused():
    with pytest.raises(ValueError, match=r"\(4, 4\) and \(4, 5\)"):
        overlap(np.zeros((4, 4), int), np.zeros((4, 5), int))


def test_points_within_reach_are_paired_and_others_are_not():
    wanted = np.array([[10.0, 10.0], [50.0, 50.0]])
    found = np.array([[10.0, 10.0 + REACH], [50.0, 50.1 + REACH]])
    assert match_points(wanted, found).tolist() == [[0, 0]]


def test_a_near_pair_gives_way_where_that_makes_two_pairs():
    # The nearest pair (0, 0) would leave point 1 alone.
    wanted, found = np.array([[0.0, 0.0], [0.0, 11.0]]), np.array([[0.0, 1.0], [0.0, -11.0]])
    assert sorted(match_points(wanted, found).tolist()) == [[0, 1], [1, 0]]


def test_no_points_no_pairs():
    assert match_points(np.zeros((0, 2)), np.ones((3, 2))).shape == (0, 2)
    assert match_points(np.ones((3, 2)), np.zeros((0, 2))).shape == (0, 2)


def test_as_many_pairs_as_the_largest_matching_of_scipy():
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import maximum_bipartite_matching

    rng = np.random.default_rng(1)
    for _ in range(20):
        wanted, found = rng.uniform(0, 80, (30, 2)), rng.uniform(0, 80, (25, 2))
        pairs = match_points(wanted, found)
        near = cdist(wanted, found) <= REACH
        assert near[pairs[:, 0], pairs[:, 1]].all()
        assert len(set(pairs[:, 0])) == len(set(pairs[:, 1])) == len(pairs)
        assert len(pairs) == (maximum_bipartite_matching(csr_matrix(near)) >= 0).sum()
