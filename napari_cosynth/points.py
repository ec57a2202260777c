"""What points a tile can hold, and which sizes it can have.

Checks that say which point is wrong and what to do about it. They know no
layout and no file.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_cosynth.classes import Taxonomy

MAX_POINTS = 5000
"""Most points of a layout: more than any tissue holds on the largest tile."""
MIN_SIDE, MAX_SIDE, SIDE_STEP = 64, 1024, 16
"""Sides of a tile in px: what the network's down-sampling divides without rest."""
MIN_DISTANCE = 1.0
"""Points closer than this (px) are one nucleus drawn twice."""


class PointError(ValueError):
    """A point that no layout can hold.

    Parameters
    ----------
    message
        Names the point by number, row and col, and says what to do.
    index
        0-based index of the point.
    column
        "row", "col" or "class": where the fault lies.
    """

    def __init__(self, message: str, index: int, column: str) -> None:
        super().__init__(message)
        self.index = index
        self.column = column


def centroids_of(value: Any) -> np.ndarray:
    """Read-only float64 (N, 2) of whatever was given as centroids."""
    try:
        # + 0.0 makes 0.0 of -0.0, so that equal layouts have equal bytes.
        centroids = np.array(value, dtype=np.float64) + 0.0
    except (TypeError, ValueError, OverflowError):
        raise ValueError("centroids are not numbers; give one (row, col) pair for each point") from None
    if centroids.size == 0:
        centroids = centroids.reshape(0, 2)
    if centroids.ndim != 2 or centroids.shape[1] != 2:
        raise ValueError(f"centroids have shape {centroids.shape}; allowed is (N, 2), one (row, col) for each point")
    if len(centroids) > MAX_POINTS:
        raise ValueError(f"{len(centroids)} points; at most {MAX_POINTS} are allowed: make several smaller tiles")
    centroids.setflags(write=False)
    return centroids


def class_ids_of(value: Any) -> np.ndarray:
    """Read-only int64 (N,) of whatever was given as class ids."""
    given = np.array(value)
    if given.size and (given.ndim != 1 or given.dtype.kind not in "iu"):
        raise ValueError(f"class_ids have shape {given.shape} and type {given.dtype}; allowed are N integers")
    class_ids = given.astype(np.int64).reshape(-1)
    class_ids.setflags(write=False)
    return class_ids


def allowed_side(name: str, value: int) -> int:
    """``value`` if a tile can have that height or width in px; ``name`` says which of them."""
    if MIN_SIDE <= value <= MAX_SIDE and value % SIDE_STEP == 0:
        return value
    below = min(max(value // SIDE_STEP * SIDE_STEP, MIN_SIDE), MAX_SIDE)
    above = min(max(-(-value // SIDE_STEP) * SIDE_STEP, MIN_SIDE), MAX_SIDE)
    nearest = f"{below} or {above}" if below != above else f"{below}"
    raise ValueError(
        f"a tile {name} of {value} px; allowed are multiples of {SIDE_STEP} from {MIN_SIDE} to {MAX_SIDE}. "
        f"Take {nearest}"
    )


def check_inside(centroids: np.ndarray, height: int, width: int) -> None:
    """Refuse NaN, infinity and points beyond the tile."""
    size = np.array([height, width])
    with np.errstate(invalid="ignore"):
        inside = (centroids >= -0.5) & (centroids < size - 0.5)  # (N, 2); False for NaN
    if inside.all():
        return
    index, axis = (int(i) for i in np.argwhere(~inside)[0])
    column = ("row", "col")[axis]
    if not np.isfinite(centroids[index, axis]):
        remedy = f"{column} must be a number; correct or remove the point"
    else:
        remedy = _outside(float(centroids[index, axis]), height, width, axis)
    raise PointError(f"{_point(centroids, index)}: {remedy}", index, column)


def _outside(value: float, height: int, width: int, axis: int) -> str:
    """What is wrong with a point beyond the tile, and what helps: a larger tile only where there can be one."""
    column, side = ("row", "col")[axis], (height, width)[axis]
    # No size of the largest tile: files are read on it, whatever tile is open.
    where = "outside of any tile" if side == MAX_SIDE else f"outside the tile of {height} x {width} px"
    if value < 0:
        remedy = "move or remove the point"
    elif value < MAX_SIDE - 0.5:
        remedy = "move or remove the point, or choose a larger tile"
    else:
        remedy = (
            f"{MAX_SIDE} px is the largest side: move or remove the point, crop the layout, or split it into several "
            f"of at most {MAX_SIDE} x {MAX_SIDE} px"
        )
    return f"{where} (allowed: -0.5 <= {column} < {side - 0.5}); {remedy}"


def check_classes(centroids: np.ndarray, class_ids: np.ndarray, taxonomy: Taxonomy) -> None:
    """Refuse class ids that the taxonomy does not have."""
    known = (class_ids >= 0) & (class_ids < len(taxonomy))
    if known.all():
        return
    index = int(np.argmin(known))
    classes = ", ".join(f"{i} {name}" for i, name in enumerate(taxonomy.names))
    raise PointError(
        f"{_point(centroids, index)}: no class has the id {class_ids[index]}; choose one of: {classes}", index, "class"
    )


def check_apart(centroids: np.ndarray) -> None:
    """Refuse two points closer than ``MIN_DISTANCE``."""
    # Sorted by row, a point's too-close neighbours follow within 1 px of row:
    # compare with the next one, the one after it, ... until rows lie apart.
    order = np.argsort(centroids[:, 0], kind="stable")
    ordered = centroids[order]
    limit = MIN_DISTANCE**2 - 1e-9  # 1 px apart stays 1 px apart when mirrored
    for step in range(1, len(ordered)):
        offset = ordered[step:] - ordered[:-step]
        if (offset[:, 0] >= MIN_DISTANCE).all():
            return
        close = (offset**2).sum(axis=1) < limit
        if close.any():
            pairs = np.sort(np.stack([order[:-step][close], order[step:][close]], axis=1), axis=1)
            first, second = (int(i) for i in min(pairs.tolist()))
            raise PointError(
                f"{_point(centroids, first)} and {_point(centroids, second)} are the same nucleus "
                f"(less than {MIN_DISTANCE:g} px apart); remove one of them",
                second,
                "row",
            )


def _point(centroids: np.ndarray, index: int) -> str:
    row, col = centroids[index].tolist()
    return f"point {index + 1} (row {row:g}, col {col:g})"
