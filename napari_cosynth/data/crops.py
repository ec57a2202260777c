"""Training crops: a place in a tile, its labels as the crop sees them, a caption.

Crop number i is the same in every run with the same seed, whatever came before
it: an interrupted training goes on with exactly the data it would have seen.
Numpy only; `training` makes tensors of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage as ndi
from scipy.spatial import cKDTree
from skimage.measure import label as connected_fragments

from napari_cosynth.classes import UNSPECIFIED, Taxonomy
from napari_cosynth.data.captions import describe, write_caption, write_plain_caption
from napari_cosynth.data.labelled import LabelledTile
from napari_cosynth.data.stain import jitter_stain
from napari_cosynth.interior import interior_distance, interior_points

CLASSLESS_SHARE = 0.25
"""Share of crops shown without the class of any point: there the prompt alone says what tissue and stain it is."""
PLAIN_SHARE = 0.25
"""Share of crops whose caption says tissue and stain alone: no other word helps to tell them there."""
UNSTATED_SHARE = 0.1
"""Share of single points shown without their class in the other crops."""
POINT_JITTER = 1.0
"""Spread of the distance by which points miss the deepest pixel, px: people do not click exactly."""
SMALLEST_FRAGMENT = 12
"""Fragments with fewer pixels get no point: nobody would click there."""
KNOWN_MARGIN = 2
"""How far around an annotated nucleus of a partial tile the background is known, px."""
DISC_RADIUS = 4.0
"""Around a point without a mask the class is known this far, px: within the smallest nuclei."""
DISC_WEIGHT = 6.0
"""Weight of a pixel of such a disc: it stands for the whole nucleus, some 300 px."""


@dataclass(frozen=True)
class Crop:
    """What one crop teaches.

    ``image`` uint8 (h, w, 3); ``instances`` int32 (h, w), visible fragments
    numbered from 1; ``distance`` float32 (h, w), their `interior_distance`;
    ``fragment_class`` class id (taxonomy) of fragments that have one; ``known``
    bool (h, w), where the labels speak; ``class_weight`` float32 (h, w), how much
    the class of a pixel counts (1 where known, more in the discs of points without
    masks, whose ``instances`` are these discs); ``points`` float (N, 2) and
    ``point_classes`` int (N,), the layout; ``complete`` whether each nucleus
    has a point; ``caption`` the prompt.
    """

    image: np.ndarray
    instances: np.ndarray
    distance: np.ndarray
    fragment_class: dict[int, int]
    known: np.ndarray
    class_weight: np.ndarray
    points: np.ndarray
    point_classes: np.ndarray
    complete: bool
    caption: str
    source: str


class CropSampler:
    """Draws crops from tiles: sources by the square root of their area, classes in balance.

    Parameters
    ----------
    tiles
        Tiles with images, at any pixel size: they are resampled to 0.25 um.
    taxonomy
        Class names that the tiles use and the model knows. A class that it does
        not know counts as unspecified.
    size
        Side of a crop, px; tiles smaller than that are left out.
    seed
        Start of all random choices.
    source_weights
        Factors on the share of each source, 1 where not named.
    augment
        Flips, rotations and stain jitter; without it crops keep their look.
    """

    def __init__(
        self,
        tiles: Sequence[LabelledTile],
        taxonomy: Taxonomy,
        size: int = 128,
        seed: int = 0,
        source_weights: Mapping[str, float] | None = None,
        augment: bool = True,
    ) -> None:
        self.taxonomy, self.size, self.seed, self.augment = taxonomy, size, seed, augment
        resampled = (t.at_um_per_px(0.25) for t in tiles if t.image is not None)
        self.tiles = [t for t in resampled if min(t.shape) >= size]
        if not self.tiles:
            raise ValueError(
                f"no tile has an image of at least {size} x {size} px at 0.25 um/px; "
                "give tiles with images or a smaller crop size"
            )
        weights = dict(source_weights or {})
        sources = sorted({t.source for t in self.tiles})
        unknown = sorted(set(weights) - set(sources))
        if unknown:
            raise ValueError(f"no source is called {', '.join(unknown)}; sources: {', '.join(sources)}")
        if not any(weights.get(source, 1.0) for source in sources):
            raise ValueError(
                f"all sources have the weight 0 ({', '.join(sources)}), so there is nothing to draw; "
                "give at least one of them a weight above 0"
            )
        area = np.array([t.shape[0] * t.shape[1] for t in self.tiles], float)
        share = np.zeros(len(self.tiles))
        for source in sources:
            of_source = np.array([t.source == source for t in self.tiles])
            # Points without masks teach the image alone: they count less.
            masks = 1.0 if any(t.instances is not None for t in self.tiles if t.source == source) else 0.4
            total = area[of_source].sum()
            share[of_source] = area[of_source] / total * np.sqrt(total) * masks * weights.get(source, 1.0)
        self.share = share / share.sum()
        self.class_ids = [self._class_ids(t) for t in self.tiles]

    def crop(self, index: int) -> Crop:
        """Crop number ``index``, always the same one."""
        rng = np.random.default_rng([self.seed, index])
        which = int(rng.choice(len(self.tiles), p=self.share))
        tile, class_ids = self.tiles[which], self.class_ids[which]
        window = self._window(tile, class_ids, rng)
        image = tile.image[window]
        if tile.instances is not None:
            crop = self._masked(tile, class_ids, image, tile.instances[window], rng)
        else:
            crop = self._pointed(tile, class_ids, image, window, rng)
        shown = crop.point_classes.copy()
        unstated = 1.0 if rng.random() < CLASSLESS_SHARE else UNSTATED_SHARE
        shown[rng.random(len(shown)) < unstated] = self.taxonomy.unspecified
        names = tuple(self.taxonomy.names[i] for i in crop.point_classes)
        if self.augment:
            crop = replace(crop, image=jitter_stain(crop.image, rng))
        write = write_plain_caption if rng.random() < PLAIN_SHARE else write_caption
        caption = write(describe(tile, crop.image, crop.points, names), rng)
        return replace(crop, point_classes=shown, caption=caption)

    def _class_ids(self, tile: LabelledTile) -> np.ndarray:
        known = self.taxonomy.names
        return np.array([known.index(c if c in known else UNSPECIFIED) for c in tile.classes], np.int64)

    def _window(self, tile: LabelledTile, class_ids: np.ndarray, rng: np.random.Generator) -> tuple[slice, slice]:
        """Half of the crops lie anywhere, half around a nucleus whose class was drawn first."""
        limit = np.array(tile.shape) - self.size
        corner = rng.integers(0, limit + 1)
        if len(class_ids) and rng.random() < 0.5:
            nucleus = rng.choice(np.flatnonzero(class_ids == rng.choice(np.unique(class_ids))))
            place = tile.centroids[nucleus] - rng.uniform(0.15, 0.85, 2) * self.size
            corner = np.clip(np.rint(place).astype(int), 0, limit)
        return slice(corner[0], corner[0] + self.size), slice(corner[1], corner[1] + self.size)

    def _masked(self, tile, class_ids, image, instances, rng) -> Crop:
        image, instances = self._turn(rng, image, instances)
        fragments = connected_fragments(instances, background=0, connectivity=2).astype(np.int32)
        distance = interior_distance(fragments)
        ids, points = interior_points(fragments, distance)
        owner = dict(zip(ids.tolist(), instances[points[:, 0], points[:, 1]].tolist(), strict=True))
        class_of_instance = dict(zip(tile.ids.tolist(), class_ids.tolist(), strict=True))
        classes = np.array([class_of_instance.get(owner[i], self.taxonomy.unspecified) for i in ids], np.int64)
        area = np.bincount(fragments.ravel(), minlength=len(ids) + 1)[ids] if len(ids) else np.zeros(0, int)
        clicked = self._clicked(points, fragments, rng)
        keep = area >= SMALLEST_FRAGMENT
        complete = tile.coverage == "complete"
        known = np.ones(fragments.shape, bool)
        if not complete:
            known = ndi.distance_transform_edt(fragments == 0) <= KNOWN_MARGIN if len(ids) else ~known
        stated = {int(i): int(c) for i, c in zip(ids, classes, strict=True) if c != self.taxonomy.unspecified}
        return Crop(
            image=image,
            instances=fragments,
            distance=distance,
            fragment_class=stated,
            known=known,
            class_weight=known.astype(np.float32),
            points=clicked[keep],
            point_classes=classes[keep],
            complete=complete,
            caption="",
            source=tile.source,
        )

    def _pointed(self, tile, class_ids, image, window, rng) -> Crop:
        corner = np.array([window[0].start, window[1].start])
        points = tile.centroids - corner
        inside = ((points > -0.5) & (points < self.size - 0.5)).all(1)
        points, classes = points[inside], class_ids[inside]
        if self.augment:
            flip, turns = bool(rng.integers(2)), int(rng.integers(4))
            image, points = _turned(image, flip, turns), _turned_points(points, self.size, flip, turns)
        discs = _discs(points, self.size)
        stated = {i: int(c) for i, c in enumerate(classes, start=1) if c != self.taxonomy.unspecified}
        return Crop(
            image=image,
            instances=discs,
            distance=np.zeros(discs.shape, np.float32),
            fragment_class=stated,
            known=np.zeros(discs.shape, bool),
            class_weight=np.where(discs > 0, np.float32(DISC_WEIGHT), np.float32(0)),
            points=points,
            point_classes=classes,
            complete=tile.coverage == "complete",
            caption="",
            source=tile.source,
        )

    def _turn(self, rng: np.random.Generator, *arrays: np.ndarray) -> list[np.ndarray]:
        if not self.augment:
            return list(arrays)
        flip, turns = bool(rng.integers(2)), int(rng.integers(4))
        return [_turned(a, flip, turns) for a in arrays]

    def _clicked(self, points: np.ndarray, fragments: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Points as a person would set them: near the deepest pixel, never outside the nucleus."""
        moved = points + rng.normal(0, POINT_JITTER, points.shape) * self.augment
        at = np.clip(np.rint(moved).astype(int), 0, self.size - 1)
        inside = fragments[at[:, 0], at[:, 1]] == fragments[points[:, 0], points[:, 1]]
        return np.where(inside[:, None], np.clip(moved, 0, self.size - 1), points)


def _discs(points: np.ndarray, size: int) -> np.ndarray:
    """int32 (size, size): the number (from 1) of the nearest point less than `DISC_RADIUS` away, else 0."""
    if len(points) == 0:
        return np.zeros((size, size), np.int32)
    pixels = np.stack(np.mgrid[:size, :size], axis=-1)
    away, nearest = cKDTree(points).query(pixels, distance_upper_bound=DISC_RADIUS)
    return np.where(np.isfinite(away), nearest + 1, 0).astype(np.int32)


def _turned(array: np.ndarray, flip: bool, turns: int) -> np.ndarray:
    return np.ascontiguousarray(np.rot90(array[:, ::-1] if flip else array, turns))


def _turned_points(points: np.ndarray, size: int, flip: bool, turns: int) -> np.ndarray:
    row, col = points[:, 0], points[:, 1]
    col = size - 1 - col if flip else col
    for _ in range(turns):
        row, col = size - 1 - col, row
    return np.stack([row, col], axis=1)
