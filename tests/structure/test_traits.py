"""Traits: what is told of which arrangement."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cosynth.structure.traits import TRAITS, told, traits_of

SIZE = (64.0, 64.0)


def by_name(points, names, size=SIZE):
    return dict(zip(TRAITS, traits_of(points, np.array(names), size).tolist(), strict=True))


def test_a_ring_of_epithelium_is_closed_and_nothing_is_told_of_absent_classes(circle):
    found = by_name(circle(18, 15.0), ["epithelial"] * 18)
    assert found["closure"] == 1 and found["evenness"] > 0
    assert all(np.isnan(value) for name, value in found.items() if "neoplastic" in name or "connective" in name)


def test_a_nest_with_its_rim_is_surrounded_and_segregated(circle):
    points = np.concatenate([circle(10, 8.0), circle(5, 3.0), circle(22, 22.0)])
    names = ["neoplastic"] * 15 + ["inflammatory"] * 22
    found = by_name(points, names)
    mixed = by_name(points, np.random.default_rng(0).permutation(names))
    for trait in ("inflammatory around neoplastic", "segregation of neoplastic", "clumping of neoplastic"):
        assert found[trait] > mixed[trait] + 0.3


def test_sides_part_and_a_row_is_slim(grid):
    left, right = grid(np.arange(4, 64, 7), np.array([4.0, 8])), grid(np.arange(4, 64, 7), np.arange(30, 60, 7))
    points, names = np.concatenate([left, right]), ["connective"] * len(left) + ["neoplastic"] * len(right)
    found = by_name(points, names)
    assert found["connective parted from neoplastic"] == 1
    assert found["slimness of connective"] > found["slimness of neoplastic"]


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_clumping_is_about_zero_by_chance_however_many_there_are(scale):
    size = 300 * scale
    points = np.random.default_rng(0).random((400, 2)) * size
    found = by_name(points, ["neoplastic", "connective"] * 200, (size, size))
    assert abs(found["clumping of neoplastic"]) < 0.2 and abs(found["segregation of neoplastic"]) < 0.1


def test_few_points_tell_nothing():
    assert np.isnan(traits_of(np.zeros((0, 2)), np.array([], str), SIZE)).all()


def test_told_traits_need_their_classes_unless_none_is_known():
    values = {"slimness of connective": 1.2, "closure": 0.9}
    names = list(TRAITS)
    assert np.isfinite(told(values, {"connective", "neoplastic"})).sum() == 2
    alone = told(values, {"neoplastic"})
    assert np.isfinite(alone).sum() == 1 and alone[names.index("closure")] == pytest.approx(0.9)
    assert np.isfinite(told(values, {"unspecified"})).sum() == 2
