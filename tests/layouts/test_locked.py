"""Locks follow nuclei that move, and go with those that are deleted."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cosynth.jitter import jittered
from napari_cosynth.layout import Layout
from napari_cosynth.layouts.locked import Locked


@pytest.fixture
def layout():
    return Layout(centroids=[(10, 10), (20, 40), (50, 30), (90, 90)], class_ids=[0, 1, 1, 2])


@pytest.fixture
def locked(layout):
    return Locked().with_points(layout, [1, 3])


def test_locks_are_of_points(layout, locked):
    assert locked.mask(layout).tolist() == [False, True, False, True]
    assert locked.with_points(layout, [0]).mask(layout).tolist() == [True, True, False, True]
    assert Locked().mask(layout).tolist() == [False] * 4


def test_the_order_does_not_matter(layout, locked):
    others_first = Layout(centroids=layout.centroids[::-1], class_ids=layout.class_ids[::-1])
    assert locked.followed(layout, others_first).mask(others_first).tolist() == [True, False, True, False]


@pytest.mark.parametrize(
    "change",
    [lambda layout: layout.move(1, 60, 60), Layout.mirrored, lambda layout: jittered(layout, np.random.default_rng(0))],
)
def test_locks_follow_moves_and_back(layout, locked, change):
    moved = change(layout)
    followed = locked.followed(layout, moved)
    assert followed.mask(moved).tolist() == [False, True, False, True]
    assert followed.followed(moved, layout).mask(layout).tolist() == [False, True, False, True]


def test_a_lock_goes_with_its_nucleus_and_none_that_comes_there_later_has_it(layout, locked):
    fewer = layout.remove([1])
    followed = locked.followed(layout, fewer)
    assert followed.mask(fewer).tolist() == [False, False, True]
    assert followed.followed(fewer, layout).mask(layout).tolist() == [False, False, False, True]


def test_another_class_is_the_same_nucleus(layout, locked):
    other = layout.reclass([1], 5)
    assert locked.followed(layout, other) == locked


def test_nuclei_that_a_smaller_size_leaves_out_are_locked_when_they_come_back(layout, locked):
    small = layout.resized(64, 64)
    followed = locked.followed(layout, small)
    assert followed.mask(small).tolist() == [False, True, False]
    assert followed.followed(small, layout).mask(layout).tolist() == [False, True, False, True]
    grown = small.resized(256, 256)  # without it
    assert followed.followed(small, grown) == Locked().with_points(grown, [1])
    moved = small.move(1, 5, 5)
    assert followed.followed(small, moved).mask(moved).tolist() == [False, True, False]


@pytest.mark.parametrize("change", [Layout.mirrored, Layout.rotated])
def test_locks_follow_where_another_nucleus_comes_to_the_same_place(change):
    square = Layout(centroids=[(10, 10), (10, 53), (53, 53), (53, 10)], class_ids=[0, 0, 0, 0], height=64, width=64)
    locked, turned = Locked().with_points(square, [0]), change(square)
    assert locked.followed(square, turned).mask(turned).tolist() == [True, False, False, False]


def test_locked_nuclei_that_stay_are_known_among_as_many_new_ones_of_one_class(layout):
    before = layout.reclass(range(4), 1)
    locked = Locked().with_points(before, [1, 3])
    after = Layout(centroids=[(20, 40), (90, 90), (100, 100), (110, 10)], class_ids=[1, 1, 1, 1])
    assert locked.followed(before, after).mask(after).tolist() == [True, True, False, False]


@pytest.mark.parametrize("index", [4, -1])
def test_there_is_no_lock_without_a_point(layout, index):
    with pytest.raises(IndexError, match=f"no point at index {index}: the layout has 4"):
        Locked().with_points(layout, [index])


def test_a_new_nucleus_beside_it_is_not_locked(layout, locked):
    more = layout.add(20, 42, 1)
    assert locked.followed(layout, more).mask(more).tolist() == [False, True, False, True, False]
