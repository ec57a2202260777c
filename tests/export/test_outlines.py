from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_cosynth.export.outlines import one_ring, pixel_outline


def _filled(outline, shape) -> np.ndarray:
    """Pixels whose centre lies in the outline: pixel 0 covers [0, 1)."""
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    return shapely.contains_xy(outline, cols + 0.5, rows + 0.5)


def _even_odd(ring: np.ndarray, shape) -> np.ndarray:
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    inside = np.zeros(shape, bool)
    for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        if y0 != y1:
            crosses = (np.minimum(y0, y1) <= rows + 0.5) & (rows + 0.5 < np.maximum(y0, y1))
            inside ^= crosses & (cols + 0.5 < x0 + (rows + 0.5 - y0) * (x1 - x0) / (y1 - y0))
    return inside


@given(arrays(bool, (7, 8)).filter(np.any))
@settings(max_examples=60)
def test_any_mask_is_filled_exactly(mask):
    outline = pixel_outline(mask)
    assert outline.is_valid
    assert outline.area == mask.sum()
    assert np.array_equal(_filled(outline, mask.shape), mask)
    assert np.array_equal(_even_odd(one_ring(outline), mask.shape), mask)


def test_a_place_in_the_tile():
    outline = pixel_outline(np.ones((2, 3), bool), row=10, col=20)
    assert outline.bounds == (20, 10, 23, 12)
    assert len(outline.exterior.coords) == 5


@given(st.integers(1, 30))
@settings(max_examples=10)
def test_a_plain_shape_stays_a_single_polygon(side):
    outline = pixel_outline(np.ones((side, side), bool))
    assert outline.geom_type == "Polygon"
    assert one_ring(outline).shape == (4, 2)


def test_a_ring_keeps_its_hole():
    mask = np.ones((5, 5), bool)
    mask[1:4, 1:4] = False
    outline = pixel_outline(mask)
    assert len(outline.interiors) == 1
    assert outline.area == pytest.approx(16)
