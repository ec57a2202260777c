"""Batches more than once: the order, going on in the middle, no crop left out."""

from itertools import count, islice

import pytest

pytest.importorskip("torch")

from napari_cosynth.training.reuse import WINDOW, reused  # noqa: E402


def taken(uses, first_step, n):
    """(number of the batch, way) of the next n steps."""
    return list(islice(reused(count, uses, first_step), n))


def test_once_each_is_as_they_come():
    assert taken(1, 5, 4) == [(5, 0), (6, 0), (7, 0), (8, 0)]


@pytest.mark.parametrize("uses", [2, 3, 8])
def test_every_batch_comes_so_many_times_each_time_another_way(uses):
    steps = taken(uses, 0, 2 * WINDOW * uses)
    assert sorted(steps) == sorted((number, way) for number in range(2 * WINDOW) for way in range(uses))


def test_a_batch_comes_back_only_after_its_window():
    steps = [number for number, _ in taken(3, 0, 3 * WINDOW)]
    places = {number: [i for i, n in enumerate(steps) if n == number] for number in range(WINDOW)}
    assert all(b - a == WINDOW for p in places.values() for a, b in zip(p, p[1:], strict=False))


@pytest.mark.parametrize("first", [1, WINDOW - 1, WINDOW, 2 * WINDOW + 3, 7 * WINDOW])
@pytest.mark.parametrize("uses", [1, 2, 3])
def test_a_later_start_goes_on_with_the_same_steps(uses, first):
    assert taken(uses, first, 20) == taken(uses, 0, first + 20)[first:]


def test_new_batches_are_asked_for_one_by_one():
    asked = []

    def fresh(number):
        for n in count(number):
            asked.append(n)
            yield n

    steps = reused(fresh, 2, 0)
    for n in range(5):
        assert next(steps) == (n, 0) and asked[-1] == n
