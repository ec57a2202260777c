"""How nuclei are arranged, as numbers: rings, aggregates, purity, bands, borders, rims.

Points are float (N, 2), row and col in um. It knows no class by name and writes
no word.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

LUMEN_UM = 7.0
"""Least radius of the empty place inside a ring."""
LINING_UM = 8.0
"""How far beyond the empty place the ring's nuclei may stand."""
_SECTORS = 12
_STEP_UM = 3.0
_TRIES = 30
"""Places that are tried for a nucleus placed anew before the loneliest of them is taken."""
_LEAST_PURITY = 0.8
_NEIGHBOURS = 6
CROWD_UM = 20.0
"""Radius in which a crowd is counted: about three nuclei in each direction."""


def rings(lining: np.ndarray, everyone: np.ndarray, size: tuple[float, float]) -> list[tuple[float, float, int]]:
    """Rings of nuclei around empty places, as in a gland cut across.

    Parameters
    ----------
    lining
        Nuclei that may form a ring.
    everyone
        All nuclei: none stands in the empty place, and the ring is of the lining's for the most part.
    size
        Height and width of the window, um.

    Returns
    -------
    For each ring that overlaps no better one: the share of 12 sectors that hold
    a nucleus of the lining, 0 to 1, the radius of its empty place, um, and how
    many nuclei of the lining it has. The best comes first.
    """
    if len(lining) < 6:
        return []
    edge = LUMEN_UM
    rows, cols = (np.arange(edge, side - edge + 1e-9, _STEP_UM) for side in size)
    places = np.stack(np.meshgrid(rows, cols, indexing="ij"), axis=-1).reshape(-1, 2)
    radii = cKDTree(everyone).query(places)[0]
    places, radii = places[radii >= LUMEN_UM], radii[radii >= LUMEN_UM]
    # Many nuclei and many places: all distances at once are faster than a tree for each place.
    offset = lining - places[:, None]  # (places, lining, 2)
    near = np.hypot(offset[..., 0], offset[..., 1]) <= radii[:, None] + LINING_UM
    every = cKDTree(everyone).query_ball_point(places, radii + LINING_UM, return_length=True)
    sector = np.floor(np.arctan2(offset[..., 0], offset[..., 1]) / (2 * np.pi / _SECTORS)).astype(int) % _SECTORS
    held = np.zeros((len(places), _SECTORS), bool)
    held[np.nonzero(near)[0], sector[near]] = True
    pure = near.sum(axis=1) >= _LEAST_PURITY * every
    nuclei = near.sum(axis=1)
    found = [(float(held[i].mean()), float(radii[i]), int(nuclei[i]), places[i]) for i in np.flatnonzero(pure)]
    kept: list[tuple[float, float, int, np.ndarray]] = []
    for ring in sorted(found, key=lambda r: (-r[0], -r[1])):
        if all(np.hypot(*(ring[3] - other[3])) > ring[1] + other[1] for other in kept):
            kept.append(ring)
    return [ring[:3] for ring in kept]


def ring_likeness(lining: np.ndarray, everyone: np.ndarray, size: tuple[float, float]) -> float:
    """How closed the best ring is: share of its sectors, 0 without a ring."""
    return max((share for share, *_ in rings(lining, everyone, size)), default=0.0)


def placed_anew(points: np.ndarray, size: tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    """As many points at random, as far apart as nine in ten of these are: the arrangement that chance makes.

    Parameters
    ----------
    points
        At least 2.
    size
        Height and width of the window, um.

    Returns
    -------
    float64 (N, 2).
    """
    least = np.quantile(cKDTree(points).query(points, k=2)[0][:, 1], 0.1)
    made = np.full(points.shape, np.inf)
    for i in range(len(made)):
        tried = rng.random((_TRIES, 2)) * size
        rows, cols = (np.subtract.outer(tried[:, axis], made[:i, axis]) for axis in (0, 1))
        # On squares: `hypot` of each pair took most of the time of drawing windows.
        away = np.sqrt((rows * rows + cols * cols).min(axis=1, initial=np.inf))
        far = np.flatnonzero(away >= least)
        made[i] = tried[far[0] if len(far) else away.argmax()]
    return made


def crowding(points: np.ndarray) -> float:
    """Mean number of others of the same kind within `CROWD_UM`; 0 for fewer than 2 points."""
    if len(points) < 2:
        return 0.0
    return float(_counts_near(points, points).mean() - 1)


def aggregated(points: np.ndarray, everyone: np.ndarray, least: int) -> int:
    """How many of the points stand in a crowd of at least ``least`` of their own, three quarters of all there."""
    if not len(points):
        return 0
    own, total = _counts_near(points, points), _counts_near(points, everyone)
    return int(((own >= least) & (own >= 0.75 * total)).sum())


def purity(points: np.ndarray, everyone: np.ndarray) -> float:
    """Mean share of its own kind among the 6 nearest neighbours of each point; NaN with too few."""
    if not len(points) or len(everyone) <= _NEIGHBOURS:
        return float("nan")
    own = cKDTree(points)
    distance, index = cKDTree(everyone).query(points, k=_NEIGHBOURS + 1)
    del distance
    neighbours = everyone[index[:, 1:].ravel()]
    return float((own.query(neighbours)[0] == 0).mean())


def slimness(points: np.ndarray) -> float:
    """Spread along the longest axis over that across it; 1 for a round or square group."""
    if len(points) < 3:
        return 1.0
    across, along = np.sqrt(np.linalg.eigvalsh(np.cov(points.T)).clip(1e-6))
    return float(along / across)


def parted(first: np.ndarray, second: np.ndarray) -> float:
    """Share of the points on their own side of the best straight line (Fisher 1936), 0.5 to 1."""
    if min(len(first), len(second)) < 3:
        return 0.5
    within = np.cov(first.T) + np.cov(second.T) + np.eye(2) * 1e-6
    axis = np.linalg.solve(within, first.mean(0) - second.mean(0))
    cut = axis @ (first.mean(0) + second.mean(0)) / 2
    right = ((first @ axis > cut).mean() + (second @ axis < cut).mean()) / 2
    return float(max(right, 1 - right))


def surrounding(inner: np.ndarray, outer: np.ndarray) -> float:
    """How much one kind stands around the other: 0 for not at all, 1 for a closed rim.

    The share of 12 sectors around the middle of the inner ones that hold an
    outer one, times how clearly the outer ones are farther out (the chance that
    an outer one is farther than an inner one, carried from 0.5..1 to 0..1).
    """
    if min(len(inner), len(outer)) < 4:
        return 0.0
    middle = np.median(inner, axis=0)
    offset = outer - middle
    sectors = np.unique(np.floor(np.arctan2(*offset.T) / (2 * np.pi / _SECTORS)).astype(int) % _SECTORS)
    near, far = np.hypot(*(inner - middle).T), np.hypot(*offset.T)
    farther = (far[:, None] > near).mean()
    return float(len(sectors) / _SECTORS * max(0.0, 2 * farther - 1))


def evenness(points: np.ndarray, size: tuple[float, float]) -> float:
    """Mean nearest-neighbour distance over that of random points (Clark and Evans 1954); NaN below 6 points."""
    if len(points) < 6:
        return float("nan")
    nearest = cKDTree(points).query(points, k=2)[0][:, 1].mean()
    return float(nearest / (0.5 * np.sqrt(size[0] * size[1] / len(points))))


def _counts_near(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """int (N,): others within `CROWD_UM` of each point, a point itself included where it is among them."""
    return cKDTree(others).query_ball_point(points, CROWD_UM, return_length=True)
