"""A layout suggested for a tissue: what the dock, the command line and batches ask for.

Imports no torch before a prompt is given: a layout without one comes from the
tissue's point process alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from napari_cosynth.classes import BUNDLED, Taxonomy
from napari_cosynth.layout import Layout
from napari_cosynth.layouts.model import TissueModel
from napari_cosynth.layouts.sample import Density, sample_layout
from napari_cosynth.layouts.tissues import find_tissue


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
        the tissue's own clustering takes its place.
    seed
        The same seed gives the same layout.
    height, width
        Of the tile, px, multiples of 16 from 64 to 1024.
    um_per_px
        Pixel size, micrometres.
    density
        Where nuclei shall stand, as `sample_layout` takes it: float (height,
        width), or one such map by class name.
    locked
        Points that stay.
    taxonomy
        Of the layout; it needs the tissue's classes.

    Raises
    ------
    ValueError
        As `sample_layout` and `find_tissue` do, and if a prompt cannot be followed.
    """
    model = tissue if isinstance(tissue, TissueModel) else find_tissue(tissue)
    if prompt.strip():
        raise ValueError("this installation has no generator of structure; leave the prompt out")
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
