"""Shares that sum to 100, whatever is set, locked or pushed to nothing."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cosynth.layouts.mix import Mix


@pytest.fixture
def mix():
    return Mix.of({"a": 3, "b": 1, "c": 1, "d": 0})


def test_shares_in_any_unit_become_per_cent(mix):
    assert mix.percent == {"a": 60, "b": 20, "c": 20, "d": 0}
    assert Mix.of({"a": 1, "b": 1, "c": 1}).percent == {"a": 34, "b": 33, "c": 33}


def test_the_others_keep_their_proportions(mix):
    assert mix.with_share("b", 60).percent == {"a": 30, "b": 60, "c": 10, "d": 0}


def test_locked_shares_stay_and_bound_the_others(mix):
    locked = mix.with_lock("a", True)
    assert locked.with_share("b", 30).percent == {"a": 60, "b": 30, "c": 10, "d": 0}
    assert locked.most("b") == 40 and locked.with_share("b", 90).percent == {"a": 60, "b": 40, "c": 0, "d": 0}
    assert locked.with_share("a", 10) == locked
    assert locked.with_lock("a", False).with_share("a", 20).percent["a"] == 20


def test_a_class_cannot_move_when_all_others_are_locked():
    mix = Mix.of({"a": 1, "b": 1}).with_lock("a", True)
    assert not mix.free("b") and mix.with_share("b", 90) == mix
    assert not Mix.of({"a": 1}).free("a")


def test_what_was_pushed_to_nothing_comes_back_in_proportion(mix):
    dragged = mix
    for percent in (40, 80, 100, 70, 0):
        dragged = dragged.with_share("c", percent)
    assert dragged.percent == {"a": 75, "b": 25, "c": 0, "d": 0}
    alone = Mix.of({"a": 1, "b": 0, "c": 0})
    assert alone.with_share("a", 40).percent == {"a": 40, "b": 30, "c": 30}


def test_any_way_of_moving_sums_to_100(mix):
    rng = np.random.default_rng(0)
    for _ in range(300):
        name = str(rng.choice(list("abcd")))
        if rng.random() < 0.3:
            mix = mix.with_lock(name, bool(rng.random() < 0.5))
        else:
            shown = {name: mix.percent[name] for name in mix.locked}
            mix = mix.with_share(name, float(rng.integers(-20, 130)))
            assert {name: mix.percent[name] for name in mix.locked} == shown
        assert sum(mix.percent.values()) == 100 and min(mix.percent.values()) >= 0
        assert sum(mix.shares.values()) == pytest.approx(100)


@pytest.mark.parametrize("shares", [{}, {"a": 0.0}, {"a": -1.0, "b": 2.0}, {"a": float("nan")}])
def test_what_is_no_mix_is_refused(shares):
    with pytest.raises(ValueError, match="above 0"):
        Mix.of(shares)
