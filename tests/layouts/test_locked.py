"""Locks follow nuclei that move, and come back with undo."""

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
def test_locks_follow_moves_and_undo(layout, locked, change):
    moved = change(layout)
    followed = locked.followed(layout, moved)
    assert followed.mask(moved).tolist() == [False, True, False, True]
    assert followed.followed(moved, layout).mask(layout).tolist() == [False, True, False, True]


def test_a_deleted_nucleus_is_locked_again_after_undo(layout, locked):
    fewer = layout.remove([1])
    followed = locked.followed(layout, fewer)
    assert followed.mask(fewer).tolist() == [False, False, True]
    assert followed.followed(fewer, layout).mask(layout).tolist() == [False, True, False, True]


def test_a_new_nucleus_beside_it_is_not_locked(layout, locked):
    more = layout.add(20, 42, 1)
    assert locked.followed(layout, more).mask(more).tolist() == [False, True, False, True, False]
