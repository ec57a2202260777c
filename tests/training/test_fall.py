"""A fall that ends with the time of a run."""

from __future__ import annotations

import pytest

from napari_cosynth.training.fall import FallByClock


def followed(fall, times):
    """(step, steps of the fall) when it is first due, for steps that end at these times."""
    for step, elapsed in enumerate(times, 1):
        due = fall.steps_due(elapsed, step)
        if due is not None:
            return step, due
    return None


@pytest.mark.parametrize(("a_step", "begins", "lasts"), [(1, 60, 40), (4, 15, 10), (0.25, 240, 160)])
def test_it_fills_the_time_that_is_left(a_step, begins, lasts):
    assert followed(FallByClock(100, 40), (a_step * n for n in range(1, 1000))) == (begins, lasts)


def test_slow_first_steps_do_not_count():
    times = [20, *(20 + n for n in range(1, 100))]
    assert followed(FallByClock(100, 40), times) == (41, 40)


def test_late_steps_leave_less_to_fall_over():
    step, lasts = followed(FallByClock(100, 40), [25, 50, 75, 100])
    assert (step, lasts) == (3, 1)


def test_it_may_last_as_long_as_the_run():
    assert followed(FallByClock(10, 10), [2, 4]) == (1, 4)


def test_a_run_without_time_falls_at_once():
    assert followed(FallByClock(0, 0), [0.5]) == (1, 1)
