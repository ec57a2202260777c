"""Makes the index of training tissue that ships with a model, and measures what it finds.

Tiles are read one at a time and several times, so that large data sets need no
more memory than their fingerprints.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from napari_cosynth.data.labelled import WORKING_UM_PER_PX, LabelledTile
from napari_cosynth.model.fingerprint import BLOCK, CELL, Projection, blocks_at, cell_features, places
from napari_cosynth.model.nearest import WINDOW, TrainingIndex
from napari_cosynth.model.segmenter import Segmenter
from napari_cosynth.training.copies import any_patch, copied
from napari_cosynth.training.fingerprint_fit import Pairs, copy_pairs, fit_projection

TILE = 256
"""Side of the images that the unit is measured on, px."""
_LEARNT, _TRIED = 600, 100
"""Tiles that fingerprints are learnt on, and that are looked up for the unit and to test; some more of large sets."""
_A_TILE = 4
"""Most real images from one tile."""
_RANK = 3
"""The usual distance is to the tile with so many-th similar tissue."""

_CHUNK = 32
"""Blocks that are compared with all others at once: few enough for the processor's cache."""

Tiles = Callable[[], Iterable[LabelledTile]]


@dataclass(frozen=True)
class Stage:
    """How far the making is; ``done`` counts tiles."""

    name: str
    done: int


@dataclass(frozen=True)
class Found:
    """The index, and the share of copies of training tissue and of unseen real tiles that it calls too close."""

    index: TrainingIndex
    copies: tuple[int, int]
    unseen: tuple[int, int]


def make_index(network: Segmenter, segmenter: str, train: Tiles, val: Tiles, seed: int = 0) -> Iterator[Stage | Found]:
    """Make an index; the last event is `Found`.

    Parameters
    ----------
    network, segmenter
        The segmenter and its hash.
    train
        Reads the tiles that the model was trained on, at any pixel size.
    val
        Reads tiles that it was not trained on. They give the unit; one half of them
        by the unit of the other tells how often real tissue is called too close.
    seed
        Of the places and looks of the copies.

    Raises
    ------
    ValueError
        If no tile of one of the two is large enough.
    """
    pairs: list[Pairs] = []
    for i, tile in _spread(train(), _LEARNT):
        pairs.append(copy_pairs(network, tile, np.random.default_rng([seed, i, 0])))
        yield Stage("learning what copies keep", i + 1)
    projection = fit_projection(pairs or [(np.zeros((0, 1, 1, 1)),) * 2])
    del pairs
    prints, sources = [], Counter()
    for i, tile in enumerate(_large(train())):
        prints.append(block_prints(network, projection, tile.image))
        sources[tile.source] += 1
        yield Stage("training tissue", i + 1)
    grids = np.array([p.shape[:2] for p in prints], np.int32)
    codes, scale = _coded(np.concatenate([p.reshape(-1, projection.dimensions) for p in prints]))
    usual = usual_distances(codes * scale, grids.prod(axis=1))
    index = TrainingIndex(projection, codes, scale, usual, grids, 1.0, segmenter, {})
    facts = {"blocks": len(codes), "tiles": dict(sorted(sources.items()))}
    yield from calibrated(index, network, train, val, seed, facts)


def calibrated(
    index: TrainingIndex, network: Segmenter, train: Tiles, val: Tiles, seed: int, facts: dict[str, Any]
) -> Iterator[Stage | Found]:
    """Give an index its unit, and measure what it finds; as `make_index`.

    Parameters
    ----------
    facts
        To which what is measured is added.
    """
    real: tuple[list[float], list[float]] = ([], [])
    index = replace(index, unit=1.0)
    for i, (half, image) in _spread_images(val()):
        real[half].append(_distance(index, network, image))
        yield Stage("unseen tissue", i + 1)
    if not any(real):
        raise ValueError(
            f"no tile of the split val is at least {WINDOW} px at 0.25 um/px; the unit of the distance is measured on "
            "real tissue that the model never saw: give such tiles"
        )
    unit = float(np.percentile(real[0] + real[1], 1))
    index = replace(index, unit=unit)
    copies = []
    for i, tile in _spread(train(), _TRIED):
        rng = np.random.default_rng([seed, i, 1])
        copies.append(_distance(index, network, copied(any_patch(tile.image, TILE, rng)[0], rng)))
        yield Stage("copies", i + 1)
    found = sum(distance < 1 for distance in copies), len(copies)
    # Each half by the unit that the other one gives.
    halves = [(one, np.percentile(other, 1)) for one, other in (real, real[::-1]) if one and other]
    taken = int(sum((np.array(one) < limit).sum() for one, limit in halves)), sum(len(one) for one, _ in halves)
    facts |= {
        "median_unseen": round(float(np.median(real[0] + real[1])) / unit, 3),
        "median_copy": round(float(np.median(copies)), 3),
        "copies_found": found,
        "unseen_taken_for_copies": taken,
    }
    yield Found(replace(index, facts=facts), found, taken)


def _distance(index: TrainingIndex, network: Segmenter, image: np.ndarray) -> float:
    distance = index.distance(network, image)
    assert distance is not None  # tiles smaller than a window are left out
    return distance


def block_prints(network: Segmenter, projection: Projection, image: np.ndarray) -> np.ndarray:
    """Fingerprints float32 (rows, columns, d) of the blocks of an image, side by side."""
    cells = projection.cells(cell_features(network, image, CELL))
    corners = places(cells, BLOCK, CELL)
    shape = corners[-1] // (BLOCK // CELL) + 1
    return projection.fingerprints(blocks_at(cells, corners, CELL)).reshape(*shape, -1)


def usual_distances(prints: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """float16 (n,): distance of each block to the tile that has the third most similar block, its own apart.

    Not the first: what was scanned twice must not hide its copies. Where there are
    fewer tiles, the last of them; of a single tile, the centre of its blocks.

    Parameters
    ----------
    prints
        float32 (n, d), tile after tile.
    sizes
        int (tiles,): number of blocks of each tile.
    """
    rows = torch.from_numpy(prints)
    if len(sizes) < 2:
        distances = np.linalg.norm(prints - prints.mean(axis=0), axis=1)
    else:
        square, parts, first = (rows**2).sum(dim=1), [], np.cumsum(sizes) - sizes
        rank = min(_RANK, len(sizes) - 1) - 1
        for own, (start, size) in enumerate(zip(first.tolist(), sizes.tolist(), strict=True)):
            for part, its in zip(*(a[start : start + size].split(_CHUNK) for a in (rows, square)), strict=True):
                away = torch.addmm(square[None], part, rows.T, alpha=-2)
                nearest = np.delete(np.minimum.reduceat(away.numpy(), first, axis=1), own, axis=1)
                parts.append(np.partition(nearest, rank, axis=1)[:, rank] + its.numpy())
        distances = np.sqrt(np.maximum(np.concatenate(parts), 0))
    return np.maximum(distances, 1e-3).astype(np.float16)


def _coded(prints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """int8 codes and the scale of each axis; the outermost in a thousand are cut off."""
    scale = np.maximum(np.percentile(np.abs(prints), 99.9, axis=0), 1e-6).astype(np.float32) / 127
    return np.clip(np.rint(prints / scale), -127, 127).astype(np.int8), scale


def _large(tiles: Iterable[LabelledTile]) -> Iterator[LabelledTile]:
    """Those with an image that holds a window, at the pixel size that models work at."""
    for tile in tiles:
        if tile.image is not None:
            tile = tile.at_um_per_px(WORKING_UM_PER_PX)
            if min(tile.shape) >= WINDOW:
                yield tile


def _spread(tiles: Iterable[LabelledTile], most: int) -> Iterator[tuple[int, LabelledTile]]:
    """Tiles with their numbers: all of the first ``most``, then ever fewer, so that large sets take not much longer."""
    every = 1
    for i, tile in enumerate(_large(tiles)):
        every = max(every, 2 ** (i // most))
        if i % every == 0:
            yield i, tile


def _spread_images(tiles: Iterable[LabelledTile]) -> Iterator[tuple[int, tuple[int, np.ndarray]]]:
    """Numbered images of at most `TILE` px, side by side, and the half (0 or 1) that their tile is in."""
    for number, tile in _spread(tiles, _TRIED):
        height, width = (min(TILE, side - side % 16) for side in tile.shape)
        corners = [
            (row, col)
            for row in range(0, tile.shape[0] - height + 1, height)
            for col in range(0, tile.shape[1] - width + 1, width)
        ]
        for row, col in corners[:: max(1, -(-len(corners) // _A_TILE))]:
            yield number, (number % 2, tile.image[row : row + height, col : col + width])
