"""What a report draws: each kind of tile is there, and figures that are not there need none."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from napari_cosynth.evaluation.report_plots import look_plot, shape_plot


def test_looks_of_tiles_that_differ_differ():
    rng = np.random.default_rng(0)
    fine = [rng.integers(100, 200, (64, 64, 3), np.uint8) for _ in range(3)]
    flat = [np.full((64, 64, 3), 180 + i, np.uint8) for i in range(3)]
    svg = look_plot(fine, flat)
    for text in ("haematoxylin, optical density", "eosin, optical density", "cycles a pixel", "made", "real"):
        assert text in svg
    assert svg == look_plot(fine, flat) != look_plot(flat, flat)


def test_shapes_of_nuclei(make_sample):
    samples = [make_sample(0), make_sample(1)]
    svg = shape_plot(samples, samples)
    for text in ("area, px", "eccentricity", "nearest neighbour, px"):
        assert text in svg
