"""What is done in the thread: functions from the layout that is there to a new one. They know no Qt and no session.

What they need is imported when they run: it loads scipy, and with a prompt torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from pydantic import ValidationError

from napari_cosynth.layout import Layout, plain_message
from napari_cosynth.layouts.model import TissueModel

Make = Callable[[Layout, np.ndarray], Layout]
"""A new layout of the one that is there and a bool (N,): its locked points."""


def suggestion(tissue: TissueModel, total: int, mix: Mapping[str, float], prompt: str, number: int) -> Make:
    """The whole tile anew, with the locked points; ``number`` is the seed."""

    def make(layout: Layout, locked: np.ndarray) -> Layout:
        from napari_cosynth.layouts.abundance import draw_counts
        from napari_cosynth.layouts.lacking import lacks
        from napari_cosynth.suggest import suggest_layout

        kept = layout.remove(np.flatnonzero(~locked))
        foreign = [name for name in kept.names if name not in tissue.classes]
        if foreign:
            raise ValueError(f"a {foreign[0]} nucleus is locked, but {lacks(tissue, foreign[0])}; or unlock it")
        area_um2 = layout.height * layout.width * layout.um_per_px**2
        return suggest_layout(
            tissue,
            draw_counts(tissue, area_um2, np.random.default_rng(number), total=total, mix=mix),
            prompt=prompt,
            seed=number,
            height=layout.height,
            width=layout.width,
            um_per_px=layout.um_per_px,
            locked=kept if len(kept) else None,
            taxonomy=layout.taxonomy,
        )

    return make


def filling(
    tissue: TissueModel, area: np.ndarray, mix: Mapping[str, float], per_mm2: float, seed: int, replace: bool
) -> Make:
    """Nuclei in an area (H, W), as `fill_area`."""

    def make(layout: Layout, locked: np.ndarray) -> Layout:
        from napari_cosynth.layouts.fill import fill_area

        return fill_area(layout, tissue, area, mix, per_mm2, seed=seed, replace=replace, keep=locked)

    return make


def resampling(tissue: TissueModel, name: str, seed: int) -> Make:
    """The nuclei of a class in other places, as `resample_class`."""

    def make(layout: Layout, locked: np.ndarray) -> Layout:
        from napari_cosynth.layouts.resample import resample_class

        return resample_class(layout, tissue, name, seed=seed, keep=locked)

    return make


def attempt(make: Make, layout: Layout, locked: np.ndarray) -> Layout | ValueError:
    """What was made, or why not. Other errors are no answer to what was asked, and are raised."""
    try:
        return make(layout, locked)
    except ValueError as error:
        return error


def said(error: Exception) -> str:
    """What the user reads of an error."""
    if isinstance(error, ValidationError):
        return plain_message(error)
    if isinstance(error, ValueError):
        return str(error)
    return f"the nuclei could not be placed ({type(error).__name__}: {error}). Try again with other choices, or undo"
