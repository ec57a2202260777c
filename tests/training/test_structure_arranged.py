"""Windows arranged anew: the same counts, and one clear structure."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cosynth.classes import BUNDLED
from napari_cosynth.layouts.pattern import Pattern
from napari_cosynth.structure.arrangements import parted, ring_likeness, slimness, surrounding
from napari_cosynth.training import structure_arranged
from napari_cosynth.training.structure_arranged import arranged

SIZE = (64.0, 64.0)


def window(seed: int = 0, **counts: int) -> Pattern:
    rng = np.random.default_rng(seed)
    marks = np.repeat([BUNDLED.id_of(name) for name in counts], list(counts.values()))
    return Pattern(rng.random((len(marks), 2)) * 64, marks, SIZE, "patient")


def made(kind: str, pattern: Pattern, n: int = 20) -> list[Pattern]:
    found = []
    for seed in range(8 * n):
        rng = np.random.default_rng(seed)
        # The lot is drawn first: the same generator tells what it will be.
        if np.random.default_rng(seed).choice(["border", "rim", "band", "gland"]) == kind:
            found.append(arranged(pattern, BUNDLED, rng))
    return found


def of(pattern: Pattern, name: str) -> np.ndarray:
    return pattern.points[pattern.marks == BUNDLED.id_of(name)]


@pytest.mark.parametrize("kind", ["border", "rim", "band"])
def test_classes_are_dealt_out_anew_among_the_same_places(kind):
    pattern = window(neoplastic=24, connective=24, other=5)
    number = {
        "border": lambda p: parted(of(p, "neoplastic"), of(p, "connective")),
        "rim": lambda p: surrounding(of(p, "neoplastic"), of(p, "connective")),
        "band": lambda p: max(slimness(of(p, "neoplastic")), slimness(of(p, "connective"))),
    }[kind]
    many = made(kind, pattern)
    assert len(many) > 10
    for one in many:
        assert np.array_equal(one.points, pattern.points) and one.group == pattern.group
        assert np.array_equal(one.counts(8), pattern.counts(8))
        assert np.array_equal(one.marks == BUNDLED.id_of("other"), pattern.marks == BUNDLED.id_of("other"))
    assert np.mean([number(one) for one in many]) > number(pattern) + 0.2


def test_a_gland_is_closed_and_empty_inside():
    pattern = window(epithelial=32, connective=8)
    many = made("gland", pattern)
    closed = [ring_likeness(of(one, "epithelial"), one.points, SIZE) for one in many]
    assert np.mean(closed) > 0.85 > ring_likeness(of(pattern, "epithelial"), pattern.points, SIZE)
    for one in many:
        # None is added, none changes its class; what is pushed out of the window is lost.
        assert (one.counts(8) <= pattern.counts(8)).all() and len(one) >= 0.5 * len(pattern)
        assert (one.points >= 0).all() and (one.points < 64).all()


def test_too_few_nuclei_are_left_as_they_are():
    few = window(neoplastic=structure_arranged._LEAST - 1, connective=20)
    assert all(arranged(few, BUNDLED, np.random.default_rng(seed)) is None for seed in range(20))
    assert arranged(window(unspecified=0), BUNDLED, np.random.default_rng(0)) is None
