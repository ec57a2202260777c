"""Which layouts are variants of one: turned, mirrored, with points moved a little, taken away or added.

Knows arrays alone. Classes are left aside: a reclassed layout is a variant too.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import maximum_bipartite_matching
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

_SHARED = 0.5
"""Share of the smaller layout's points that two variants have in common, at least."""
_NEAR = 4.0
"""How far, px, a point may have moved: of those that the dock's jitter moves, six in seven stay nearer."""
_SAME = 0.015
"""How far apart, px, points may be that did not move: files hold hundredths."""
_CHANCE = 0.001
"""Share of the layouts, at most, that may meet another one of the same points by chance."""
_AROUND = 16.0
"""How far around a point, px, others are counted to learn how crowded it is there."""

_CELLS = ((128, 4), (1024, 8))
"""Side, px, of the cells that layouts are compared by at first, up to some side of the tile."""
_ALIKE = 0.25
"""How alike they must be there to be compared point by point: half of the points in common make about 0.5."""
_BLOCK = 256
"""Layouts that are compared with as many others at once: it bounds the memory."""

Orientation = tuple[bool, bool, bool]
"""Rows and cols exchanged, then mirrored downwards, then to the right."""
_AS_IS: Orientation = (False, False, False)
_ALL: tuple[Orientation, ...] = tuple(product((False, True), repeat=3))


class Places(NamedTuple):
    """Where the points of a layout are: float (N, 2) row, col in px, and the size of the tile."""

    centroids: np.ndarray
    height: int
    width: int

    def oriented(self, orientation: Orientation) -> Places:
        """Turned and mirrored within its tile."""
        turned, down, right = orientation
        (rows, cols), height, width = self.centroids.T, self.height, self.width
        if turned:
            rows, cols, height, width = cols, rows, width, height
        rows, cols = height - 1 - rows if down else rows, width - 1 - cols if right else cols
        return Places(np.stack([rows, cols], axis=1), height, width)


def layout_key(places: Places) -> str:
    """A hash that layouts share which differ by order, turning and mirroring alone."""
    keys = []
    for orientation in _ALL:
        centroids, height, width = places.oriented(orientation)
        hundredths = np.rint(centroids * 100).astype(np.int64) + 100
        codes = np.unique(hundredths[:, 0] << 32 | hundredths[:, 1])
        keys.append(hashlib.sha256(f"{height} {width} ".encode() + codes.astype("<i8").tobytes()).hexdigest()[:16])
    return min(keys)


def layout_groups(layouts: Mapping[str, Places]) -> dict[str, str]:
    """The group of each layout key: the least key of all layouts that hang together as variants.

    Two layouts are variants if, in one of eight orientations, at least half of the
    smaller one's points are in the other too: at the very same places, or within a
    few px and more of them than unrelated layouts as crowded would ever share.

    Parameters
    ----------
    layouts
        By `layout_key`.
    """
    keys = sorted(layouts)
    places = [layouts[key] for key in keys]
    # Of each layout the first of its group. By size of the tile, so that few blocks hold tiles of several sizes.
    group = np.arange(len(keys))
    unlikely = math.log(max(len(keys) - 1, 1) / 2 * len(_ALL) / _CHANCE)
    order = sorted((i for i in range(len(keys)) if len(places[i].centroids)), key=lambda i: (_side(places[i]), i))
    blocks = [np.array(order[at : at + _BLOCK]) for at in range(0, len(order), _BLOCK)]
    for one, other, turn_one, turn_other, alike in _alike(places, blocks):
        # What hangs together already needs no closer look: a thousand variants of one layout are half a million pairs.
        for a, b in np.argwhere(alike & (group[one][:, None] != group[other])):
            i, j = one[a], other[b]
            if group[i] == group[j]:
                continue
            if _variants(places[i].oriented(turn_one), places[j].oriented(turn_other), unlikely):
                first, second = sorted((group[i], group[j]))
                group[group == second] = first
    return {key: keys[first] for key, first in zip(keys, group.tolist(), strict=True)}


def _alike(
    places: Sequence[Places], blocks: Sequence[np.ndarray]
) -> Iterator[tuple[np.ndarray, np.ndarray, Orientation, Orientation, np.ndarray]]:
    """Which layouts are worth a comparison point by point, two blocks and their orientations at a time.

    Each layout is an image of a few hundred cells, its even density taken off; how
    much of the one with fewer points is in the other is then a product of matrices.
    """
    counts = np.array([len(p.centroids) for p in places])
    for at, other in enumerate(blocks):
        side = max(_side(places[i]) for i in other)
        turned = {turn: _cells([places[i].oriented(turn) for i in other], side) for turn in _ALL}
        energy = (turned[_AS_IS] ** 2).sum(axis=1)
        for one in blocks[: at + 1]:
            image = _cells([places[i] for i in one], side)
            fewer = counts[one][:, None] <= counts[other]
            enough = _ALIKE * np.where(fewer, (image**2).sum(axis=1)[:, None], energy)
            for turn in _ALL:
                yield one, other, _AS_IS, turn, image @ turned[turn].T >= enough
            if len({places[i][1:] for i in (*one, *other)}) > 1:
                # A larger tile keeps the upper left corner of the smaller one. Turned, it has another.
                for turn in _ALL[1:]:
                    image = _cells([places[i].oriented(turn) for i in one], side)
                    yield one, other, turn, _AS_IS, image @ turned[_AS_IS].T >= enough


def _cells(layouts: Sequence[Places], side: int) -> np.ndarray:
    """float32 (layouts, cells): each point as 1, spread over the four cells around it, less what even density gives."""
    cell = next(cell for most, cell in _CELLS if side <= most)
    n = side // cell + 2
    counts = np.array([len(p.centroids) for p in layouts])
    which = np.repeat(np.arange(len(layouts)), counts)
    rows, cols = np.concatenate([p.centroids for p in layouts]).T
    image = np.zeros(len(layouts) * n * n)
    for (row, down), (col, right) in product(_spread(rows, cell), _spread(cols, cell)):
        image += np.bincount((which * n + row) * n + col, down * right, len(image))
    even = {p[1:]: np.outer(*(_even(s, cell, n) for s in p[1:])).ravel() for p in layouts}
    flat = counts[:, None] * np.stack([even[p[1:]] for p in layouts])
    return (image.reshape(len(layouts), -1) - flat).astype(np.float32)


def _spread(along: np.ndarray, cell: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Both cells that each place lies between, and its shares of them, whose squares make 1."""
    at, share = np.divmod((along + 0.5) / cell, 1)
    length = np.hypot(share, 1 - share)
    index = at.astype(np.int64)
    return [(index, (1 - share) / length), (index + 1, share / length)]


def _even(side: int, cell: int, n: int) -> np.ndarray:
    """What one point, as likely here as there along a side, gives to each of ``n`` cells."""
    return sum(np.bincount(index, share, n) for index, share in _spread(np.arange(side), cell)) / side


def _variants(one: Places, other: Places, unlikely: float) -> bool:
    """Whether two layouts, as they are turned, have enough points in common.

    Parameters
    ----------
    unlikely
        Negative logarithm of what chance may be left for that, in one orientation.
    """
    few, many = sorted((one.centroids, other.centroids), key=len)
    n, half = len(few), _SHARED * len(few)
    apart = cdist(few, many)
    near = apart <= _NEAR
    if near.any(axis=1).sum() < half:
        return False
    if (apart <= _SAME).any(axis=1).sum() >= half:
        return True
    # Of points that crowd around one of the other layout's, only one can be that one.
    share = (maximum_bipartite_matching(sparse.csr_array(near), perm_type="column") >= 0).sum() / n
    by_chance = max(_chance_of_near(p) for p in (one, other))
    if share < _SHARED or share <= by_chance:
        return False
    # Chernoff's bound on the tail of a binomial distribution.
    rest = (1 - share) * math.log((1 - share) / (1 - by_chance)) if share < 1 else 0.0
    return n * (share * math.log(share / by_chance) + rest) >= unlikely


def _chance_of_near(places: Places) -> float:
    """The chance that a point of an unrelated layout is near to one of these."""
    centroids, height, width = places
    even = len(centroids) / (height * width)
    # Nuclei crowd: a point that falls among them is near to one more often than on even ground.
    around = cKDTree(centroids).query_ball_point(centroids, _AROUND, return_length=True) - 1
    density = np.maximum(around / (math.pi * _AROUND**2), even)
    return float(-np.expm1(-density * math.pi * _NEAR**2).mean())


def _side(places: Places) -> int:
    return max(places.height, places.width)
