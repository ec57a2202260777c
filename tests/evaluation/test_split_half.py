from __future__ import annotations

import numpy as np
import pytest

from napari_cosynth.evaluation.split_half import compare, group_halves, random_halves

GROUPS = [name for name, n in zip("abcdefgh", (5, 1, 3, 3, 4, 2, 6, 2), strict=True) for _ in range(n)]


@pytest.mark.parametrize("seed", range(20))
def test_halves_share_no_group_and_are_about_as_large(seed):
    first, second = group_halves(GROUPS, np.random.default_rng(seed))
    assert sorted([*first, *second]) == list(range(len(GROUPS)))
    assert {GROUPS[i] for i in first}.isdisjoint({GROUPS[i] for i in second})
    assert abs(len(first) - len(second)) <= 6


@pytest.mark.parametrize("seed", range(20))
def test_both_halves_have_every_stratum(seed):
    strata = ["colon" if g in "abcd" else "brain" for g in GROUPS]
    for half in group_halves(GROUPS, np.random.default_rng(seed), strata=strata):
        assert {strata[i] for i in half} == {"colon", "brain"}


@pytest.mark.parametrize("seed", range(20))
def test_both_halves_weigh_something(seed):
    weights = np.array([1.0 if g in "bh" else 0.0 for g in GROUPS])
    for half in group_halves(GROUPS, np.random.default_rng(seed), weights=weights):
        assert weights[half].sum() > 0


def test_one_group_cannot_be_split():
    with pytest.raises(ValueError, match="1 group among 3 tiles"):
        group_halves(["a"] * 3, np.random.default_rng(0))
    with pytest.raises(ValueError, match="1 group among 3 tiles"):
        group_halves(["a", "b", "b"], np.random.default_rng(0), weights=np.array([1, 0, 0]))


def test_made_tiles_stand_in_for_their_own_groups_only():
    for half in random_halves(GROUPS, len(GROUPS), GROUPS, seed=4):
        assert {GROUPS[i] for i in half.made} <= {GROUPS[i] for i in half.held_out}
        assert len(half.made) == len(half.held_out)


def test_same_seed_same_halves():
    first, again, other = (random_halves(GROUPS, 40, seed=s) for s in (1, 1, 2))
    assert all(np.array_equal(a, b) for h, g in zip(first, again, strict=True) for a, b in zip(h, g, strict=True))
    assert not all(np.array_equal(h.made, g.made) for h, g in zip(first, other, strict=True))


def test_real_tiles_in_place_of_made_ones_are_the_floor():
    values = np.random.default_rng(0).normal(size=len(GROUPS))
    halves = random_halves(GROUPS, len(GROUPS), GROUPS, seed=0)
    found = compare(lambda a, b: {"difference": abs(a.mean() - b.mean())}, values, values, halves)["difference"]
    assert found.made == found.floor > 0
    assert found.excess == found.all_tiles == 0
    assert found.in_floors == 1


def test_a_shift_of_the_made_tiles_is_the_excess():
    values = np.random.default_rng(0).normal(size=len(GROUPS))
    halves = random_halves(GROUPS, len(GROUPS), GROUPS, seed=0)
    found = compare(lambda a, b: {"shift": np.mean(b) - np.mean(a)}, list(values), list(values + 7), halves)
    assert found["shift"].excess == pytest.approx(7)
    assert found["shift"].all_tiles == pytest.approx(7)


def test_floor_of_zero_is_no_unit():
    halves = random_halves(GROUPS, 4, seed=0)
    found = compare(lambda a, b: {"d": 0.0}, np.zeros(len(GROUPS)), np.zeros(4), halves)["d"]
    assert found.in_floors is None


def test_errors_name_the_numbers():
    with pytest.raises(ValueError, match="1 made tiles; at least 2"):
        random_halves(GROUPS, 1)
    with pytest.raises(ValueError, match="3 groups of made tiles, but 5 made tiles"):
        random_halves(GROUPS, 5, ["a"] * 3)
    with pytest.raises(ValueError, match="only 0 made tiles have their layout"):
        random_halves(GROUPS, 2, ["x", "x"])
    with pytest.raises(ValueError, match="3 real tiles, but groups of 26"):
        compare(lambda a, b: {}, np.zeros(3), np.zeros(4), random_halves(GROUPS, 4))
