"""Arrangements: each number is high where the arrangement is there, and low where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cosynth.structure import arrangements as measured

SIZE = (64.0, 64.0)


@pytest.fixture
def scattered():
    return np.random.default_rng(1).random((40, 2)) * 64


def test_a_closed_ring_is_found_with_its_lumen(circle):
    lining = circle(16, 14.0)
    (share, radius, nuclei), *others = measured.rings(lining, lining, SIZE)
    assert share == 1 and 11 < radius <= 14 and nuclei == 16 and all(share < 0.5 for share, *_ in others)
    assert measured.ring_likeness(lining, lining, SIZE) == 1


def test_half_a_ring_is_half_a_ring_and_a_filled_one_is_none(circle):
    half = circle(24, 14.0)[:12]
    assert 0.4 < measured.ring_likeness(half, half, SIZE) < 0.8
    filled = np.concatenate([circle(16, 14.0), circle(6, 6.0), [[32.0, 32.0]]])
    assert measured.ring_likeness(filled, filled, SIZE) < 0.8


def test_a_ring_of_other_nuclei_is_no_ring_of_the_lining(circle):
    lining = circle(16, 14.0)
    assert measured.rings(lining[::2], lining, SIZE) == []


def test_two_rings_are_two(circle):
    lining = np.concatenate([circle(12, 10, (16, 16)), circle(12, 10, (46, 46))])
    assert len([share for share, *_ in measured.rings(lining, lining, SIZE) if share > 0.9]) == 2


def test_what_is_placed_anew_keeps_count_window_and_distance(circle, grid):
    even = grid(np.arange(4, 64, 8), np.arange(4, 64, 8))
    made = measured.placed_anew(even, SIZE, np.random.default_rng(0))
    assert made.shape == even.shape and (made >= 0).all() and (made < 64).all()
    assert measured.evenness(made, SIZE) > 1.1
    loose = measured.placed_anew(circle(64, 0.01), SIZE, np.random.default_rng(0))
    assert 0.8 < measured.evenness(loose, SIZE) < 1.2


def test_crowds_are_counted(scattered):
    crowd = np.random.default_rng(0).normal(32, 5, (20, 2))
    assert measured.crowding(crowd) > 15 > measured.crowding(scattered[:20])
    assert measured.aggregated(crowd, crowd, 9) == 20
    assert measured.aggregated(crowd, np.concatenate([crowd, crowd + 0.1, crowd - 0.1]), 9) == 0
    assert measured.aggregated(scattered[:0], scattered, 9) == 0 and measured.crowding(scattered[:1]) == 0


def test_parted_classes_are_pure_and_mixed_ones_are_not(grid):
    left, right = grid(np.arange(4, 64, 8), np.arange(4, 32, 8)), grid(np.arange(4, 64, 8), np.arange(36, 64, 8))
    both = np.concatenate([left, right])
    assert measured.purity(left, both) > 0.8 and measured.parted(left, right) == 1
    assert measured.purity(both[::2], both) < 0.7 and measured.parted(both[::2], both[1::2]) < 0.7
    assert np.isnan(measured.purity(left[:0], both))


def test_a_band_is_slim_whatever_its_direction(grid, scattered):
    band = grid(np.arange(0, 64, 6), np.array([30.0, 34.0]))
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    assert measured.slimness(band) == pytest.approx(measured.slimness(band @ turn))
    assert measured.slimness(band) > 5 > 2 > measured.slimness(scattered)


def test_a_rim_surrounds_and_a_neighbour_does_not(circle):
    nest = circle(10, 6.0)
    assert measured.surrounding(nest, circle(20, 20.0)) == 1
    assert measured.surrounding(nest, circle(20, 20.0)[:8]) < 0.6
    assert measured.surrounding(circle(20, 20.0), nest) == 0
    assert measured.surrounding(nest, nest[:2]) == 0


def test_evenness_is_about_one_for_random_points(grid):
    random = np.random.default_rng(2).random((400, 2)) * 64
    assert measured.evenness(random, SIZE) == pytest.approx(1, abs=0.15)
    assert measured.evenness(grid(np.arange(4, 64, 8), np.arange(4, 64, 8)), SIZE) > 1.8
    assert np.isnan(measured.evenness(random[:5], SIZE))
