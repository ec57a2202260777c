"""`napari-cosynth points`: the layout of a labelled tile."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from pydantic import ValidationError

from napari_cosynth.classes import BUNDLED, UNSPECIFIED, Taxonomy
from napari_cosynth.cli.outcome import outcome, say
from napari_cosynth.cli.size import parse_pair, parse_size
from napari_cosynth.counted import counted
from napari_cosynth.data.class_map import majority_class
from napari_cosynth.interior import interior_points
from napari_cosynth.layout import Layout, plain_message
from napari_cosynth.layout_io import write_layout


def points(
    instances: Annotated[Path, typer.Argument(help="Instance label image (PNG, TIFF), 0 = background.")],
    out: Annotated[Path, typer.Option(help="Layout to write: .csv, or .geojson for QuPath.")],
    semantic: Annotated[
        Path | None, typer.Option(help="Semantic label image: 0 = background, then the model's classes.")
    ] = None,
    class_name: Annotated[
        str, typer.Option("--class", help="Class of all nuclei where no semantic image is given.")
    ] = UNSPECIFIED,
    size: Annotated[
        str | None, typer.Option(help="HEIGHT,WIDTH of the part to take, px; the whole image if left out.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="ROW,COL of that part's upper left pixel; 0,0 if left out.", show_default=False)
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Model folder whose classes they are, if not those of the bundled model.")
    ] = None,
) -> None:
    """Take the centroids and classes out of a labelled tile, so that its layout can be used again.

    Each nucleus gives one point: the pixel farthest from its border, in the order
    of the label ids. Of a nucleus that the edge cuts, the visible part counts.

    **Examples**

    `napari-cosynth points tiles/gland-0-instances.png --semantic tiles/gland-0-semantic.png --out again.csv`

    `napari-cosynth points my_labels.tif --class neoplastic --size 256,256 --at 512,0 --out part.csv`
    """
    with outcome():
        if at is not None and size is None:
            raise ValueError(f"--at {at} says where a part begins, but not how large it is; add --size HEIGHT,WIDTH")
        taxonomy = BUNDLED
        if model is not None:
            from napari_cosynth.synthesis import taxonomy_of

            taxonomy = taxonomy_of(model)
        labels = _labels(instances)
        classes = None if semantic is None else _class_map(semantic, labels, taxonomy)
        if size is not None:
            window = _window(parse_size(size), parse_pair("--at", at or "0,0", "ROW,COL"), labels.shape, instances)
            labels, classes = labels[window], classes if classes is None else classes[window]
        ids, centroids = interior_points(labels)
        class_ids = np.full(len(ids), taxonomy.id_of(class_name))
        if classes is not None:
            found = majority_class(labels, classes, ids)
            class_ids = np.where(found > 0, found - 1, taxonomy.unspecified)
        height, width = labels.shape
        try:
            layout = Layout(centroids=centroids, class_ids=class_ids, height=height, width=width, taxonomy=taxonomy)
        except ValidationError as error:
            hint = "" if size is not None else ". Or take a part of it, such as --size 256,256 --at 0,0"
            raise ValueError(f"{instances}: {plain_message(error)}{hint}") from error
        write_layout(layout, out)
        say(f"{out}: {counted(len(layout), 'point')}; make tiles of them with --size {height},{width}")


def _labels(path: Path) -> np.ndarray:
    labels = _pixels(path)
    if labels.ndim != 2 or labels.dtype.kind not in "ui":
        raise ValueError(
            f"{path}: got {labels.dtype} {labels.shape}; labels have one channel of integers. "
            "Save them as a 16-bit grey PNG or TIFF"
        )
    if labels.min(initial=0) < 0:
        raise ValueError(f"{path}: holds {labels.min()}; label ids are 1 or more, 0 is background")
    return labels


def _class_map(path: Path, labels: np.ndarray, taxonomy: Taxonomy) -> np.ndarray:
    classes = _pixels(path)
    if classes.shape != labels.shape or classes.dtype.kind not in "ui":
        raise ValueError(
            f"{path}: is {classes.dtype} {classes.shape}, the instances are {labels.shape}; give integers of that size"
        )
    if classes.max(initial=0) > len(taxonomy):
        listed = ", ".join(f"{i} {name}" for i, name in enumerate(taxonomy.names, start=1))
        raise ValueError(f"{path}: holds {classes.max()}; allowed are 0 background, {listed}")
    return classes


def _pixels(path: Path) -> np.ndarray:
    from skimage.io import imread

    try:
        return imread(path)
    except FileNotFoundError as error:
        raise ValueError(f"{path}: there is no such file; check the name") from error
    except (OSError, ValueError, SyntaxError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{path}: cannot be read as an image ({reason}); give a PNG or TIFF of labels") from error


def _window(size: tuple[int, int], at: tuple[int, int], shape: tuple[int, ...], path: Path) -> tuple[slice, slice]:
    if any(start + side > full for start, side, full in zip(at, size, shape, strict=True)):
        raise ValueError(
            f"{path}: --size {size[0]},{size[1]} --at {at[0]},{at[1]} reaches beyond the image of "
            f"{shape[0]} x {shape[1]} px; move it or make it smaller"
        )
    return slice(at[0], at[0] + size[0]), slice(at[1], at[1] + size[1])
