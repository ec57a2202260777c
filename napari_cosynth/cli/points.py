"""`napari-cosynth points`: the layout of a labelled tile."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from napari_cosynth.classes import BUNDLED, UNSPECIFIED
from napari_cosynth.cli.outcome import console, outcome
from napari_cosynth.data.class_map import majority_class
from napari_cosynth.interior import interior_points
from napari_cosynth.layout import Layout
from napari_cosynth.layout_io import write_layout


def points(
    instances: Annotated[Path, typer.Argument(help="Instance label image (PNG, TIFF), 0 = background.")],
    out: Annotated[Path, typer.Option(help="Layout to write: .csv or .geojson.")],
    semantic: Annotated[
        Path | None, typer.Option(help="Semantic label image: 0 = background, then the bundled model's classes.")
    ] = None,
    class_name: Annotated[
        str, typer.Option("--class", help="Class of all nuclei where no semantic image is given.")
    ] = UNSPECIFIED,
) -> None:
    """Take the centroids and classes out of a labelled tile, so that its layout can be used again.

    Each nucleus gives one point: the pixel farthest from its border.
    """
    from skimage.io import imread

    with outcome():
        labels = imread(instances)
        if labels.ndim != 2 or labels.dtype.kind not in "ui":
            raise ValueError(
                f"{instances}: got {labels.dtype} {labels.shape}; labels have one channel of integers"
            )
        ids, centroids = interior_points(labels.astype(np.int32))
        class_ids = np.full(len(ids), BUNDLED.id_of(class_name))
        if semantic is not None:
            class_ids = _majority(imread(semantic), labels, ids, semantic)
        height, width = labels.shape
        layout = Layout(centroids=centroids, class_ids=class_ids, height=height, width=width)
        write_layout(layout, out)
        console.print(f"{out}: {len(layout)} points on {height} x {width} px", highlight=False)


def _majority(semantic: np.ndarray, labels: np.ndarray, ids: np.ndarray, path: Path) -> np.ndarray:
    """Class id of each nucleus: the one that most of its pixels have."""
    if semantic.shape != labels.shape:
        raise ValueError(f"{path}: is {semantic.shape}, the instances are {labels.shape}; they must agree")
    if semantic.max(initial=0) > len(BUNDLED):
        raise ValueError(f"{path}: holds {semantic.max()}; allowed are 0 to {len(BUNDLED)}: {', '.join(BUNDLED.names)}")
    classes = majority_class(labels, semantic, ids)
    return np.where(classes > 0, classes - 1, BUNDLED.unspecified)
