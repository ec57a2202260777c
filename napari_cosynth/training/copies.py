"""Copies of training tissue as a model might make them: what the look-up must recognise, and learns from."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from scipy import ndimage as ndi

from napari_cosynth.data.stain import jitter_stain
from napari_cosynth.model.fingerprint import TURNS, turned

STAIN, BLUR = 0.1, 1.0
"""Spread of the stains' log strength, and most blur in px."""


def altered(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same tissue with stains a little stronger or weaker, slightly blurred, and through JPEG.

    Parameters
    ----------
    image
        uint8 (H, W, 3) RGB.
    """
    image = jitter_stain(image, rng, STAIN)
    sigma = rng.uniform(0, BLUR)
    image = ndi.gaussian_filter(image, (sigma, sigma, 0))
    stream = io.BytesIO()
    quality, subsampling = int(rng.integers(70, 95)), int(rng.choice([0, 2]))
    Image.fromarray(image).save(stream, "JPEG", quality=quality, subsampling=subsampling)
    with Image.open(stream) as picture:
        return np.array(picture)


def any_turn(rng: np.random.Generator) -> int:
    """One of the eight orientations."""
    return int(rng.integers(len(TURNS)))


def copied(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A copy in any orientation, `altered`."""
    return altered(np.ascontiguousarray(turned(image, any_turn(rng))), rng)


def any_patch(image: np.ndarray, side: int, rng: np.random.Generator) -> tuple[np.ndarray, tuple[int, int]]:
    """A square of an image at a random place, and its corner (row, col); smaller where the image is."""
    height, width = (min(side, length - length % 16) for length in image.shape[:2])
    row, col = (int(rng.integers(0, length - n + 1)) for length, n in zip(image.shape, (height, width), strict=False))
    return image[row : row + height, col : col + width], (row, col)
