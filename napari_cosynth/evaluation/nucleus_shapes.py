"""Size, shape and spacing of nuclei by class, and how made ones differ from real ones.

Distances are earth mover's distances; the distance between two halves of the
real tiles is their unit (see `split_half`). Plain label arrays in, numbers out;
knows no image.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy.spatial import cKDTree
from scipy.stats import wasserstein_distance
from skimage.measure import regionprops_table

from napari_cosynth.classes import Taxonomy
from napari_cosynth.evaluation.split_half import Compared, Halves, TooFewMadeError, compare, random_halves

MEASURABLE = 100
"""Nuclei that a class needs, real and made, for its figures to be reported."""

_SHAPES = ("area_px", "eccentricity", "neighbour_px")


class NucleusShapes(NamedTuple):
    """One row per nucleus; NaN where a figure is not defined."""

    class_id: np.ndarray
    """int64 (N,), taxonomy."""
    area_px: np.ndarray
    """float64 (N,), px; NaN for a nucleus cut by the tile's edge."""
    cut_area_px: np.ndarray
    """float64 (N,), px that the tile shows of a nucleus cut by its edge; NaN for a whole one."""
    eccentricity: np.ndarray
    """float64 (N,), 0 = circle, towards 1 = line, of the ellipse with the same moments; NaN if cut."""
    neighbour_px: np.ndarray
    """float64 (N,), px from centre of mass to that of the nearest nucleus of any class; NaN if alone."""


class NucleusReport(BaseModel):
    """The nuclei of one class, made against real; None where there are too few."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    class_name: str
    """Name of the class, or "all"."""
    n_real: int
    n_made: int
    area_px: Compared | None
    """Earth mover's distance in px; nuclei cut by the tile's edge are left out."""
    eccentricity: Compared | None
    neighbour_px: Compared | None
    """Earth mover's distance of the distance to the nearest nucleus of any class, px."""
    median_area_px: tuple[float | None, float | None]
    """Real, made."""
    n_cut: tuple[int, int]
    """Nuclei cut by the tile's edge: real, made."""
    median_cut_area_px: tuple[float | None, float | None]
    """What the tile shows of these: real, made."""


def nucleus_shapes(instances: np.ndarray, class_of: Mapping[int, int], unspecified: int) -> NucleusShapes:
    """Measure every nucleus of a tile.

    Parameters
    ----------
    instances
        int (H, W), 0 = background; ids may have gaps.
    class_of
        Class id of each instance id.
    unspecified
        Class id of instances that ``class_of`` does not list.
    """
    if not instances.any():
        none = np.zeros(0)
        return NucleusShapes(np.zeros(0, np.int64), none, none, none, none)
    table = regionprops_table(instances, properties=("label", "area", "eccentricity", "centroid", "bbox"))
    height, width = instances.shape
    cut = (table["bbox-0"] == 0) | (table["bbox-1"] == 0) | (table["bbox-2"] == height) | (table["bbox-3"] == width)
    centres = np.stack([table["centroid-0"], table["centroid-1"]], 1)
    distance = cKDTree(centres).query(centres, k=2)[0][:, 1]  # infinite for a lone nucleus
    return NucleusShapes(
        class_id=np.array([class_of.get(int(label), unspecified) for label in table["label"]], np.int64),
        area_px=np.where(cut, np.nan, table["area"]),
        cut_area_px=np.where(cut, table["area"], np.nan),
        eccentricity=np.where(cut, np.nan, table["eccentricity"]),
        neighbour_px=np.where(np.isfinite(distance), distance, np.nan),
    )


def compare_nuclei(
    real: Sequence[tuple[np.ndarray, Mapping[int, int]]],
    made: Sequence[tuple[np.ndarray, Mapping[int, int]]],
    real_groups: Sequence[str],
    taxonomy: Taxonomy,
    seed: int = 0,
    *,
    made_groups: Sequence[str] | None = None,
    n_halves: int = 10,
) -> tuple[NucleusReport, ...]:
    """Compare size, shape and spacing of the nuclei: of all, then of each class that occurs.

    Parameters
    ----------
    real, made
        Per tile its instances, int (H, W) with 0 = background, and the class id
        of each instance id.
    real_groups, made_groups, seed, n_halves
        As in `realism.realism`. A class for which a half has fewer than two made
        tiles to stand in for it is not measurable.
    """
    real_shapes = [nucleus_shapes(instances, class_of, taxonomy.unspecified) for instances, class_of in real]
    made_shapes = [nucleus_shapes(instances, class_of, taxonomy.unspecified) for instances, class_of in made]
    classes = {"all": (real_shapes, made_shapes)}
    for class_id, name in enumerate(taxonomy.names):
        of_real, of_made = ([_of_class(s, class_id) for s in shapes] for shapes in (real_shapes, made_shapes))
        if any(len(s.class_id) for s in (*of_real, *of_made)):
            classes[name] = (of_real, of_made)
    reports = []
    for name, (of_real, of_made) in classes.items():
        counts = np.array([len(s.class_id) for s in of_real])
        halves = _halves(real_groups, counts, len(made), made_groups, n_halves, seed)
        reports.append(_nucleus_report(name, of_real, of_made, halves))
    return tuple(reports)


def _halves(
    real_groups: Sequence[str],
    counts: np.ndarray,
    n_made: int,
    made_groups: Sequence[str] | None,
    n_halves: int,
    seed: int,
) -> list[Halves]:
    """Partings by number of nuclei, so that a class that few groups have is on both sides; none where there is none."""
    if len({str(group) for group, n in zip(real_groups, counts, strict=True) if n}) < 2:
        return []
    try:
        return random_halves(real_groups, n_made, made_groups, weights=counts, n_halves=n_halves, seed=seed)
    except TooFewMadeError:  # a class that crowds in one tile can leave that tile alone in its half
        return []


def _of_class(shapes: NucleusShapes, class_id: int) -> NucleusShapes:
    chosen = shapes.class_id == class_id
    return NucleusShapes(*(column[chosen] for column in shapes))


def _nucleus_report(
    name: str, real: Sequence[NucleusShapes], made: Sequence[NucleusShapes], halves: Sequence[Halves]
) -> NucleusReport:
    figures = {key: _shape_distance(key, real, made, halves) for key in _SHAPES}
    areas, cut_areas = ([_pooled(key, shapes) for shapes in (real, made)] for key in ("area_px", "cut_area_px"))
    return NucleusReport(
        class_name=name,
        n_real=sum(len(s.class_id) for s in real),
        n_made=sum(len(s.class_id) for s in made),
        median_area_px=_medians(areas),
        n_cut=tuple(len(a) for a in cut_areas),
        median_cut_area_px=_medians(cut_areas),
        **figures,
    )


def _medians(areas: Sequence[np.ndarray]) -> tuple[float | None, ...]:
    return tuple(float(np.median(a)) if len(a) else None for a in areas)


def _shape_distance(
    key: str, real: Sequence[NucleusShapes], made: Sequence[NucleusShapes], halves: Sequence[Halves]
) -> Compared | None:
    """None with fewer than `MEASURABLE` nuclei, or fewer than a fifth of that in a half."""
    if not halves or min(len(_pooled(key, real)), len(_pooled(key, made))) < MEASURABLE:
        return None
    for half in halves:
        parts = [[real[i] for i in half.reference], [real[i] for i in half.held_out], [made[i] for i in half.made]]
        if any(len(_pooled(key, part)) < MEASURABLE // 5 for part in parts):
            return None

    def distance(a: Sequence[NucleusShapes], b: Sequence[NucleusShapes]) -> dict[str, float]:
        return {key: float(wasserstein_distance(_pooled(key, a), _pooled(key, b)))}

    return compare(distance, real, made, halves)[key]


def _pooled(key: str, shapes: Sequence[NucleusShapes]) -> np.ndarray:
    values = np.concatenate([getattr(s, key) for s in shapes]) if shapes else np.zeros(0)
    return values[~np.isnan(values)]
