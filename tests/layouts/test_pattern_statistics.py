"""Statistics of point patterns against what theory says of random points, and of simple arrangements."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cosynth.layouts.pattern import Pattern
from napari_cosynth.layouts.statistics import (
    empty_space,
    envelope,
    nearest_distances,
    nearest_neighbour,
    pair_correlation,
    ripley_l,
    share_inside,
)

RADII = np.arange(2.0, 21.0, 2.0)


@pytest.fixture(scope="module")
def many(poisson):
    return [poisson(100, n_marks=2, seed=s) for s in range(60)]


def test_pair_correlation_of_random_points_is_one(many):
    observed, expected = pair_correlation(many, 2, np.array([0.0, 4.0, 8.0, 16.0, 24.0]))
    assert np.allclose(observed / expected, 1, atol=0.12)


def test_l_of_random_points_is_zero_also_near_the_border(many):
    mean = np.mean([ripley_l(p, 2, RADII) for p in many], axis=0)
    assert np.abs(mean).max() < 0.5


def test_nearest_neighbours_of_random_points_follow_theory(many):
    mean = np.mean([nearest_neighbour(p.unmarked(), 0, 0, RADII) for p in many], axis=0)
    assert np.allclose(mean, 1 - np.exp(-100 / 64**2 * np.pi * RADII**2), atol=0.05)


def test_random_points_lie_in_the_envelope_of_random_points_and_clusters_do_not(poisson, many):
    band = envelope(np.stack([ripley_l(p.unmarked(), 1, RADII)[0, 0] for p in many]))
    others = np.stack([ripley_l(poisson(100, seed=s), 1, RADII)[0, 0] for s in range(100, 160)])
    assert 0.85 < share_inside(others, band) <= 1
    clumped = poisson(100, side=20.0)
    clumped = Pattern(clumped.points, clumped.marks, (64.0, 64.0))
    assert share_inside(ripley_l(clumped, 1, RADII)[0], band) == 0


def test_the_envelope_holds_its_share_of_its_own_curves():
    curves = np.random.default_rng(0).normal(size=(400, 3))
    assert share_inside(curves, envelope(curves, 0.9)) == pytest.approx(0.9, abs=0.01)


def test_unknown_values_do_not_count():
    band = envelope(np.array([[0.0, np.nan], [1.0, np.nan]]))
    assert np.isnan(band[0][1]) and share_inside(np.array([[0.5, 9.0], [np.nan, 9.0]]), band) == 1


@pytest.mark.parametrize(("curves", "coverage"), [(np.zeros((0, 3)), 0.95), (np.zeros((2, 3)), 1.0)])
def test_senseless_envelopes_are_refused(curves, coverage):
    with pytest.raises(ValueError):
        envelope(curves, coverage)


def test_l_does_not_change_when_the_window_is_mirrored_or_turned(poisson):
    p = poisson(40, n_marks=2)
    mirrored = Pattern(np.stack([p.points[:, 0], 64 - p.points[:, 1]], axis=1), p.marks, p.size)
    turned = Pattern(p.points[:, ::-1], p.marks, p.size)
    for other in (mirrored, turned):
        assert np.allclose(ripley_l(other, 2, RADII), ripley_l(p, 2, RADII), equal_nan=True)


def test_too_few_points_give_nan_and_no_warning():
    one = Pattern(np.array([[3.0, 4.0]]), np.array([1]), (64.0, 64.0))
    assert np.isnan(ripley_l(one, 2, RADII)).all()
    assert np.isnan(nearest_neighbour(one, 0, 1, RADII)).all()
    assert nearest_distances(one, 1, 1).tolist() == [np.inf]
    none = Pattern(np.zeros((0, 2)), np.zeros(0, np.int64), (64.0, 64.0))
    assert np.isinf(empty_space(none)).all()


def test_nearest_and_empty_distances_of_a_lattice():
    at = np.arange(8) * 8.0 + 4
    points = np.stack(np.meshgrid(at, at, indexing="ij"), axis=-1).reshape(-1, 2)
    lattice = Pattern(points, np.zeros(64, np.int64), (64.0, 64.0))
    assert (nearest_distances(lattice, 0, 0) == 8).all()
    assert empty_space(lattice).max() < np.hypot(4, 4)
