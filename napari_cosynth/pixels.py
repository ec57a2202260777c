"""Which pixel a place lies in: pixel centres are integers, so pixel 3 is from 2.5 to 3.5."""

from __future__ import annotations

import numpy as np


def pixels_of(points: np.ndarray) -> np.ndarray:
    """int64 (N, 2), the pixel of each point (row, col), float (N, 2) in px.

    Halves all go one way: rounded to the even number, points a pixel apart would meet in one.
    """
    return np.floor(np.asarray(points, np.float64) + 0.5).astype(np.int64)
