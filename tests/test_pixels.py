"""Every place lies in the pixel whose centre is nearest, and a pixel apart is another pixel."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_cosynth.pixels import pixels_of

PLACES = st.lists(st.tuples(*[st.floats(-0.5, 1023.49)] * 2), max_size=20)


@given(PLACES)
def test_no_other_pixel_is_nearer(places):
    places = np.array(places, float).reshape(-1, 2)
    pixels = pixels_of(places)
    assert pixels.shape == places.shape and pixels.dtype == np.int64
    assert (np.abs(pixels - places) <= 0.5).all()


@given(st.integers(0, 4000))
def test_places_a_pixel_apart_lie_in_neighbouring_pixels(quarter):
    at = np.array([(quarter / 4, 0.0), (quarter / 4 + 1, 0.0)])
    (first, _), (second, _) = pixels_of(at)
    assert second == first + 1
