"""Plots: what stands in them, that they can be read by a program, and that they are repeatable."""

from xml.etree import ElementTree

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from napari_cosynth.evaluation.bootstrap import Estimate
from napari_cosynth.evaluation.plots import Panel, curve_plot, histogram, interval_plot

NAMES = ["quality <of masks>", "Dice & more", "class accuracy"]
SCORES = {
    "made": [Estimate(value=0.6, low=0.5, high=0.7), Estimate(value=0.8), Estimate()],
    "real": [Estimate(value=0.5, low=0.4, high=0.6), Estimate(value=0.7, low=0.6, high=0.9), Estimate(value=0.4)],
}


def texts(svg):
    return ["".join(e.itertext()).strip() for e in ElementTree.fromstring(svg).iter() if e.tag.endswith("}text")]


def test_every_row_and_every_kind_is_named():
    svg = interval_plot(NAMES, SCORES, "score", 0.5)
    found = texts(svg)
    for text in (*NAMES, *SCORES, "score"):
        assert text in found
    assert "<script" not in svg and "<image" not in svg
    assert svg == interval_plot(NAMES, SCORES, "score", 0.5)


def test_what_was_not_measured_is_left_out():
    nothing = {kind: [Estimate()] * 3 for kind in SCORES}
    assert len(interval_plot(NAMES, nothing, "score")) < len(interval_plot(NAMES, SCORES, "score"))


def test_one_kind_needs_no_legend():
    assert "made" not in texts(interval_plot(NAMES, {"made": SCORES["made"]}, "score"))


def test_curves_of_several_panels():
    x = np.geomspace(0.02, 0.5, 20)
    linear = Panel("density", "share", {"made": (x, x), "real": (x, 2 * x)})
    power = Panel("cycles a pixel", "power", {"made": (x, 1 / x), "real": (x, 2 / x)}, (0.05, 0.1, 0.2))
    svg = curve_plot([linear, power])
    found = texts(svg)
    for text in ("density", "share", "cycles a pixel", "power", "made", "real", "0.05", "0.1", "0.2"):
        assert text in found
    assert svg == curve_plot([linear, power])


def test_a_histogram_holds_every_value_that_is_one():
    edges = np.linspace(0, 10, 6)
    x, shares = histogram(np.array([1, 1, 3, 99, -5, np.nan]), edges)
    assert x.shape == shares.shape == (10,) and x[0] == 0 and x[-1] == 10
    assert shares[::2].tolist() == shares[1::2].tolist() == pytest.approx([0.6, 0.2, 0, 0, 0.2])
    assert histogram(np.array([np.nan]), edges)[1].tolist() == [0] * 10
