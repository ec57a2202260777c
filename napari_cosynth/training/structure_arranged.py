"""Real windows arranged anew: clear borders, rims, bands and glands, of which real tissue shows too few.

Counts and places stay those of real windows, and classes are dealt out anew
among the places. A gland moves nuclei: its lining onto a ring, and what stands
near it aside, at times out of the window.
"""

from __future__ import annotations

import numpy as np

from napari_cosynth.classes import Taxonomy
from napari_cosynth.layouts.pattern import Pattern
from napari_cosynth.structure.shapes import LINING_UM, OUTSIDE_UM, lining_count, turned
from napari_cosynth.structure.traits import KINDS, LININGS, PAIRS

_LEAST = 6
"""Nuclei of each class that takes part."""
_SOFT_UM = 2.0
"""Standard deviation by which a border is not sharp."""
_LUMEN_UM = (8.0, 15.0)


def arranged(pattern: Pattern, taxonomy: Taxonomy, rng: np.random.Generator) -> Pattern | None:
    """The window with one clear structure; None if it has too few nuclei for the structure that was drawn by lot.

    Parameters
    ----------
    pattern
        Of a real window; marks are class ids of the taxonomy.
    """
    kind = rng.choice(["border", "rim", "band", "gland"])
    if kind == "gland":
        return _gland(pattern, taxonomy, rng)
    counts = pattern.counts(len(taxonomy))
    ids = {name: taxonomy.id_of(name) for name in KINDS if name in taxonomy.names}
    pairs = [(ids[a], ids[b]) for a, b in PAIRS if {a, b} <= ids.keys()]
    pairs = [pair for pair in pairs if counts[list(pair)].min() >= _LEAST]
    if not pairs:
        return None
    pair = pairs[int(rng.integers(len(pairs)))]
    taking_part = np.flatnonzero(np.isin(pattern.marks, pair))
    points = pattern.points[taking_part]
    middle = np.array(pattern.size) * rng.uniform(0.3, 0.7, 2)
    angle = rng.random() * 2 * np.pi
    across = turned(points, middle, angle)[:, 0]
    if kind == "border":
        order = across
    elif kind == "rim":
        # Around where nuclei are, so that there is something on every side.
        order = np.hypot(*(points - np.median(points, axis=0) - rng.normal(0, 4, 2)).T)
    else:
        order, pair = np.abs(across), pair[:: int(rng.choice([1, -1]))]
    first = counts[pair[0]]
    rank = np.argsort(order + rng.normal(0, _SOFT_UM, len(order)))
    marks = pattern.marks.copy()
    marks[taking_part[rank[:first]]], marks[taking_part[rank[first:]]] = pair
    return Pattern(pattern.points, marks, pattern.size, pattern.group)


def _gland(pattern: Pattern, taxonomy: Taxonomy, rng: np.random.Generator) -> Pattern | None:
    linings = [taxonomy.id_of(name) for name in LININGS if name in taxonomy.names]
    counts = pattern.counts(len(taxonomy))
    lining = max(linings, key=lambda index: counts[index])
    lumen = rng.uniform(*_LUMEN_UM)
    radius = lumen + LINING_UM
    n = lining_count(lumen)
    if counts[lining] < n:
        return None
    beyond = lumen + OUTSIDE_UM
    middle = np.array([rng.uniform(radius, side - radius) for side in pattern.size])
    offset = pattern.points - middle
    far = np.hypot(*offset.T)
    # The nearest ones of the lining go onto the ring, each in its order around it; the others make room.
    of = np.flatnonzero(pattern.marks == lining)
    ring = of[np.argsort(far[of])[:n]]
    ring = ring[np.argsort(np.arctan2(*offset[ring].T))]
    angles = (np.arange(n) + rng.random() + rng.normal(0, 0.15, n)) / n * 2 * np.pi
    direction = offset / np.maximum(far, 1e-6)[:, None]
    distance = np.where(far < 2 * beyond, beyond + far / 2, far)
    direction[ring] = np.stack([np.sin(angles), np.cos(angles)], axis=1)
    distance[ring] = radius + rng.normal(0, 1.0, n)
    points = middle + direction * distance[:, None]
    inside = ((points >= 0) & (points < pattern.size)).all(axis=1)
    return Pattern(points[inside], pattern.marks[inside], pattern.size, pattern.group)
