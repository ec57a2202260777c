"""Sample: one tile with its labels and its layout, as the evaluation sees it.

Real windows and made tiles are the same kind of value, so that both go through
the same measurement. It knows no network and no metric.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from skimage.measure import label as connected_fragments
from skimage.segmentation import relabel_sequential

from napari_cosynth.classes import Taxonomy
from napari_cosynth.data.captions import describe, tissue_of, write_caption
from napari_cosynth.data.crops import SMALLEST_FRAGMENT
from napari_cosynth.data.labelled import WORKING_UM_PER_PX, Coverage, LabelledTile
from napari_cosynth.interior import interior_points

Segmentation = tuple[np.ndarray, dict[int, int]]
"""int32 (H, W) instances, 0 = background, and the class id (taxonomy) of each id that has one."""

IHC = ", IHC"
"""What ends the tissue's name of a tile in immunohistochemistry."""


@dataclass(frozen=True, eq=False)
class Sample:
    """A tile at 0.25 um/px, what it shows, and what was asked for.

    Parameters
    ----------
    name
        Unique among the samples of an evaluation; a made tile carries the name
        of the real window whose layout it follows.
    group, source
        Patient, slide or image, and the data set. Groups of different sources
        are different even if they share a name.
    image
        uint8 (H, W, 3) RGB.
    instances
        int32 (H, W), 0 = background.
    class_of
        Class id (taxonomy) of instance ids; an id that is missing has no stated
        class.
    points
        float64 (N, 2) row, col in px: the layout.
    point_classes
        int64 (N,) class ids of the layout.
    caption
        The prompt.
    coverage
        "partial" if nuclei may be there that the labels do not show.
    masked
        False if only points are known: ``instances`` is then empty and says nothing.
    tissue
        What `tissue_name` calls it; empty if that is not known.
    """

    name: str
    group: str
    source: str
    image: np.ndarray
    instances: np.ndarray
    class_of: dict[int, int]
    points: np.ndarray
    point_classes: np.ndarray
    caption: str = ""
    coverage: Coverage = "complete"
    masked: bool = True
    tissue: str = ""

    def __post_init__(self) -> None:
        if self.image.shape[:2] != self.instances.shape:
            raise ValueError(
                f"sample {self.name!r}: image {self.image.shape[:2]} and instances {self.instances.shape} "
                "differ in size"
            )
        if len(self.points) != len(self.point_classes):
            raise ValueError(
                f"sample {self.name!r}: {len(self.points)} points and {len(self.point_classes)} classes; "
                "give one class for each point"
            )

    @property
    def origin(self) -> str:
        """Source and group: samples that have it in common are not independent of each other."""
        return f"{self.source}/{self.group}"


def real_samples(
    tiles: Iterable[LabelledTile], taxonomy: Taxonomy, size: int = 256, limit: int = 64, seed: int = 0
) -> list[Sample]:
    """Windows of real tiles, spread evenly over sources and groups.

    Sources take turns, within a source its groups, within a group its windows;
    a source that has no more is passed over. Windows of a tile do not overlap.
    Same arguments, same samples, in the same order; a smaller ``limit`` gives
    the first of them.

    Parameters
    ----------
    tiles
        For example all ``val`` tiles; any pixel size. Tiles without image, or
        smaller than a window at 0.25 um/px, are left out.
    taxonomy
        Classes that it does not know count as unspecified.
    size
        Side of a window, px.
    limit
        Most samples to give.
    seed
        Of places, order and the captions' phrasing.

    Returns
    -------
    At most ``limit`` samples. Each visible fragment of at least
    `SMALLEST_FRAGMENT` px is an instance of its own; where there are masks,
    point i lies deepest inside instance i + 1.

    Raises
    ------
    ValueError
        If no tile is large enough.
    """
    sources: dict[str, dict[str, list[tuple[LabelledTile, int, int]]]] = {}
    for tile in tiles:
        if tile.image is None:
            continue
        tile = tile.at_um_per_px(WORKING_UM_PER_PX)
        if min(tile.shape) >= size:
            windows = sources.setdefault(tile.source, {}).setdefault(tile.group or tile.name, [])
            windows.extend((tile, row, col) for row, col in _corners(tile, size, seed))
    if not sources:
        raise ValueError(f"no tile has an image of at least {size} x {size} px at 0.25 um/px; give larger tiles")
    rng = np.random.default_rng(seed)
    turns = _in_turn(
        [
            _in_turn([_shuffled(groups[g], rng) for g in _shuffled(sorted(groups), rng)])
            for _, groups in sorted(sources.items())
        ]
    )
    return [
        _cut(tile, row, col, size, taxonomy, seed) for (tile, row, col), _ in zip(turns, range(limit), strict=False)
    ]


def labelled_like(made: Sample, real: Sample) -> Sample:
    """A made tile with labels that say no more than those of the real window whose layout it follows.

    A made tile states a class for every nucleus. Where the real labels have no
    masks, leave nuclei out or state no class at all, figures of both are of the
    same nuclei only if the made ones do not either.
    """
    classed = bool(real.class_of) or not real.masked
    return replace(made, masked=real.masked, coverage=real.coverage, class_of=made.class_of if classed else {})


def tissue_name(tile: LabelledTile) -> str:
    """Organ and stain in a word or two: "colon", "mouse liver", "breast, IHC"; empty if the organ is not known."""
    organ, _, species = tissue_of(tile)
    # Most tissue is human, whether the source says so or not.
    words = [species if species != "human" else "", organ]
    return " ".join(w for w in words if w) + (IHC if tile.is_ihc else "") if organ else ""


def _corners(tile: LabelledTile, size: int, seed: int) -> list[tuple[int, int]]:
    """A grid of windows side by side, pushed to a random place within the tile."""
    rng = _rng(seed, tile.source, tile.name)
    rows, cols = (int(rng.integers(side % size + 1)) + np.arange(side // size) * size for side in tile.shape)
    return [(int(row), int(col)) for row in rows for col in cols]


def _cut(tile: LabelledTile, row: int, col: int, size: int, taxonomy: Taxonomy, seed: int) -> Sample:
    window = slice(row, row + size), slice(col, col + size)
    name = f"{tile.source}-{tile.name}-{row}-{col}"
    image = np.ascontiguousarray(tile.image[window])
    classes = np.array([taxonomy.id_of(c) if c in taxonomy.names else taxonomy.unspecified for c in tile.classes], int)
    if tile.instances is None:
        instances, class_of = np.zeros((size, size), np.int32), {}
        points = tile.centroids - (row, col)
        inside = ((points >= -0.5) & (points < size - 0.5)).all(axis=1)
        points, point_classes = points[inside], classes[inside]
    else:
        instances, point_classes, points = _fragments(tile.instances[window], tile.ids, classes, taxonomy.unspecified)
        class_of = {i: int(c) for i, c in enumerate(point_classes, start=1) if c != taxonomy.unspecified}
    names = tuple(taxonomy.names[c] for c in point_classes)
    return Sample(
        name=name,
        group=tile.group or tile.name,
        source=tile.source,
        image=image,
        instances=instances,
        class_of=class_of,
        points=points.astype(np.float64),
        point_classes=point_classes.astype(np.int64),
        caption=write_caption(describe(tile, image, points, names), _rng(seed, name)),
        coverage=tile.coverage,
        masked=tile.instances is not None,
        tissue=tissue_name(tile),
    )


def _fragments(
    cut: np.ndarray, ids: np.ndarray, classes: np.ndarray, unspecified: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Instances 1..N as the window shows them, their classes, and their deepest points."""
    fragments = connected_fragments(cut, background=0, connectivity=2)
    area = np.bincount(fragments.ravel())
    # A sliver of a few pixels at the window's edge: the crops give it no point either.
    fragments = np.where(area[fragments] >= SMALLEST_FRAGMENT, fragments, 0)
    instances = relabel_sequential(fragments)[0].astype(np.int32)
    _, points = interior_points(instances)
    class_of_id = dict(zip(ids.tolist(), classes.tolist(), strict=True))
    owners = cut[points[:, 0], points[:, 1]].tolist()
    return instances, np.array([class_of_id.get(i, unspecified) for i in owners], np.int64), points


def _in_turn(rows: Sequence[Iterable]) -> Iterator:
    """One of each row, then the next of each, until all are empty."""
    running = [iter(row) for row in rows]
    while running:
        left = []
        for row in running:
            for item in row:
                yield item
                left.append(row)
                break
        running = left


def _shuffled(items: Sequence, rng: np.random.Generator) -> list:
    return [items[i] for i in rng.permutation(len(items))]


def _rng(seed: int, *words: str) -> np.random.Generator:
    """Random numbers that depend on the words alone, not on what else is read."""
    return np.random.default_rng([seed, *(zlib.crc32(w.encode()) for w in words)])
