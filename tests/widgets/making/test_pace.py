"""The time left follows the steps that were measured."""

from __future__ import annotations

import pytest

from napari_cosynth.widgets.making.pace import Pace


def pace(tiles, steps):
    now = [0.0]
    made = Pace(tiles, steps, clock=lambda: now[0])

    def at(seconds, tile=None, step=None):
        now[0] = seconds
        if tile:
            made.step(tile, step)
        return made.seconds_left

    return at


def test_nothing_is_told_before_two_steps():
    at = pace(1, 10)
    assert at(0.0) is None
    assert at(5.0, 1, 1) is None


def test_steps_of_all_tiles_count_and_the_slow_first_one_does_not():
    at = pace(4, 10)
    at(9.0, 1, 1)
    assert at(10.0, 1, 2) == pytest.approx(38)
    assert at(18.0, 1, 10) == pytest.approx(30)
    assert at(19.0, 2, 1) == pytest.approx(29)
    assert at(48.0, 4, 10) == pytest.approx(0)


def test_it_falls_between_steps_and_never_below_nothing():
    at = pace(1, 3)
    at(0.0, 1, 1)
    assert at(2.0, 1, 2) == pytest.approx(2)
    assert at(3.5) == pytest.approx(0.5)
    assert at(9.0) == 0
