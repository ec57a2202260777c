"""Windows of real layouts with captions: what the generator of structure learns from.

Points only; no image is looked at, and nothing of torch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from napari_cosynth.classes import UNSPECIFIED, Taxonomy
from napari_cosynth.data.captions import tissue_of
from napari_cosynth.data.labelled import LabelledTile
from napari_cosynth.layouts.pattern import Pattern, pattern_of_tile
from napari_cosynth.structure.density_targets import CELL_UM
from napari_cosynth.structure.traits import TRAITS, traits_of
from napari_cosynth.structure.words import STRUCTURES, Structure, structures_of, write_structure_caption
from napari_cosynth.training.structure_arranged import arranged

SIDES = (16, 32)
"""Sides of the windows, in cells: 64 um, a usual tile, and 128 um, for what is larger than one."""
LEAST_POINTS = 6
_CLASSLESS = 0.4
"""Sources without classes teach less: their share is smaller by this factor."""
_FORGOTTEN = 0.1
"""Share of windows whose classes are all taken for unspecified, so that structure without classes is known too."""
_MOST_OFTEN = 20.0
"""A rare structure is shown so many times as often as it is found, at most."""
_RARITY = 0.75
"""Power of the rarity by which it is shown more often."""
_ARRANGED = 0.4
"""Share of the 64 um windows that are arranged anew, as far as they have the nuclei for it."""
_FULL = 0.6
"""A window is full of a class beyond this share."""
_LOW, _HIGH = 0.25, 0.75
"""Quantiles of what a structure's windows show, that its word asks for."""
_LOOKED_AT = 5
"""Windows looked at for each that is kept, so that the rare ones are not few ones over and over."""


@dataclass(frozen=True)
class StructureWindow:
    """A window of a real layout, or of one arranged anew.

    Parameters
    ----------
    pattern
        Its points, um; marks are class ids of the taxonomy.
    caption
        What it shows, in words.
    traits
        float32 (len(TRAITS),), NaN where one is not known; those of its nuclei's
        own classes, also where the pattern has forgotten them.
    structures
        Those that it shows.
    """

    pattern: Pattern
    caption: str
    traits: np.ndarray = field(default_factory=lambda: np.full(len(TRAITS), np.nan, np.float32))
    structures: tuple[Structure, ...] = ()


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
                progress(before + done, _LOOKED_AT * sum(numbers))

        drawn.append(draw_windows(tiles, taxonomy, cells, number, seed, told))
        before += _LOOKED_AT * number
    return drawn


def draw_windows(
    tiles: Sequence[LabelledTile],
    taxonomy: Taxonomy,
    cells: int,
    n: int,
    seed: int,
    progress: Callable[[int], None] | None = None,
    arranged_anew: bool = True,
) -> list[StructureWindow]:
    """Windows at random places: sources by the root of their area, rare structures more often.

    Some are arranged anew (`structure_arranged`).

    Parameters
    ----------
    tiles
        With or without images. Tiles smaller than a window are left out.
    taxonomy
        Nuclei of classes that it does not know count as unspecified.
    cells
        Side of the windows, in cells of `CELL_UM`.
    n
        Number of windows; five times as many are looked at.
    progress
        Called with the number of windows looked at so far.
    arranged_anew
        False for windows as they were found alone.

    Raises
    ------
    ValueError
        If no tile is large enough.
    """
    side, rng = cells * CELL_UM, np.random.default_rng([seed, cells])
    sources, share = _sources(tiles, taxonomy, side)
    found: list[tuple[Pattern, _Source, list[Structure]]] = []
    for done in range(_LOOKED_AT * n):
        source = sources[int(rng.choice(len(sources), p=share))]
        pattern = _cut(source.pattern, side, rng)
        if len(pattern) >= LEAST_POINTS:
            names = [taxonomy.names[i] for i in pattern.marks]
            found.append((pattern, source, structures_of(pattern.points, names, pattern.size)))
        if progress is not None:
            progress(done + 1)
    if not found:
        raise ValueError(
            f"{_LOOKED_AT * n} windows of {side:g} um, none with {LEAST_POINTS} nuclei; give tiles with more nuclei"
        )
    weights = _weights([structures for _, _, structures in found])
    chosen = rng.choice(len(found), n, p=weights / weights.sum())
    # What is larger than a tile is left as it was found.
    share = _ARRANGED if arranged_anew and cells == SIDES[0] else 0.0
    return [_captioned(*_perhaps_arranged(found[i], share, taxonomy, rng), taxonomy, rng) for i in chosen]


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


def _weights(shown: Sequence[Sequence[Structure]]) -> np.ndarray:
    """How often each window is shown: as its rarest structure asks for."""
    often = Counter(structure.name for window in shown for structure in window)
    mean = sum(often.values()) / max(len(often), 1)
    factor = {name: min((mean / n) ** _RARITY, _MOST_OFTEN) for name, n in often.items()}
    return np.array([max([1.0, *(factor[structure.name] for structure in window)]) for window in shown])


def _perhaps_arranged(
    window: tuple[Pattern, _Source, list[Structure]], share: float, taxonomy: Taxonomy, rng: np.random.Generator
) -> tuple[Pattern, _Source, list[Structure]]:
    if rng.random() < share:
        pattern = arranged(window[0], taxonomy, rng)
        if pattern is not None and len(pattern) >= LEAST_POINTS:
            names = [taxonomy.names[i] for i in pattern.marks]
            # Its caption names no tissue: no tissue is arranged so.
            return pattern, _Source(pattern, "", ""), structures_of(pattern.points, names, pattern.size)
    return window


def _captioned(
    pattern: Pattern, source: _Source, structures: list[Structure], taxonomy: Taxonomy, rng: np.random.Generator
) -> StructureWindow:
    names = [taxonomy.names[i] for i in pattern.marks]
    caption = write_structure_caption(source.organ, source.disease, names, structures, rng)
    traits = traits_of(pattern.points, np.array(names), pattern.size)
    if rng.random() < _FORGOTTEN:
        marks = np.full(len(pattern), taxonomy.unspecified)
        pattern = Pattern(pattern.points, marks, pattern.size, pattern.group)
    return StructureWindow(pattern, caption, traits, tuple(structures))


def typical_traits(windows: Sequence[StructureWindow], taxonomy: Taxonomy) -> dict[str, dict[str, float]]:
    """What a prompt asks for by a structure's name: traits of windows that show it clearly.

    The highest quarter of what is high there, the lowest of what is low: guidance
    overshoots, and with the outermost decile layouts were tidier than real ones.
    Windows that are full of one class are not asked: nothing stands out from it there.

    Returns
    -------
    Values by trait, by the structure's name.
    """
    traits = np.stack([window.traits for window in windows])
    share = np.stack([window.pattern.counts(len(taxonomy)) / len(window.pattern) for window in windows])
    typical: dict[str, dict[str, float]] = {}
    for structure in STRUCTURES:
        shown = np.array([structure in window.structures for window in windows])
        for name, quantile in (*((n, _HIGH) for n in structure.high), *((n, _LOW) for n in structure.low)):
            values = traits[:, list(TRAITS).index(name)]
            kinds = [taxonomy.id_of(kind) for kind in TRAITS[name] if kind in taxonomy.names]
            usual = shown & np.isfinite(values) & (share[:, kinds] <= _FULL).all(axis=1)
            if usual.any():
                value = round(float(np.quantile(values[usual], quantile)), 3)
                typical.setdefault(structure.name, {})[name] = value
    return typical
