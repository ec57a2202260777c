"""The path from noise to tile, and where on it a sampler stands."""

from __future__ import annotations

import numpy as np


def noise_levels(steps: int) -> np.ndarray:
    """Noise level before each step, 1 = noise alone; the tile itself, level 0, is not among them.

    With t = 1 - level for how clean a tile is and u = i / n, step i of n begins at
    t = (3 u^2 - u^3) / 2: close together near the noise. What many pixels have in common, such as
    colour, white space and the run of fibres, shows through their noise long before a single pixel
    does, so it is settled within the first tenth of the path (Hoogeboom et al. 2023, arXiv
    2301.11093, sec. 2.1); a sampler that takes that tenth in one step makes the mean of all tiles of
    it. The cubic term shortens the last step, which alone decides on the finest texture: with
    t = u^2 tiles were softer.

    Parameters
    ----------
    steps
        At least 1.

    Returns
    -------
    float64 (steps,), falling from 1.
    """
    u = np.arange(steps) / steps
    return 1 - (3 * u**2 - u**3) / 2
