"""Draws layouts with learned structure for the measurement against real ones (`layouts.measure`)."""

from __future__ import annotations

from napari_cosynth.layout import Layout
from napari_cosynth.layouts.measure import Draw
from napari_cosynth.layouts.model import TissueModel
from napari_cosynth.layouts.pattern import Pattern
from napari_cosynth.layouts.sample import sample_layout
from napari_cosynth.structure.generator import StructureGenerator
from napari_cosynth.structure.words import draws_maps, structures_of

UM_PER_PX = 0.25


def structured(tissue: TissueModel, generator: StructureGenerator, worded: bool) -> Draw:
    """Layouts with the counts of real ones and learned structure, as `suggest.suggest_layout` makes them.

    Parameters
    ----------
    worded
        Whether the prompt says what the real one shows, or the tissue's name alone.
    """

    def draw(pattern: Pattern, seed: int) -> Layout:
        counts = dict(zip(tissue.classes, pattern.counts(len(tissue.classes)).tolist(), strict=True))
        names = [tissue.classes[mark] for mark in pattern.marks]
        structures = structures_of(pattern.points, names, pattern.size) if worded else []
        prompt = ", ".join([tissue.name.replace("-", " "), *(structure.ways[0] for structure in structures[:2])])
        height, width = (round(side / UM_PER_PX) for side in pattern.size)
        tile = {"seed": seed, "height": height, "width": width, "um_per_px": UM_PER_PX}
        density = generator.densities(prompt, counts, **tile) if draws_maps(prompt, counts) else None
        return sample_layout(tissue, counts, density=density, **tile)

    return draw
