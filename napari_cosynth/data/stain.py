"""Optical density and mild stain jitter."""

from __future__ import annotations

import numpy as np
from skimage.color import hed_from_rgb, rgb_from_hed

JITTER = 0.07
"""Spread of the factor on each stain's optical density."""


def optical_density(image: np.ndarray) -> np.ndarray:
    """Natural-log optical density, float32 in the image's shape (Beer-Lambert; 0 is empty glass)."""
    return -np.log((image.astype(np.float32) + 1) / 256)


def jitter_stain(image: np.ndarray, rng: np.random.Generator, spread: float = JITTER) -> np.ndarray:
    """Make each stain a little stronger or weaker.

    Stains are parted as Ruifrok and Johnston 2001 (haematoxylin, eosin, DAB).

    Parameters
    ----------
    image
        uint8 (H, W, 3) RGB.
    spread
        Standard deviation of the log factor on each stain.

    Returns
    -------
    uint8 (H, W, 3) RGB.
    """
    factors = np.exp(rng.normal(0, spread, 3))
    change = (hed_from_rgb * factors @ rgb_from_hed).astype(np.float32)
    density = optical_density(image) @ change
    return np.clip(np.rint(np.exp(-density) * 256 - 1), 0, 255).astype(np.uint8)
