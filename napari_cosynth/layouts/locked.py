"""Which nuclei stay when others are placed anew.

They are known by their places: no two nuclei share one, and it outlives what
changes their order and number. A layout is a value whose points have no names,
so for nuclei that were moved it is told which layout came of which.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from napari_cosynth.layout import Layout

Place = tuple[float, float]


@dataclass(frozen=True)
class Locked:
    """Places (row, col in px) of locked nuclei.

    Those beyond the tile's lower and right border are of nuclei that a smaller
    size has left out: they come back with a larger one.
    """

    places: frozenset[Place] = frozenset()

    def mask(self, layout: Layout) -> np.ndarray:
        """bool (N,): the locked points of a layout."""
        return np.array([place in self.places for place in _places(layout)], bool)

    def with_points(self, layout: Layout, indices: Iterable[int]) -> Locked:
        """With more points of a layout locked.

        Raises
        ------
        IndexError
            If the layout has no such point.
        """
        places = dict(enumerate(_places(layout)))
        try:
            return Locked(self.places | {places[int(i)] for i in indices})
        except KeyError as error:
            raise IndexError(f"no point at index {error}: the layout has {len(layout)}, counted from 0") from None

    def of(self, layout: Layout) -> Locked:
        """Those that hold a nucleus of a layout, or lie beyond its tile."""
        if not self.places:
            return self
        there = set(_places(layout))
        return Locked(frozenset(p for p in self.places if p in there or _is_beyond(p, layout)))

    def followed(self, before: Layout, after: Layout) -> Locked:
        """The locks of the nuclei of ``before`` in the layout that came of it.

        A nucleus that is still in its place is the same one, whatever its number
        and class. Where locked ones are not, but there are as many points of the
        same classes, they were moved, turned or jittered, and keep their numbers.
        """
        if not self.places or after == before:
            return self
        held = set(_places(before)) & self.places
        if not _same_numbers(before, after) or (held <= set(_places(after)) and not _is_turned(before, after)):
            return self.of(after)
        now = _places(after)
        moved = {now[i] for i in np.flatnonzero(self.mask(before))}
        return Locked(frozenset(moved | {p for p in self.places - held if _is_beyond(p, after)}))


def _places(layout: Layout) -> list[Place]:
    return [tuple(point) for point in layout.centroids.tolist()]


def _same_numbers(before: Layout, after: Layout) -> bool:
    return np.array_equal(before.class_ids, after.class_ids)


def _is_turned(before: Layout, after: Layout) -> bool:
    # On a tile that is nearly symmetric, another nucleus may stand where a locked one stood.
    return after in (before.mirrored(), before.rotated())


def _is_beyond(place: Place, layout: Layout) -> bool:
    return place[0] >= layout.height - 0.5 or place[1] >= layout.width - 0.5
