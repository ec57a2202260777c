"""Areas of a tile out of what the mouse drew: outline, ring, stripe, gradient, brush.

An area is a map of weights over the tile's pixels: 0 outside, 1 where the full
density is meant. It knows no nuclei.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_CLOSED = 0.3
"""A line is an outline if its ends are closer than this share of its length."""

Shape = tuple[int, int]
AreaTool = Callable[[np.ndarray, Shape, float], np.ndarray]
"""``tool(path, shape, width)``: float64 (H, W) in 0..1, of a path (M, 2) row, col in px, and a width in px."""


def lasso(path: np.ndarray, shape: Shape, width: float = 0.0) -> np.ndarray:
    """All that a line encloses; its ends are joined. Loops of it count as inside too; the width has no part in it.

    A pixel is inside if the line winds around its centre (non-zero rule).
    """
    path = _path(path)
    start, end = path, np.roll(path, -1, axis=0)
    rows = np.arange(shape[0])
    down = (start[:, None, 0] <= rows) & (rows < end[:, None, 0])  # (M, H)
    up = (end[:, None, 0] <= rows) & (rows < start[:, None, 0])
    edges, at = np.nonzero(down | up)
    a, b = start[edges], end[edges]
    cols = a[:, 1] + (at - a[:, 0]) / (b[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1])
    first = np.clip(np.floor(cols) + 1, 0, shape[1]).astype(int)
    turns = np.zeros((shape[0], shape[1] + 1), int)
    np.add.at(turns, (at, first), np.where(down[edges, at], 1, -1))
    return (turns.cumsum(axis=1)[:, :-1] != 0).astype(float)


def brush(path: np.ndarray, shape: Shape, width: float) -> np.ndarray:
    """All that is nearer to a line than half the width; of a single place, a disc."""
    path, reach = _path(path), width / 2
    area = np.zeros(shape)
    ends = path[1:] if len(path) > 1 else path
    for a, b in zip(path, ends, strict=False):
        low = np.maximum(np.ceil(np.minimum(a, b) - reach), 0).astype(int)
        high = np.minimum(np.floor(np.maximum(a, b) + reach) + 1, shape).astype(int)
        if (high > low).all():
            rows, cols = np.ogrid[low[0] : high[0], low[1] : high[1]]
            along, length2 = b - a, max(((b - a) ** 2).sum(), 1e-12)
            t = (((rows - a[0]) * along[0] + (cols - a[1]) * along[1]) / length2).clip(0, 1)
            near = (rows - a[0] - t * along[0]) ** 2 + (cols - a[1] - t * along[1]) ** 2 <= reach**2
            area[low[0] : high[0], low[1] : high[1]][near] = 1
    return area


def ring(path: np.ndarray, shape: Shape, width: float) -> np.ndarray:
    """A wall of that width, as of a gland: along a line that comes back to its start, else a circle around it.

    The circle's radius is the distance from the first to the last place.
    """
    path = _path(path)
    if is_closed(path):
        return brush(np.vstack([path, path[:1]]), shape, width)
    rows, cols = np.ogrid[: shape[0], : shape[1]]
    radius = np.hypot(*(path[-1] - path[0]))
    return (np.abs(np.hypot(rows - path[0, 0], cols - path[0, 1]) - radius) <= width / 2).astype(float)


def stripe(path: np.ndarray, shape: Shape, width: float) -> np.ndarray:
    """A straight band of that width from the first to the last place."""
    along, across, length = _axes(path, shape)
    return ((along >= 0) & (along <= length) & (np.abs(across) <= width / 2) & (length > 0)).astype(float)


def gradient(path: np.ndarray, shape: Shape, width: float = 0.0) -> np.ndarray:
    """The whole tile: 1 up to the first place, falling evenly to 0 at the last; the width has no part in it."""
    along, _, length = _axes(path, shape)
    return (1 - along / length).clip(0, 1) if length else np.zeros(shape)


def is_closed(path: np.ndarray) -> bool:
    """Whether a line (M, 2) comes back to where it began."""
    steps = np.hypot(*np.diff(path, axis=0).T)
    return bool(np.hypot(*(path[-1] - path[0])) < _CLOSED * steps.sum())


TOOLS: dict[str, AreaTool] = {"lasso": lasso, "ring": ring, "stripe": stripe, "gradient": gradient, "brush": brush}


def _path(path: np.ndarray) -> np.ndarray:
    path = np.asarray(path, float)
    if path.ndim != 2 or path.shape[1] != 2 or not len(path) or not np.isfinite(path).all():
        raise ValueError(f"a line of shape {path.shape}; give (row, col) of one place at least")
    return path


def _axes(path: np.ndarray, shape: Shape) -> tuple[np.ndarray, np.ndarray, float]:
    """Each pixel's distance along and across the line from the first to the last place, and its length, px."""
    path = _path(path)
    step = path[-1] - path[0]
    length = float(np.hypot(*step))
    unit = step / length if length else np.array([1.0, 0.0])
    rows, cols = np.ogrid[: shape[0], : shape[1]]
    rows, cols = rows - path[0, 0], cols - path[0, 1]
    return rows * unit[0] + cols * unit[1], cols * unit[0] - rows * unit[1], length
