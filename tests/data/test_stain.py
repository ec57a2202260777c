"""Stain jitter: mild, and nothing at all without spread."""

import numpy as np

from napari_cosynth.data.stain import jitter_stain, optical_density


def test_optical_density_falls_with_brightness():
    density = optical_density(np.arange(256, dtype=np.uint8))
    assert density[255] == 0 and (np.diff(density) < 0).all()


def test_no_spread_is_identity_within_a_grey_level():
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    same = jitter_stain(image, np.random.default_rng(1), spread=0)
    assert np.abs(same.astype(int) - image).max() <= 1


def test_jitter_is_mild_drawn_and_repeatable(make_tile):
    image = make_tile().image
    made = [jitter_stain(image, np.random.default_rng(seed)) for seed in (0, 0, 1)]
    assert (made[0] == made[1]).all() and (made[0] != made[2]).any()
    for one in made:
        assert one.dtype == np.uint8 and one.shape == image.shape
        assert 0 < np.abs(one.astype(float) - image).mean() < 40


def test_empty_glass_stays_empty():
    glass = np.full((8, 8, 3), 255, np.uint8)
    assert (jitter_stain(glass, np.random.default_rng(0), spread=0.5) == 255).all()
