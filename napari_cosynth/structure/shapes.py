"""Shapes of glands and bands: where they lie, and how far a place is from them.

Geometry alone, in micrometres: points are float (N, 2), row and col. It knows
no class and no word.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

LINING_UM = 3.5
"""From the edge of a lumen to the middles of the lining's nuclei."""
SPACING_UM = 6.5
"""Between the nuclei of a lining."""
OUTSIDE_UM = 9.0
"""From the edge of a lumen to where other nuclei begin."""
OUTER_UM = (17.0, 45.0)
"""Least and largest radius of a gland, from its middle to where other nuclei begin."""
LEAST_LINING = 8
"""With fewer nuclei, no ring is seen."""
_NARROWEST = 0.8
"""Least width over length of a gland."""
_APART_UM = -4.0
"""Between the outer edges of two glands: below 0, as two linings may share what lies between them."""
_CUT = 0.4
"""Least part of a gland's lining that lies inside the tile; the first one lies inside as a whole."""
_TRIES = 64
_MOST = 200
_AROUND = 32
BAND_UM = (15.0, 30.0)
"""Least and largest width of a band."""
BEND_PER_UM = 0.01
"""Most that a band is curved: 5 um over 64."""
AREA_UM2 = 90.0
"""Of a band for each of its nuclei, between the two widths."""

Likely = Callable[[np.ndarray], np.ndarray]
"""How likely nuclei are at points (N, 2) that may lie outside of the tile: float (N,)."""


@dataclass(frozen=True)
class Ring:
    """A gland cut across, an ellipse.

    Parameters
    ----------
    middle
        Row and col, um.
    lumen
        Radius of a circle as large as the lumen, um.
    narrowness
        Width over length, at most 1.
    angle
        Of its length, radians.
    """

    middle: tuple[float, float]
    lumen: float
    narrowness: float = 1.0
    angle: float = 0.0

    def beyond(self, points: np.ndarray) -> np.ndarray:
        """float (N,): about how far points lie beyond the edge of the lumen, um; below 0 inside."""
        along = turned(points, self.middle, self.angle) * np.sqrt([1 / self.narrowness, self.narrowness])
        return np.hypot(*along.T) - self.lumen

    def reach(self, beyond: float) -> float:
        """How far from the middle a place that lies ``beyond`` the lumen's edge can be, um."""
        return float((self.lumen + beyond) / np.sqrt(self.narrowness))

    def lining(self) -> np.ndarray:
        """float (32, 2): places evenly around, where the lining's nuclei have their middles."""
        turns = np.arange(_AROUND) / _AROUND * 2 * np.pi
        axes = (self.lumen + LINING_UM) * np.sqrt([self.narrowness, 1 / self.narrowness])
        at = np.stack([np.sin(turns), np.cos(turns)], axis=1) * axes
        return _turned_back(at, self.middle, self.angle)


@dataclass(frozen=True)
class Band:
    """A band without an end.

    Parameters
    ----------
    middle
        Row and col, um.
    width
        In um.
    angle
        Of its length at the middle, radians.
    bend
        Curvature at the middle, 1/um: 0 for straight.
    """

    middle: tuple[float, float]
    width: float
    angle: float
    bend: float = 0.0

    def beyond(self, points: np.ndarray) -> np.ndarray:
        """float (N,): about how far points lie beyond its edges, um; below 0 inside."""
        across, along = turned(points, self.middle, self.angle).T
        return np.abs(across - self.bend / 2 * along**2) - self.width / 2

    def spine(self, along: np.ndarray) -> np.ndarray:
        """float (N, 2): places in the middle of its width, by the distance from its middle, um."""
        return _turned_back(np.stack([self.bend / 2 * along**2, along], axis=1), self.middle, self.angle)


def turned(points: np.ndarray, middle: tuple[float, float] | np.ndarray, angle: float) -> np.ndarray:
    """float (N, 2): points across and along a line through ``middle`` at ``angle`` (0: along the columns), um."""
    sine, cosine = np.sin(angle), np.cos(angle)
    return (points - np.asarray(middle)) @ np.array([[cosine, sine], [-sine, cosine]])


def _turned_back(points: np.ndarray, middle: tuple[float, float], angle: float) -> np.ndarray:
    """The inverse of `turned`."""
    sine, cosine = np.sin(angle), np.cos(angle)
    return points @ np.array([[cosine, -sine], [sine, cosine]]) + middle


def lining_count(lumen: float) -> int:
    """Nuclei in the lining of a lumen of that radius, um."""
    return round(2 * np.pi * (lumen + LINING_UM) / SPACING_UM)


def drawn_rings(n: int, size: tuple[float, float], likely: Likely, rng: np.random.Generator, least: int) -> list[Ring]:
    """Glands for a number of nuclei, none over another, where nuclei are likely.

    Parameters
    ----------
    n
        Nuclei that shall line them.
    size
        Height and width of the tile, um.
    likely
        Of several places and sizes, that one is taken whose lining lies where it is highest.
    least
        Glands that there shall be at least, if they find room.

    Returns
    -------
    The first one lies inside the tile as a whole; none where the tile is too
    small or the nuclei too few.
    """
    rings: list[Ring] = []
    left = n
    while left >= LEAST_LINING and len(rings) < _MOST:
        allowed = left / max(1, least - len(rings))
        tried = [_tried(size, whole=not rings, rng=rng) for _ in range(_TRIES)]
        found = [(ring, inside) for ring, inside in tried if ring is not None and _apart(ring, rings)]
        found = [(ring, inside) for ring, inside in found if round(inside * lining_count(ring.lumen)) <= allowed]
        if not found:
            break
        best, inside = max(found, key=lambda one: likely(one[0].lining()).mean())
        rings.append(best)
        left -= max(1, round(inside * lining_count(best.lumen)))
    return rings


def drawn_band(n: int, size: tuple[float, float], likely: Likely, rng: np.random.Generator) -> Band:
    """A band across the tile for a number of nuclei, where they are likely; parameters as `drawn_rings`."""
    width = float(np.clip(n * AREA_UM2 / np.mean(size), *BAND_UM))
    steps = np.linspace(-max(size), max(size), 4 * _AROUND)
    best, most = None, -np.inf
    for _ in range(_TRIES // 4):
        row, col = np.array(size) * rng.uniform(0.3, 0.7, 2)
        band = Band((row, col), width, rng.random() * np.pi, rng.uniform(-BEND_PER_UM, BEND_PER_UM))
        spine = band.spine(steps)
        value = likely(spine[_inside(spine, size)]).mean()
        if value > most:
            best, most = band, value
    return best


def _tried(size: tuple[float, float], whole: bool, rng: np.random.Generator) -> tuple[Ring | None, float]:
    """A gland by lot and the part of its lining inside the tile; None if too little is."""
    narrowness = rng.uniform(_NARROWEST, 1)
    # The longer half of a gland that lies inside as a whole must fit.
    largest = min(OUTER_UM[1], min(size) / 2 * np.sqrt(narrowness)) if whole else OUTER_UM[1]
    if largest < OUTER_UM[0]:
        return None, 0.0
    outer = rng.uniform(OUTER_UM[0], largest)
    reach = outer if whole else 0.0
    row, col = (rng.uniform(min(reach, side / 2), max(side - reach, side / 2)) for side in size)
    ring = Ring((row, col), outer - OUTSIDE_UM, narrowness, rng.random() * np.pi)
    inside = float(_inside(ring.lining(), size).mean())
    return (ring, inside) if inside >= (1 if whole else _CUT) else (None, inside)


def _apart(ring: Ring, others: list[Ring]) -> bool:
    def outer(one: Ring) -> float:
        # Between the longer half and that of a circle as large: few ellipses meet at their tips.
        return (one.lumen + OUTSIDE_UM) / np.sqrt(np.sqrt(one.narrowness))

    return all(
        np.hypot(*np.subtract(ring.middle, other.middle)) >= outer(ring) + outer(other) + _APART_UM for other in others
    )


def _inside(points: np.ndarray, size: tuple[float, float]) -> np.ndarray:
    return ((points >= 0) & (points < size)).all(axis=1)
