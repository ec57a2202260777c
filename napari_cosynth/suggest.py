"""A layout suggested for a tissue: what the dock, the command line and batches ask for.

Imports no torch before a prompt is given: a layout without one comes from the
tissue's point process alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_cosynth.classes import BUNDLED, Taxonomy
from napari_cosynth.layout import Layout
from napari_cosynth.layouts.model import TissueModel, read_tissue
from napari_cosynth.layouts.sample import Density, sample_layout
from napari_cosynth.layouts.tissues import find_tissue, tissue_files
from napari_cosynth.structure.words import draws_maps

if TYPE_CHECKING:
    from napari_cosynth.structure.generator import StructureGenerator


def suggest_layout(
    tissue: str | TissueModel,
    counts: Mapping[str, int],
    *,
    prompt: str = "",
    seed: int,
    height: int = 256,
    width: int = 256,
    um_per_px: float = 0.25,
    density: Density | None = None,
    locked: Layout | None = None,
    taxonomy: Taxonomy = BUNDLED,
    generator: StructureGenerator | None = None,
) -> Layout:
    """Layout with exact counts, whose structure is that of a prompt.

    Parameters
    ----------
    tissue
        Name of a tissue that ships, JSON file of ``layout fit``, or the model itself.
    counts
        Nuclei of each class, locked ones included.
    prompt
        Structure in words, such as "gland with dense lymphocytes"; without one
        the tissue's own clustering takes its place. So it does for classes that
        the generator does not know, and where all nuclei are unspecified and the
        prompt names no structure (`structure.words.draws_maps`).
    seed
        The same seed gives the same layout.
    height, width
        Of the tile, px, multiples of 16 from 64 to 1024.
    um_per_px
        Pixel size, micrometres.
    density
        Where nuclei shall stand, as `sample_layout` takes it: float (height,
        width), or one such map by class name. With a prompt, the structure is
        drawn over the whole tile and kept as far as the density lets it.
    locked
        Points that stay.
    taxonomy
        Of the layout; it needs the tissue's classes.
    generator
        Of structure; the bundled one if None. It is not looked at without a prompt.

    Raises
    ------
    ValueError
        As `sample_layout` and `find_tissue` do. If there is a prompt, also as
        `load_structure`: without a generator a prompt cannot be followed.
    """
    model = tissue if isinstance(tissue, TissueModel) else find_tissue(tissue)
    check_classes(model, counts)
    if prompt.strip() and draws_maps(prompt, counts):
        drawn = _drawn(
            generator or structure_generator(),
            prompt,
            counts,
            seed=seed,
            height=height,
            width=width,
            um_per_px=um_per_px,
        )
        density = _within(density, drawn, model.classes)
    return sample_layout(
        model,
        counts,
        seed=seed,
        height=height,
        width=width,
        um_per_px=um_per_px,
        density=density,
        locked=locked,
        taxonomy=taxonomy,
    )


def check_classes(tissue: TissueModel, counts: Mapping[str, float]) -> None:
    """Refuse nuclei of a class that a tissue has not.

    Raises
    ------
    ValueError
        Naming the tissue's classes, and the tissues that have the class.
    """
    for name, count in counts.items():
        if name not in tissue.classes and count:
            having = [other for other, path in tissue_files().items() if name in read_tissue(path).classes]
            others = f"; {', '.join(having)} {'has' if len(having) == 1 else 'have'} it" if having else ""
            raise ValueError(
                f"the tissue {tissue.name} has no class {name!r}; it has {', '.join(tissue.classes)}{others}. "
                "How nuclei of a class stand is known only where the tissue was fitted on it"
            )


@cache
def structure_generator(folder: Path | None = None) -> StructureGenerator:
    """The generator of structure that ships, or that of a folder; read once.

    Raises
    ------
    ValueError
        If there is none, or it is damaged.
    """
    from napari_cosynth.structure.folder import load_structure

    return load_structure(folder)


def _drawn(
    generator: StructureGenerator, prompt: str, counts: Mapping[str, int], **tile: float | int
) -> dict[str, np.ndarray]:
    known = {name: n for name, n in counts.items() if name in generator.taxonomy.names}
    return generator.densities(prompt, known, **tile)


def _within(density: Density | None, drawn: Mapping[str, np.ndarray], classes: tuple[str, ...]) -> Density:
    """The structure where a given density lets it be."""
    if density is None:
        return drawn
    given = dict(density) if isinstance(density, Mapping) else dict.fromkeys(classes, density)
    both = {name: values * drawn.get(name, 1.0) for name, values in given.items()}
    return {**drawn, **both}
