"""Noise levels fall from noise to tile, and begin close together."""

import numpy as np
import pytest

from napari_cosynth.model.path import noise_levels


@pytest.mark.parametrize("steps", [1, 2, 4, 12, 200])
def test_levels_fall_from_noise_and_end_before_the_tile(steps):
    levels = noise_levels(steps)
    assert levels.shape == (steps,) and levels[0] == 1 and levels[-1] > 0
    assert (np.diff(levels) < 0).all()


def test_steps_grow_towards_the_tile():
    spans = -np.diff(np.append(noise_levels(12), 0))
    assert (np.diff(spans) > 0).all()
    assert (noise_levels(12) > 0.9).sum() >= 4


def test_the_last_step_is_little_longer_than_the_one_before():
    spans = -np.diff(np.append(noise_levels(12), 0))
    assert spans[-1] < 1.05 * spans[-2]


@pytest.mark.parametrize("steps", [1, 5, 12])
def test_twice_the_steps_stand_where_half_of_them_stood_and_between(steps):
    assert np.allclose(noise_levels(2 * steps)[::2], noise_levels(steps))
