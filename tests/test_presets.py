"""Qualities: the same names everywhere, each slower and better than the one before."""

from __future__ import annotations

from typing import get_args

from napari_cosynth.presets import DRAFT, FINE, QUALITIES, STANDARD, Quality


def test_each_quality_takes_more_steps_than_the_one_before():
    assert tuple(QUALITIES) == get_args(Quality) == ("draft", "standard", "fine")
    assert tuple(QUALITIES.values()) == (DRAFT, STANDARD, FINE)
    assert DRAFT.steps < STANDARD.steps < FINE.steps
