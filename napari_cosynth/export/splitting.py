"""Train, val and test by layout: variants of one layout stay together.

A model that saw a layout in training is not tested on its mirror image, on the
same points with other noise, or on the layout with a few points moved. Classes
are left aside: a reclassed layout is a variant too. Knows arrays alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from napari_cosynth.export.exporter import ExportError

SPLITS = ("train", "val", "test")
_SHARED = 0.5
"""Share of the smaller layout's points from which two layouts count as variants of one."""


def point_codes(centroids: np.ndarray) -> np.ndarray:
    """int64 (N,), ascending: each point's place to a hundredth of a px as one number."""
    places = np.rint(centroids * 100).astype(np.int64) + 100
    return np.unique(places[:, 0] << 32 | places[:, 1])


def layout_key(centroids: np.ndarray, height: int, width: int) -> str:
    """A hash that layouts share which differ by order, turning and mirroring alone.

    Parameters
    ----------
    centroids
        Float (N, 2): row, col in px.
    """
    keys = []
    for turned in (False, True):
        rows, cols = centroids.T[::-1] if turned else centroids.T
        h, w = (width, height) if turned else (height, width)
        for r in (rows, h - 1 - rows):
            for c in (cols, w - 1 - cols):
                codes = point_codes(np.stack([r, c], axis=1))
                keys.append(hashlib.sha256(f"{h} {w} ".encode() + codes.astype("<i8").tobytes()).hexdigest()[:16])
    return min(keys)


def layout_groups(codes: Mapping[str, np.ndarray]) -> dict[str, str]:
    """The group of each layout key: the least key of all layouts that hang together by shared points.

    Parameters
    ----------
    codes
        `point_codes` by `layout_key`.
    """
    keys = sorted(codes)
    if not keys:
        return {}
    sizes = np.array([len(codes[key]) for key in keys])
    columns = np.unique(np.concatenate([codes[key] for key in keys]), return_inverse=True)[1]
    rows = np.repeat(np.arange(len(keys)), sizes)
    has = sparse.csr_array((np.ones(len(rows), np.int32), (rows, columns)), shape=(len(keys), max(1, columns.size)))
    shared = (has @ has.T).tocoo()
    a, b = shared.coords
    variants = shared.data >= _SHARED * np.minimum(sizes[a], sizes[b])
    linked = sparse.coo_array((variants[variants], (a[variants], b[variants])), shape=shared.shape)
    _, label = connected_components(linked, directed=False)
    least: dict[int, str] = {}
    for key, group in zip(keys, label.tolist(), strict=True):
        least.setdefault(group, key)
    return {key: least[group] for key, group in zip(keys, label.tolist(), strict=True)}


def assign_splits(tiles: Mapping[str, int], shares: Sequence[float]) -> dict[str, str]:
    """The split of each group.

    In the order of their hashes, the groups go where most tiles are lacking. Every
    split that was asked for gets at least one.

    Parameters
    ----------
    tiles
        Number of tiles of each group.
    shares
        Of train, val and, if three, test.

    Raises
    ------
    ExportError
        If there are fewer groups than splits.
    """
    wanted = {split: share for split, share in zip(SPLITS, shares, strict=False) if share > 0}
    if len(tiles) < len(wanted):
        raise ExportError(
            f"{len(tiles)} layouts cannot fill {len(wanted)} sets ({', '.join(wanted)}), because variants of one "
            "layout stay together; make tiles of more layouts, or ask for fewer sets"
        )
    total = sum(tiles.values())
    lacking = {split: share * total for split, share in wanted.items()}
    empty, split_of = list(wanted), {}
    for left, group in zip(range(len(tiles), 0, -1), sorted(tiles), strict=True):
        split = max(empty if left == len(empty) else wanted, key=lacking.__getitem__)
        split_of[group] = split
        lacking[split] -= tiles[group]
        if split in empty:
            empty.remove(split)
    return split_of
