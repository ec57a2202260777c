"""The chain: points choose among places by the table, however many stand far away."""

from __future__ import annotations

import numpy as np

from napari_cosynth.layouts.chain import CANDIDATES, STEP_UM, interaction_table, move_points


def propose(indices, rng):
    return rng.random((len(indices), CANDIDATES, 2)) * 60


def plainly_moved(points, marks, table, sweeps, rng):
    """What `move_points` promises, pair by pair."""
    points = points.copy()
    for _ in range(sweeps):
        order = rng.permutation(len(points))
        candidates = propose(order, rng)
        noise = rng.gumbel(size=(len(order), CANDIDATES + 1))
        for i, places, gumbel in zip(order, candidates, noise, strict=True):
            worth = gumbel.copy()
            tried = [*places, points[i]]
            for k, place in enumerate(tried):
                for j in range(len(points)):
                    step = int(min(np.hypot(*(place - points[j])) / STEP_UM, table.shape[-1] - 1))
                    worth[k] += table[marks[i], marks[j], step] if j != i else 0
            points[i] = tried[worth.argmax()]
    return points


def test_each_point_weighs_all_others_within_reach_and_none_beyond():
    rng = np.random.default_rng(0)
    logs = rng.normal(0, 2, (2, 2, 6))
    table = interaction_table(logs + logs.transpose(1, 0, 2), np.full((2, 2), 1.5), 1.0)
    points, marks = rng.random((30, 2)) * 60, rng.integers(2, size=30)
    moved = move_points(points, marks, np.arange(30), table, propose, 4, np.random.default_rng(1))
    assert np.array_equal(moved, plainly_moved(points, marks, table, 4, np.random.default_rng(1)))


def test_one_point_among_none_moves_by_chance_alone():
    table = interaction_table(np.ones((1, 1, 4)), np.zeros((1, 1)), 1.0)
    alone, marks = np.array([[1.0, 2.0]]), np.zeros(1, int)
    assert move_points(alone, marks, np.arange(1), table, propose, 1, np.random.default_rng(0)).shape == (1, 2)
    none = move_points(alone[:0], marks[:0], np.arange(0), table, propose, 1, np.random.default_rng(0))
    assert none.shape == (0, 2)
