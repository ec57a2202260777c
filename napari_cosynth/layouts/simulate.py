"""One draw of a tissue model's point process, in micrometres.

Points of a margin around the tile are drawn too and thrown away, so that the
tile's edge looks like its inside. It knows no pixel sizes and no Layout.
"""

from __future__ import annotations

import numpy as np

from napari_cosynth.layouts.chain import CANDIDATES, Propose, interaction_table, move_points, too_near
from napari_cosynth.layouts.intensity import Grid, Places, clustered
from napari_cosynth.layouts.model import Process

SWEEPS = 12
"""Chances of each point to move. A fit and what is drawn from it take as many, so that a rest of the start cancels."""
_MOST_STRENGTH = 3.0
"""Of the clustering: more would put all points into one spot."""
_MORE_SWEEPS = 60
"""For points that still stand in a hard core."""
_MOST_COVERED = 0.7
"""Share of the area that discs as large as the hard core can cover: beyond it lies only ever more order."""


class CrowdedError(ValueError):
    """More nuclei than the hard cores let in."""


def simulate(
    model: Process,
    counts: np.ndarray,
    grid: Grid,
    rng: np.random.Generator,
    *,
    given: dict[int, np.ndarray] | None = None,
    fixed: tuple[np.ndarray, np.ndarray] | None = None,
    least_um: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Points of one tile with exact counts.

    Parameters
    ----------
    counts
        int (C,): points to place inside the tile, in the order of the model's classes.
    grid
        The tile and its margin.
    given
        Density (rows, cols) over ``grid.full`` by class index, in place of the model's clustering.
    fixed
        Points (N, 2), um, and marks (N,) that stay where they are.
    least_um
        No two points are nearer, whatever the model says.

    Returns
    -------
    points
        float64 (N, 2), um: the placed ones, ordered by class; fixed ones are not repeated.
    marks
        int64 (N,).

    Raises
    ------
    CrowdedError
        If they do not fit.
    """
    n_classes = len(model.classes)
    strength = float(np.exp(model.clustering_spread * rng.standard_normal()))
    densities = clustered(grid, model.clustering, n_classes, rng, min(strength, _MOST_STRENGTH))
    for index, density in (given or {}).items():
        densities[index] = density
    inside = grid.inside()
    fixed_points, fixed_marks = fixed if fixed is not None else (np.zeros((0, 2)), np.zeros(0, np.int64))
    inner = [Places(grid, np.where(inside, d, 0)) for d in densities]
    outer = [Places(grid, np.where(inside, 0, d)) for d in densities]
    totals = counts + np.bincount(fixed_marks, minlength=n_classes)
    hard = np.maximum(model.hard_cores(), least_um)
    if totals.sum() * np.pi / 4 * hard.min() ** 2 > _MOST_COVERED * inside.sum() * grid.cell**2:
        raise CrowdedError(f"{totals.sum()} nuclei do not fit")
    margin_counts = _margin_counts(totals, inner, outer, inside, rng)

    every = np.arange(n_classes)
    marks = np.concatenate([fixed_marks, np.repeat(every, counts), np.repeat(every, margin_counts)])
    n_fixed, n_inner = len(fixed_marks), int(counts.sum())
    beyond = np.arange(len(marks)) >= n_fixed + n_inner
    movable = np.arange(n_fixed, len(marks))

    def proposer(inner: list[Places], outer: list[Places], n: int = CANDIDATES) -> Propose:
        def propose(indices: np.ndarray, rng: np.random.Generator) -> np.ndarray:
            places = np.empty((len(indices), n, 2))
            for c in range(n_classes):
                for part, where in ((inner, False), (outer, True)):
                    these = (marks[indices] == c) & (beyond[indices] == where)
                    if these.any():
                        places[these] = part[c].draw((int(these.sum()), n), rng)
            return places

        return propose

    start = proposer(inner, outer, 1)(movable, rng)[:, 0]
    points = np.concatenate([fixed_points, start])
    table = interaction_table(model.log_interactions(), hard, model.bin_um)
    points = move_points(points, marks, movable, table, proposer(inner, outer), SWEEPS, rng)
    # Where a dense place is full, what does not fit there finds room anywhere.
    anywhere = proposer(
        [Places(grid, inside & (d > 0)) for d in densities], [Places(grid, ~inside & (d > 0)) for d in densities]
    )
    for _ in range(_MORE_SWEEPS):
        near = too_near(points, marks, movable, hard)
        if not len(near):
            break
        points = move_points(points, marks, near, table, anywhere, 1, rng)
    kept = slice(n_fixed, n_fixed + n_inner)
    if len(too_near(points, marks, np.arange(n_fixed, n_fixed + n_inner), hard)):
        raise CrowdedError(f"{totals.sum()} nuclei do not fit")
    return points[kept], marks[kept]


def _margin_counts(
    counts: np.ndarray, inner: list[Places], outer: list[Places], inside: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    # Not denser than twice the tile's mean: a peak of the field out there is none of the tile's matter.
    area = (~inside).sum() / inside.sum()
    expected = [
        n * min(far.mass / near.mass, 2 * area) if near.mass > 0 else 0.0
        for n, near, far in zip(counts, inner, outer, strict=True)
    ]
    return np.floor(np.array(expected) + rng.random(len(counts))).astype(np.int64)
