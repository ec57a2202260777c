from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from napari_cosynth.classes import BUNDLED
from napari_cosynth.evaluation.nucleus_shapes import compare_nuclei, nucleus_shapes

UNSPECIFIED = BUNDLED.unspecified


def _ellipse(labels, centre, axes, label):
    row, col = np.mgrid[: labels.shape[0], : labels.shape[1]]
    labels[((row - centre[0]) / axes[0]) ** 2 + ((col - centre[1]) / axes[1]) ** 2 <= 1] = label


def _tile(seed, radius=4.0, stretch=1.0):
    """36 ellipses on a jittered lattice: ids with gaps, classes 0 and 1 in turn."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((120, 120), np.int32)
    for i in range(36):
        row, col = 10 + 20 * np.array(divmod(i, 6)) + rng.uniform(-2, 2, 2)
        size = radius + rng.uniform(-0.5, 0.5)
        _ellipse(labels, (row, col), (size * stretch, size), 7 * i + 3)
    return labels, {7 * i + 3: i % 2 for i in range(36)}


GROUPS = [f"patient {i // 2}" for i in range(10)]
REAL = [_tile(i) for i in range(10)]


def test_one_disc_one_ellipse():
    labels = np.zeros((80, 80), np.int32)
    _ellipse(labels, (20, 20), (8, 8), 900)
    _ellipse(labels, (60, 50), (5, 10), 4)
    shapes = nucleus_shapes(labels, {4: 2}, UNSPECIFIED)
    assert shapes.class_id.tolist() == [2, UNSPECIFIED]
    assert shapes.area_px == pytest.approx([np.pi * 50, np.pi * 64], rel=0.03)
    assert shapes.eccentricity == pytest.approx([np.sqrt(1 - 0.25), 0], abs=0.02)
    assert shapes.neighbour_px == pytest.approx([50, 50])


def test_cut_nuclei_have_no_size_but_a_neighbour():
    labels = np.zeros((40, 40), np.int32)
    labels[0:5, 10:15] = 1
    labels[20:25, 10:15] = 2
    labels[30:35, 35:40] = 3
    shapes = nucleus_shapes(labels, {}, UNSPECIFIED)
    assert np.isnan(shapes.area_px).tolist() == np.isnan(shapes.eccentricity).tolist() == [True, False, True]
    np.testing.assert_array_equal(shapes.cut_area_px, [25, np.nan, 25])
    assert shapes.neighbour_px[:2] == pytest.approx([20, 20])


def test_empty_tile_and_lone_nucleus():
    assert [len(column) for column in nucleus_shapes(np.zeros((9, 9), np.int32), {}, 0)] == [0] * 5
    lone = np.zeros((9, 9), np.int32)
    lone[4, 4] = 1
    shapes = nucleus_shapes(lone, {}, 0)
    assert shapes.area_px.tolist() == [1] and np.isnan(shapes.neighbour_px).all()


def test_turning_changes_nothing():
    labels, class_of = _tile(0)
    straight, turned = (nucleus_shapes(x, class_of, UNSPECIFIED) for x in (labels, np.rot90(labels).copy()))
    for a, b in zip(straight, turned, strict=True):
        assert a == pytest.approx(b, nan_ok=True)


def test_same_tiles_are_at_the_floor():
    reports = compare_nuclei(REAL, REAL, GROUPS, BUNDLED, made_groups=GROUPS)
    assert [r.class_name for r in reports] == ["all", *BUNDLED.names[:2]]
    assert [r.n_real for r in reports] == [360, 180, 180]
    for report in reports:
        assert report.median_area_px[0] == report.median_area_px[1]
        for figure in (report.area_px, report.eccentricity, report.neighbour_px):
            assert figure.excess == figure.all_tiles == 0 and figure.floor > 0


def test_larger_nuclei_are_larger_and_distance_is_scipys():
    made = [_tile(i, radius=5.0) for i in range(10)]
    report = compare_nuclei(REAL, made, GROUPS, BUNDLED, made_groups=GROUPS)[0]
    assert report.area_px.in_floors > 2 and report.neighbour_px.in_floors < 2
    areas = [np.concatenate([nucleus_shapes(*tile, UNSPECIFIED).area_px for tile in tiles]) for tiles in (REAL, made)]
    expected = wasserstein_distance(*(a[~np.isnan(a)] for a in areas))
    assert report.area_px.all_tiles == pytest.approx(expected)


def test_longer_nuclei_are_more_eccentric():
    made = [_tile(i, stretch=1.5) for i in range(10)]
    assert compare_nuclei(REAL, made, GROUPS, BUNDLED)[0].eccentricity.in_floors > 5


def test_a_class_with_few_nuclei_is_not_measurable():
    few = [(labels, {i: (2 if i == 3 else c) for i, c in class_of.items()}) for labels, class_of in REAL]
    found = {r.class_name: r for r in compare_nuclei(few, REAL, GROUPS, BUNDLED)}
    rare = found[BUNDLED.names[2]]
    assert (rare.n_real, rare.n_made) == (10, 0)
    assert rare.area_px is rare.eccentricity is rare.neighbour_px is None
    assert rare.median_area_px[1] is None
    assert found["all"].area_px is not None


def test_a_class_of_one_group_is_not_measurable():
    one = [(labels, class_of if i < 2 else {}) for i, (labels, class_of) in enumerate(REAL)]
    found = {r.class_name: r for r in compare_nuclei(one, REAL, GROUPS, BUNDLED)}
    assert found[BUNDLED.names[0]].area_px is None
    assert found["unspecified"].n_real == 8 * 36


def test_a_half_with_a_single_made_tile_is_not_measurable():
    groups = ["many"] * 3 + ["one"]
    report = compare_nuclei(REAL[:4], REAL[:4], groups, BUNDLED, made_groups=groups)[0]
    assert report.n_real == report.n_made == 4 * 36
    assert report.area_px is report.eccentricity is report.neighbour_px is None
    # Where any made tile may stand in for any real one there are enough.
    assert compare_nuclei(REAL[:4], REAL[:4], groups, BUNDLED)[0].area_px is not None


def test_nuclei_cut_by_the_edge_are_held_against_cut_ones():
    halved = [(labels[10:, 10:].copy(), class_of) for labels, class_of in REAL]  # through the first row and column
    report = compare_nuclei(halved, REAL, GROUPS, BUNDLED)[0]
    assert report.n_cut[1] == 0 < report.n_cut[0] <= 110 and report.median_cut_area_px[1] is None
    assert report.median_cut_area_px[0] < 0.75 * report.median_area_px[0]
    same = compare_nuclei(halved, halved, GROUPS, BUNDLED)[0]
    assert same.n_cut[0] == same.n_cut[1] and same.median_cut_area_px[0] == same.median_cut_area_px[1]
