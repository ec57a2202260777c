"""One class of a layout placed anew; all other points stay exactly where they are."""

from __future__ import annotations

import numpy as np

from napari_cosynth.layout import Layout
from napari_cosynth.layouts.lacking import lacks, with_classes
from napari_cosynth.layouts.model import TissueModel
from napari_cosynth.layouts.sample import sample_layout


def resample_class(
    layout: Layout, tissue: TissueModel, name: str, *, seed: int, keep: np.ndarray | None = None
) -> Layout:
    """Layout with the nuclei of one class placed anew among the others, which stay.

    Parameters
    ----------
    name
        Of the class; as many nuclei of it as before.
    keep
        bool (N,): points that stay although they are of the class.

    Raises
    ------
    ValueError
        If the tissue lacks the class, or no nucleus of it can be moved.
    """
    if name not in tissue.classes:
        raise ValueError(lacks(tissue, name))
    again = layout.class_ids == layout.taxonomy.id_of(name)
    if keep is not None:
        again &= ~keep
    if not again.any():
        raise ValueError(
            f"there are no {name} nuclei that could move; choose a class that is on the tile, or unlock some of it"
        )
    others = layout.remove(np.flatnonzero(again))
    made = sample_layout(
        with_classes(tissue, others.names),
        {name: n for name, n in layout.counts().items() if n},
        seed=seed,
        height=layout.height,
        width=layout.width,
        um_per_px=layout.um_per_px,
        locked=others,
        taxonomy=layout.taxonomy,
    )
    # Each in its place: numbers of points are labels of masks.
    centroids = layout.centroids.copy()
    centroids[again] = made.centroids[len(others) :]
    return layout.model_validate({**dict(layout), "centroids": centroids})
