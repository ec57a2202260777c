"""Intervals over groups."""

import numpy as np

from napari_cosynth.evaluation.bootstrap import Estimate, estimates
from napari_cosynth.evaluation.panoptic import ratio


def _share(sums):
    return {"share": ratio(sums["part"], sums["whole"])}


def _tallies(parts):
    return [{"part": p, "whole": 10} for p in parts]


def test_same_seed_same_interval_and_the_value_lies_inside():
    tallies = _tallies([1, 4, 5, 9, 7, 3])
    one, two = (estimates(tallies, "abcdef", _share, seed=2)["share"] for _ in range(2))
    assert one == two and one.low <= one.value <= one.high and one.low < one.high
    assert one.value == sum([1, 4, 5, 9, 7, 3]) / 60


def test_tiles_of_one_group_are_drawn_together():
    parts = [0] * 20 + [10] * 20
    single = estimates(_tallies(parts), range(40), _share)["share"]
    grouped = estimates(_tallies(parts), [0] * 20 + [1] * 20, _share)["share"]
    assert single.high - single.low < 0.5 < grouped.high - grouped.low


def test_near_the_binomial_interval_where_groups_are_single():
    parts = np.random.default_rng(0).integers(0, 2, 200)
    share = estimates([{"part": p, "whole": 1} for p in parts], range(200), _share, draws=2000)["share"]
    half = 1.96 * np.sqrt(parts.mean() * (1 - parts.mean()) / 200)
    assert abs(share.high - share.value - half) < 0.02 and abs(share.value - share.low - half) < 0.02


def test_one_group_has_no_interval_and_nothing_has_no_value():
    assert estimates(_tallies([5]), "a", _share)["share"] == Estimate(value=0.5)
    assert estimates([{"part": 0, "whole": 0}], "a", _share)["share"] == Estimate()
