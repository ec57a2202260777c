"""Glands and bands as geometry."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cosynth.structure.shapes import (
    BAND_UM,
    LEAST_LINING,
    LINING_UM,
    OUTER_UM,
    OUTSIDE_UM,
    Band,
    Ring,
    drawn_band,
    drawn_rings,
    lining_count,
    turned,
)

SIZE = (64.0, 64.0)


def alike(points: np.ndarray) -> np.ndarray:
    return np.ones(len(points))


def rings(n: int, seed: int = 0, size=SIZE, likely=alike, least: int = 1) -> list[Ring]:
    return drawn_rings(n, size, likely, np.random.default_rng(seed), least)


def test_turning_keeps_distances_and_lays_the_line_along():
    points = np.random.default_rng(0).random((20, 2)) * 64
    assert np.allclose(np.hypot(*turned(points, (3, 5), 0.7).T), np.hypot(*(points - (3, 5)).T))
    on_line = np.array([[3, 5]]) + np.array([[np.sin(0.7), np.cos(0.7)]]) * 9
    assert turned(on_line, (3, 5), 0.7) == pytest.approx(np.array([[0, 9]]))


@pytest.mark.parametrize("angle", [0.0, 0.6, 2.0])
def test_the_lining_lies_around_the_lumen_however_it_is_turned(angle):
    ring = Ring((30, 20), 12, 0.8, angle)
    beyond = ring.beyond(ring.lining())
    assert beyond == pytest.approx(LINING_UM) and ring.beyond(np.array([[30.0, 20.0]]))[0] == -12
    along = np.array([[30, 20]]) + np.array([[np.sin(angle), np.cos(angle)]]) * 14
    across = np.array([[30, 20]]) + np.array([[np.cos(angle), -np.sin(angle)]]) * 14
    assert ring.beyond(along)[0] < ring.beyond(across)[0]


def test_the_first_gland_is_whole_and_none_lies_over_another():
    for seed in range(20):
        made = rings(60, seed, (128.0, 128.0))
        assert ((made[0].lining() >= 0) & (made[0].lining() <= 128)).all() and len(made) > 1
        for i, ring in enumerate(made):
            assert OUTER_UM[0] <= ring.lumen + OUTSIDE_UM <= OUTER_UM[1]
            assert all(ring.beyond(other.lining()).min() > LINING_UM for other in made[:i])


def test_as_many_glands_as_the_nuclei_can_line():
    size = (256.0, 256.0)
    number = [np.mean([len(rings(n, seed, size)) for seed in range(10)]) for n in (20, 80, 320)]
    assert 1 <= number[0] < number[1] < number[2]
    for seed in range(10):
        first = rings(24, seed)[0]
        assert lining_count(first.lumen) <= 24
        assert len(rings(60, seed, (128.0, 128.0), least=3)) >= 3


def test_too_few_nuclei_or_too_small_a_tile_get_none():
    assert rings(LEAST_LINING - 1) == [] and rings(30, size=(16.0, 64.0)) == []


def test_glands_and_bands_lie_where_nuclei_are_likely():
    def left(points: np.ndarray) -> np.ndarray:
        return (points[:, 1] < 64).astype(float)

    size = (128.0, 128.0)
    assert np.mean([rings(16, seed, size, left)[0].middle[1] for seed in range(20)]) < 45
    bands = [drawn_band(12, size, left, np.random.default_rng(seed)) for seed in range(20)]
    assert np.mean([left(band.middle + np.zeros((1, 2)))[0] for band in bands]) > 0.8


def test_a_band_is_wider_for_more_nuclei_within_bounds_and_has_no_end():
    widths = [drawn_band(n, SIZE, alike, np.random.default_rng(0)).width for n in (5, 16, 90)]
    assert widths[0] == BAND_UM[0] < widths[1] < widths[2] == BAND_UM[1]
    band = Band((10, 10), 8, 0.0)
    assert band.beyond(np.array([[10.0, 500.0], [14, -90], [20, 0]])) == pytest.approx([-4, 0, 6])


def test_a_bent_band_follows_its_spine():
    band = Band((32, 32), 8, 0.4, 0.01)
    spine = band.spine(np.linspace(-30, 30, 9))
    assert band.beyond(spine) == pytest.approx(-4)
    straight = Band((32, 32), 8, 0.4).spine(np.array([30.0]))
    assert np.hypot(*(spine[-1:] - straight).T) == pytest.approx(4.5)


def test_the_same_stream_gives_the_same_shapes():
    assert rings(40, 3) == rings(40, 3) != rings(40, 4)
