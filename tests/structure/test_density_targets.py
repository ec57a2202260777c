"""Density maps: mass, symmetry, and the way back."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cosynth.structure.density_targets import CELL_UM, PEAK_PER_UM2, density_of, maps_of, smoothed

SIDE = 16 * CELL_UM


@pytest.fixture
def points():
    rng = np.random.default_rng(0)
    return rng.random((60, 2)) * SIDE, rng.integers(3, size=60)


def test_the_mass_of_a_class_is_its_count_wherever_it_stands(points):
    at, marks = points
    density = smoothed(at, marks, 3, (16, 16))
    assert density.shape == (3, 16, 16)
    assert density.sum(axis=(1, 2)) * CELL_UM**2 == pytest.approx(np.bincount(marks), rel=0.15)
    middle = smoothed(np.array([[32.0, 32.0]]), np.array([1]), 3, (16, 16))
    assert middle[1].sum() * CELL_UM**2 == pytest.approx(1, rel=1e-3)
    assert not middle[[0, 2]].any()


def test_even_points_give_an_even_density_up_to_the_border(grid):
    every = np.arange(1, SIDE, 2.0)
    density = smoothed(grid(every, every), np.zeros(len(every) ** 2, int), 1, (16, 16))[0]
    assert density == pytest.approx(np.full((16, 16), 0.25), rel=0.01)


def test_the_map_of_a_mirrored_and_turned_layout_is_the_mirrored_and_turned_map(points):
    at, marks = points
    density = smoothed(at, marks, 3, (16, 16))
    mirrored = np.stack([at[:, 0], SIDE - at[:, 1]], axis=1)
    assert smoothed(mirrored, marks, 3, (16, 16)) == pytest.approx(density[..., ::-1])
    turned = np.stack([SIDE - at[:, 1], at[:, 0]], axis=1)  # counter-clockwise, as numpy.rot90
    assert smoothed(turned, marks, 3, (16, 16)) == pytest.approx(np.rot90(density, 1, (1, 2)))


def test_rows_and_columns_are_not_exchanged():
    density = smoothed(np.array([[6.0, 50.0]]), np.array([0]), 1, (8, 16))[0]
    assert density.shape == (8, 16)
    assert np.unravel_index(density.argmax(), density.shape) == (1, 12)


def test_maps_are_turned_back_into_the_same_density(points):
    density = smoothed(*points, 3, (16, 16))
    maps = maps_of(density)
    assert maps.dtype == np.float32 and density_of(maps) == pytest.approx(density, abs=1e-6 * PEAK_PER_UM2 + 1e-9)
    assert density_of(np.full((2, 2), -9.0)) == pytest.approx(np.zeros((2, 2)))


def test_no_point_gives_the_map_of_nothing():
    assert not smoothed(np.zeros((0, 2)), np.zeros(0, int), 2, (4, 4)).any()
