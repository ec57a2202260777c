"""Second-order and nearest-neighbour statistics of marked point patterns.

The estimators of Illian, Penttinen, Stoyan and Stoyan, *Statistical Analysis and
Modelling of Spatial Point Patterns* (2008), corrected for the window's border.
They know patterns only, not where these come from.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy.spatial.distance import cdist

from napari_cosynth.layouts.pattern import Pattern


def pair_correlation(
    patterns: Iterable[Pattern], n_marks: int, edges: np.ndarray, power: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Pair correlation function of all pairs of marks, pooled over windows.

    Each window is compared with random points of its own counts, so that density
    that differs between windows does not look like clustering.

    Parameters
    ----------
    edges
        float (B + 1,): bin edges, um, ascending from 0. Of each window only distances
        up to half of its smaller side count.
    power
        A window weighs by its number of pairs to the power of 1 - ``power``: with 0
        each pair is worth the same, with 0.5 each nucleus, with 1 each window.

    Returns
    -------
    observed
        float64 (n_marks, n_marks, B): translation-corrected, weighted number of ordered pairs.
    expected
        The same for random points; ``observed / expected`` is the pair correlation.
    """
    observed = np.zeros((n_marks, n_marks, len(edges) - 1))
    expected = np.zeros_like(observed)
    rings = np.pi * np.diff(edges**2)
    for pattern in patterns:
        numbers = _pair_numbers(pattern, n_marks)[..., None].astype(float)
        weight = np.maximum(numbers, 1) ** -power * (edges[1:] <= min(pattern.size) / 2)
        observed += weight * _pairs(pattern, n_marks, edges)
        expected += weight * numbers * rings / pattern.area
    return observed, expected


def ripley_l(pattern: Pattern, n_marks: int, radii: np.ndarray) -> np.ndarray:
    """Ripley's L and cross-L, centred: L(r) - r, 0 for random points.

    Translation correction (Ohser 1983), valid to half of the window's smaller side.

    Parameters
    ----------
    radii
        float (R,), um, ascending, above 0.

    Returns
    -------
    float64 (n_marks, n_marks, R), um, symmetric; NaN where there is no pair of
    points of these marks.
    """
    pairs = _pairs(pattern, n_marks, np.concatenate([[0.0], radii])).cumsum(axis=-1)
    numbers = _pair_numbers(pattern, n_marks)[..., None].astype(float)
    numbers[numbers == 0] = np.nan
    return np.sqrt(pairs * pattern.area / numbers / np.pi) - radii


def nearest_distances(pattern: Pattern, first: int, second: int) -> np.ndarray:
    """Distance of each point of mark ``first`` to the nearest other of mark ``second``, um; inf without one."""
    a, b = pattern.points[pattern.marks == first], pattern.points[pattern.marks == second]
    if not len(a) or not len(b):
        return np.full(len(a), np.inf)
    distances = cdist(a, b)
    if first == second:
        np.fill_diagonal(distances, np.inf)
    return distances.min(axis=1)


def nearest_neighbour(pattern: Pattern, first: int, second: int, radii: np.ndarray) -> np.ndarray:
    """Distribution function of the nearest-neighbour distance, from ``first`` to ``second``.

    Hanisch's estimator: a point counts if its neighbour is nearer than the
    border, weighted by the part of the window where this can be seen.

    Returns
    -------
    float64 (R,), 0 to 1, never falling; NaN where no point's neighbour is nearer than the border.
    """
    distances = nearest_distances(pattern, first, second)
    points = pattern.points[pattern.marks == first]
    border = np.minimum(points, np.array(pattern.size) - points).min(axis=1, initial=np.inf)
    seen = distances[distances < border]
    if not len(seen):
        return np.full(len(radii), np.nan)
    weights = 1 / ((pattern.size[0] - 2 * seen) * (pattern.size[1] - 2 * seen))
    return (weights[:, None] * (seen[:, None] <= radii)).sum(axis=0) / weights.sum()


def empty_space(pattern: Pattern, steps: int = 16) -> np.ndarray:
    """Distance from a regular grid of ``steps`` x ``steps`` places to the nearest point, um; (steps**2,)."""
    fractions = (np.arange(steps) + 0.5) / steps
    rows, cols = fractions * pattern.size[0], fractions * pattern.size[1]
    grid = np.stack(np.meshgrid(rows, cols, indexing="ij"), axis=-1).reshape(-1, 2)
    if not len(pattern):
        return np.full(len(grid), np.inf)
    return cdist(grid, pattern.points).min(axis=1)


def envelope(curves: np.ndarray, coverage: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Pointwise band that holds ``coverage`` of the curves at each radius.

    Parameters
    ----------
    curves
        float (N, R); NaN is left out.

    Returns
    -------
    Lower and upper limit, each (R,); NaN where all curves are.

    Raises
    ------
    ValueError
        If there are no curves, or ``coverage`` is not between 0 and 1.
    """
    if not len(curves):
        raise ValueError("an envelope of no curves; give at least one real layout")
    if not 0 < coverage < 1:
        raise ValueError(f"coverage {coverage}; allowed is more than 0 and less than 1, such as 0.95")
    low, high = np.full((2, curves.shape[1]), np.nan)
    known = ~np.isnan(curves).all(axis=0)
    tail = (1 - coverage) / 2
    low[known], high[known] = np.nanquantile(curves[:, known], [tail, 1 - tail], axis=0)
    return low, high


def share_inside(curves: np.ndarray, band: tuple[np.ndarray, np.ndarray]) -> float:
    """Share of the values of ``curves`` (N, R) inside a band; NaN on either side does not count."""
    low, high = band
    known = ~np.isnan(curves) & ~np.isnan(low)
    inside = (curves >= low - 1e-9) & (curves <= high + 1e-9)
    return float(inside[known].mean()) if known.any() else float("nan")


def _pairs(pattern: Pattern, n_marks: int, edges: np.ndarray) -> np.ndarray:
    n_bins = len(edges) - 1
    offsets = np.abs(pattern.points[:, None] - pattern.points)  # (N, N, 2)
    distances = np.sqrt((offsets**2).sum(axis=-1))
    np.fill_diagonal(distances, np.inf)
    first, second = np.nonzero(distances < edges[-1])
    overlap = (np.array(pattern.size) - offsets[first, second]).prod(axis=-1)
    bins = np.searchsorted(edges, distances[first, second], side="right") - 1
    index = (pattern.marks[first] * n_marks + pattern.marks[second]) * n_bins + bins
    sums = np.bincount(index, weights=pattern.area / overlap, minlength=n_marks * n_marks * n_bins)
    return sums.reshape(n_marks, n_marks, n_bins)


def _pair_numbers(pattern: Pattern, n_marks: int) -> np.ndarray:
    counts = pattern.counts(n_marks)
    return np.outer(counts, counts) - np.diag(counts)
