"""Nuclei in a part of a tile; all other points stay exactly where they are.

Pixels and class names on this side, micrometres and indices in `simulate`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from napari_cosynth.layout import Layout
from napari_cosynth.layouts.abundance import draw_counts
from napari_cosynth.layouts.intensity import from_density, grid_over
from napari_cosynth.layouts.lacking import lacks, with_classes
from napari_cosynth.layouts.model import Process, TissueModel
from napari_cosynth.layouts.simulate import CrowdedError, simulate
from napari_cosynth.pixels import pixels_of
from napari_cosynth.points import MAX_POINTS, MIN_DISTANCE

_MOST_COVERED = 0.7
"""Share of an area that discs as large as the hard core can cover, as in `simulate`."""


def fill_area(
    layout: Layout,
    tissue: TissueModel,
    area: np.ndarray,
    mix: Mapping[str, float],
    per_mm2: float,
    *,
    seed: int,
    replace: bool = False,
    keep: np.ndarray | None = None,
) -> Layout:
    """Layout with nuclei of a class mix in an area, as they stand in the tissue.

    Parameters
    ----------
    layout
        What is there; new points come after its own.
    area
        float (H, W) in 0..1: the density is ``per_mm2`` times it.
    mix
        Share of each class, in any unit.
    per_mm2
        New nuclei per square millimetre.
    replace
        Take away what stands in the area first.
    keep
        bool (N,): points that are never taken away.

    Raises
    ------
    ValueError
        If the area holds no nucleus at that density or not so many, or the tissue lacks a class of the mix.
    """
    if area.shape != (layout.height, layout.width):
        raise ValueError(f"an area of shape {area.shape}; it must be ({layout.height}, {layout.width}), as the tile")
    drawn, area = area, _whole_cells(area, layout.um_per_px)
    um2 = float(area.sum()) * layout.um_per_px**2
    total = round(per_mm2 * um2 / 1e6)
    if not total:
        raise ValueError(
            f"the area of {um2:.0f} um2 inside the tile holds no nucleus at {per_mm2:.0f} per mm2; draw a larger one, "
            "or choose a higher density"
        )
    lacking = [name for name, share in mix.items() if share and name not in tissue.classes]
    if lacking:
        raise ValueError(lacks(tissue, lacking[0]))
    counts = draw_counts(tissue, um2, np.random.default_rng(seed), total=total, mix=mix)
    gone = _standing(layout, drawn) if replace else np.zeros(len(layout), bool)
    if keep is not None:
        gone &= ~keep
    kept = layout.remove(np.flatnonzero(gone))
    if len(kept) + total > MAX_POINTS:
        raise ValueError(f"{len(kept) + total} nuclei; at most {MAX_POINTS} are allowed: make several smaller tiles")
    return _placed(kept, tissue, counts, area, seed)


def _placed(kept: Layout, tissue: TissueModel, counts: Mapping[str, int], area: np.ndarray, seed: int) -> Layout:
    process = with_classes(tissue, kept.names)
    # The area's edge is its own: no margin, no clustering beyond what was drawn.
    flat = Process(classes=process.classes, bin_um=process.bin_um, interactions=process.interactions)
    scale, shape = kept.um_per_px, (kept.height, kept.width)
    grid = grid_over(scale, 0.0, shape)
    wanted = np.array([counts.get(name, 0) for name in flat.classes])
    marks = np.array([flat.id_of(name) for name in kept.names], np.int64)
    least = MIN_DISTANCE * scale * (1 + 1e-9)
    core = max(least, float(flat.hard_cores()[np.ix_(wanted > 0, wanted > 0)].min()))
    density = from_density(grid, area)
    try:
        if wanted.sum() * np.pi / 4 * core**2 > _MOST_COVERED * (density > 0).sum() * grid.cell**2:
            raise CrowdedError("too dense")
        points, new = simulate(
            flat,
            wanted,
            grid,
            np.random.default_rng(seed),
            given=dict.fromkeys(range(len(flat.classes)), density),
            fixed=((kept.centroids + 0.5) * scale, marks),
            least_um=least,
        )
    except CrowdedError as error:
        raise ValueError(
            f"{wanted.sum()} nuclei do not fit into the area at the distances that they keep in this tissue; choose a "
            "lower density, draw a larger area, or replace what stands there"
        ) from error
    last = np.nextafter(np.array(shape) - 0.5, 0.0)
    ids = np.array([kept.taxonomy.id_of(name) for name in flat.classes])
    return kept.model_validate(
        {
            **dict(kept),
            "centroids": np.concatenate([kept.centroids, np.minimum(points / scale - 0.5, last)]),
            "class_ids": np.concatenate([kept.class_ids, ids[new]]),
        }
    )


def _whole_cells(area: np.ndarray, um_per_px: float) -> np.ndarray:
    """The area without cells of the simulation that it covers in part, so that no nucleus stands beside it."""
    rows, cols = grid_over(um_per_px, 0.0, area.shape).shape
    step = area.shape[0] // rows
    whole = (area > 0).reshape(rows, step, cols, step).all(axis=(1, 3))
    return area * whole.repeat(step, axis=0).repeat(step, axis=1)


def _standing(layout: Layout, area: np.ndarray) -> np.ndarray:
    """bool (N,): the points that stand in an area."""
    rows, cols = pixels_of(layout.centroids).T
    return area[rows, cols] > 0
