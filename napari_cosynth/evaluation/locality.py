"""Does an edit stay where it was made? One nucleus more or less, everything else the same.

With the same prompt and noise, the tile should change around the nucleus and
nowhere else. Knows a maker of tiles and pixels.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy.spatial import cKDTree

from napari_cosynth.evaluation.bootstrap import Estimate, Sums, estimates
from napari_cosynth.evaluation.making import TileMaker, layout_of, noise_seed
from napari_cosynth.evaluation.sample import Sample
from napari_cosynth.evaluation.stage import Stage
from napari_cosynth.layout import Layout

RADIUS_PX = 40
"""Radius of the disc around the edit: 10 um at 0.25 um/px."""
CLEAR_PX = 14
"""Distance from other points at which a new nucleus finds room."""


class LocalityReport(BaseModel):
    """Mean absolute change of the image inside and outside a disc around the edit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    radius_px: int
    added: int
    """Layouts that got one nucleus more."""
    removed: int
    """Layouts that lost one."""
    inside: Estimate
    """Grey levels (0-255), mean over layouts; interval over groups."""
    outside: Estimate
    ratio: Estimate
    """Outside over inside: 0 = the edit stays in its place, 1 = the whole tile changes alike."""


@dataclass(frozen=True, eq=False)
class Edit:
    """One edit and what it did: images uint8 (H, W, 3), ``change`` float (H, W) grey levels."""

    kind: str
    row: float
    col: float
    before: np.ndarray
    after: np.ndarray
    change: np.ndarray


@dataclass(frozen=True, eq=False)
class LocalityOutcome:
    """The figures and the edits that they are of."""

    report: LocalityReport
    edits: tuple[Edit, ...]


def edit_locality(
    samples: Sequence[Sample], make: TileMaker, seed: int = 0, radius_px: int = RADIUS_PX
) -> Generator[Stage, None, LocalityOutcome]:
    """Add a nucleus to every other layout, take one from the rest, and compare.

    Parameters
    ----------
    samples
        Layouts and captions.
    make
        The model.
    seed
        Of noise, places and bootstrap.
    radius_px
        Of the disc.

    Yields
    ------
    A `Stage` after each layout. The generator's return value is the outcome.

    Raises
    ------
    ValueError
        If there is no sample, or a tile lies within the disc.
    """
    if not samples:
        raise ValueError("no layout to edit; give at least one sample")
    edits = []
    for number, sample in enumerate(samples):
        layout = layout_of(sample)
        noise = noise_seed(seed, sample.name)
        rng = np.random.default_rng([noise, seed])
        kind = "added" if number % 2 == 0 or not len(layout) else "removed"
        edited, (row, col) = with_one_more(layout, rng) if kind == "added" else with_one_less(layout, rng)
        before, after = (make(x, sample.caption, noise).image for x in (layout, edited))
        change = np.abs(after.astype(np.float32) - before).mean(2)
        edits.append(Edit(kind, row, col, before, after, change))
        yield Stage("edit locality", number + 1, len(samples))
    tallies = [_tally(edit, radius_px) for edit in edits]
    score = estimates(tallies, [s.origin for s in samples], _scores, seed=seed)
    kinds = [edit.kind for edit in edits]
    report = LocalityReport(radius_px=radius_px, added=kinds.count("added"), removed=kinds.count("removed"), **score)
    return LocalityOutcome(report, tuple(edits))


def with_one_more(layout: Layout, rng: np.random.Generator) -> tuple[Layout, tuple[float, float]]:
    """The layout with a nucleus of its commonest class where there is room, and the place.

    Away from the edges where the tile is large enough; the emptiest place where there is no room.
    """
    sides = [np.arange(margin, side - margin, 4.0) for side, margin in _margins(layout)]
    places = np.stack(np.meshgrid(*sides, indexing="ij"), -1).reshape(-1, 2)
    distance = cKDTree(layout.centroids).query(places)[0] if len(layout) else np.full(len(places), np.inf)
    room = np.flatnonzero(distance >= CLEAR_PX)
    row, col = places[rng.choice(room) if len(room) else distance.argmax()].tolist()
    class_id = int(np.bincount(layout.class_ids).argmax()) if len(layout) else layout.taxonomy.unspecified
    return layout.add(row, col, class_id), (row, col)


def with_one_less(layout: Layout, rng: np.random.Generator) -> tuple[Layout, tuple[float, float]]:
    """The layout without one of its nuclei, away from the edges if it has such, and the place."""
    within = np.ones(len(layout), bool)
    for axis, (side, margin) in enumerate(_margins(layout)):
        at = layout.centroids[:, axis]
        within &= (at >= margin) & (at < side - margin)
    index = int(rng.choice(np.flatnonzero(within) if within.any() else len(layout)))
    row, col = layout.centroids[index].tolist()
    return layout.remove([index]), (row, col)


def _margins(layout: Layout) -> list[tuple[int, int]]:
    """(side, margin) of rows and columns, px."""
    return [(side, min(RADIUS_PX, side // 4)) for side in (layout.height, layout.width)]


def _tally(edit: Edit, radius_px: int) -> dict[str, float]:
    rows, cols = np.ogrid[: edit.change.shape[0], : edit.change.shape[1]]
    inside = np.hypot(rows - edit.row, cols - edit.col) <= radius_px
    if inside.all():
        height, width = inside.shape
        raise ValueError(f"a tile of {height} x {width} px lies within {radius_px} px of the edit; give larger tiles")
    return {
        "inside": float(edit.change[inside].mean()),
        "outside": float(edit.change[~inside].mean()),
        "edits": 1.0,
    }


def _scores(sums: Sums) -> dict[str, np.ndarray]:
    # A model that ignores the edit changes nothing at all: its ratio is undefined, not 0.
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "inside": sums["inside"] / sums["edits"],
            "outside": sums["outside"] / sums["edits"],
            "ratio": sums["outside"] / sums["inside"],
        }
