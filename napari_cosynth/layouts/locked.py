"""Which nuclei stay when others are placed anew.

They are known by their places, so that undo, which brings places back, brings
their locks back as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from napari_cosynth.layout import Layout

Place = tuple[float, float]


@dataclass(frozen=True)
class Locked:
    """Places (row, col in px) of locked nuclei; one that holds no nucleus now is kept for undo."""

    places: frozenset[Place] = frozenset()

    def mask(self, layout: Layout) -> np.ndarray:
        """bool (N,): the locked points of a layout."""
        return np.array([place in self.places for place in _places(layout)], bool)

    def with_points(self, layout: Layout, indices: Iterable[int]) -> Locked:
        """With more points of a layout locked."""
        places = _places(layout)
        return Locked(self.places | {places[i] for i in indices})

    def followed(self, before: Layout, after: Layout) -> Locked:
        """With the locks of nuclei that were moved, mirrored or jittered: as many points of the same classes."""
        if len(before) != len(after) or not np.array_equal(before.class_ids, after.class_ids):
            return self
        there, now = set(_places(after)), _places(after)
        moved = {now[i] for i in np.flatnonzero(self.mask(before)) if tuple(before.centroids[i].tolist()) not in there}
        return Locked(self.places | moved) if moved else self


def _places(layout: Layout) -> list[Place]:
    return [tuple(point) for point in layout.centroids.tolist()]
