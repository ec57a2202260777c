"""Windows of real layouts with captions: what the generator of structure learns from.

Points only; no image is looked at, and nothing of torch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from napari_cosynth.classes import UNSPECIFIED, Taxonomy
from napari_cosynth.data.captions import tissue_of
from napari_cosynth.data.labelled import LabelledTile
from napari_cosynth.layouts.pattern import Pattern, pattern_of_tile
from napari_cosynth.structure.density_targets import CELL_UM
from napari_cosynth.structure.words import Phrases, structure_phrases, write_structure_caption

SIDES = (16, 32)
"""Sides of the windows, in cells: 64 um, a usual tile, and 128 um, for what is larger than one."""
LEAST_POINTS = 6
_CLASSLESS = 0.4
"""Sources without classes teach less: their share is smaller by this factor."""
_FORGOTTEN = 0.1
"""Share of windows whose classes are all taken for unspecified, so that structure without classes is known too."""
_MOST_OFTEN = 6.0
"""A rare structure is shown so many times as often as it is found, at most."""


@dataclass(frozen=True)
class StructureWindow:
    """A window of a real layout.

    Parameters
    ----------
    pattern
        Its points, um; marks are class ids of the taxonomy.
    caption
        What it shows, in words.
    """

    pattern: Pattern
    caption: str


@dataclass(frozen=True)
class _Source:
    """A tile as far as layouts go."""

    pattern: Pattern
    organ: str
    disease: str


def drawn_windows(
    tiles: Sequence[LabelledTile],
    taxonomy: Taxonomy,
    n: int,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> list[list[StructureWindow]]:
    """``n`` windows of 64 um, and a third as many of 128 um if there are tiles so large.

    Parameters
    ----------
    progress
        Called with the number of windows looked at and to look at.

    Raises
    ------
    ValueError
        If no tile is large enough.
    """
    large = any(min(t.shape) * t.um_per_px >= SIDES[1] * CELL_UM - 1e-6 for t in tiles)
    numbers = [n, n // 3] if large else [n]
    drawn, before = [], 0
    for cells, number in zip(SIDES, numbers, strict=False):

        def told(done: int, before: int = before) -> None:
            if progress is not None:
                progress(before + done, sum(numbers))

        drawn.append(draw_windows(tiles, taxonomy, cells, number, seed, told))
        before += number
    return drawn


def draw_windows(
    tiles: Sequence[LabelledTile],
    taxonomy: Taxonomy,
    cells: int,
    n: int,
    seed: int,
    progress: Callable[[int], None] | None = None,
) -> list[StructureWindow]:
    """Windows at random places: sources by the root of their area, rare structures more often.

    Parameters
    ----------
    tiles
        With or without images. Tiles smaller than a window are left out.
    taxonomy
        Nuclei of classes that it does not know count as unspecified.
    cells
        Side of the windows, in cells of `CELL_UM`.
    n
        Number of windows.
    progress
        Called with the number of windows looked at so far.

    Raises
    ------
    ValueError
        If no tile is large enough.
    """
    side, rng = cells * CELL_UM, np.random.default_rng([seed, cells])
    sources, share = _sources(tiles, taxonomy, side)
    found: list[tuple[Pattern, _Source, list[Phrases]]] = []
    for done in range(n):
        source = sources[int(rng.choice(len(sources), p=share))]
        pattern = _cut(source.pattern, side, rng)
        if len(pattern) >= LEAST_POINTS:
            names = [taxonomy.names[i] for i in pattern.marks]
            found.append((pattern, source, structure_phrases(pattern.points, names, pattern.size)))
        if progress is not None:
            progress(done + 1)
    if not found:
        raise ValueError(f"{n} windows of {side:g} um, none with {LEAST_POINTS} nuclei; give tiles with more nuclei")
    weights = _weights([phrases for _, _, phrases in found])
    chosen = rng.choice(len(found), n, p=weights / weights.sum())
    return [_captioned(*found[i], taxonomy, rng) for i in chosen]


def _sources(tiles: Sequence[LabelledTile], taxonomy: Taxonomy, side: float) -> tuple[list[_Source], np.ndarray]:
    large = [tile for tile in tiles if min(tile.shape) * tile.um_per_px >= side - 1e-6]
    if not large:
        raise ValueError(f"no tile is {side:g} x {side:g} um large; give larger tiles")
    known = taxonomy.names
    sources, share = [], np.zeros(len(large))
    for tile in large:
        tile = replace(tile, classes=tuple(c if c in known else UNSPECIFIED for c in tile.classes))
        organ, disease, species = tissue_of(tile)
        organ = f"{species} {organ}" if species == "mouse" else organ
        sources.append(_Source(pattern_of_tile(tile, known), organ, disease))
    for name in {tile.source for tile in large}:
        of = np.array([tile.source == name for tile in large])
        area = np.array([tile.shape[0] * tile.shape[1] * tile.um_per_px**2 for tile in large]) * of
        classless = all(set(t.classes) <= {UNSPECIFIED} for t in large if t.source == name)
        share += area / np.sqrt(area.sum()) * (_CLASSLESS if classless else 1.0)
    return sources, share / share.sum()


def _cut(pattern: Pattern, side: float, rng: np.random.Generator) -> Pattern:
    corner = rng.random(2) * (np.array(pattern.size) - side).clip(0)
    local = pattern.points - corner
    inside = ((local >= 0) & (local < side)).all(axis=1)
    return Pattern(local[inside], pattern.marks[inside], (side, side), pattern.group)


def _weights(phrases: Sequence[Sequence[Phrases]]) -> np.ndarray:
    """How often each window is shown: as its rarest structure asks for."""
    often = Counter(ways[0] for window in phrases for ways in window)
    mean = sum(often.values()) / max(len(often), 1)
    return np.array(
        [max([1.0, *(min(np.sqrt(mean / often[w[0]]), _MOST_OFTEN) for w in window)]) for window in phrases]
    )


def _captioned(
    pattern: Pattern, source: _Source, phrases: list[Phrases], taxonomy: Taxonomy, rng: np.random.Generator
) -> StructureWindow:
    names = [taxonomy.names[i] for i in pattern.marks]
    caption = write_structure_caption(source.organ, source.disease, names, phrases, rng)
    if rng.random() < _FORGOTTEN:
        marks = np.full(len(pattern), taxonomy.unspecified)
        pattern = Pattern(pattern.points, marks, pattern.size, pattern.group)
    return StructureWindow(pattern, caption)
