"""Reader of CoNIC's layout (colon, from Lizard): two NumPy arrays.

::

    images.npy       (n, 256, 256, 3)  uint8 RGB
    labels.npy       (n, 256, 256, 2)  instance ids; classes 0..6
    patch_info.csv   patch_info: SOURCE-NUMBER, one row a tile (may be absent)

``counts.csv`` follows from the labels and is not read.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from napari_cosynth.classes import UNSPECIFIED
from napari_cosynth.data.class_map import majority_class
from napari_cosynth.data.labelled import LabelledTile
from napari_cosynth.data.npy import open_npy, rgb_uint8
from napari_cosynth.interior import interior_points

_CLASSES = (
    UNSPECIFIED,
    "inflammatory",  # neutrophil
    "epithelial",
    "inflammatory",  # lymphocyte
    "inflammatory",  # plasma cell
    "inflammatory",  # eosinophil
    "connective",
)
"""Our class for each value of the class map; 0 inside a nucleus says nothing."""

_UM_PER_PX = 0.5


def is_conic(path: Path) -> bool:
    """True if ``path`` looks like this format."""
    path = Path(path)
    return (path / "images.npy").is_file() and (path / "labels.npy").is_file()


def read_conic(path: Path, split: str | None = None) -> Iterator[LabelledTile]:
    """Tiles of a CoNIC folder, in the order of its arrays.

    Ids are kept. CoNIC's "epithelial" holds benign and malignant nuclei alike.

    Parameters
    ----------
    path
        Folder with the arrays.
    split
        Only tiles of this split; None for all. The format names no splits:
        every tile is "train". ``group`` names the image that a tile was cut
        from, so that a split of your own can keep those together.

    Raises
    ------
    FileNotFoundError
        If ``images.npy`` or ``labels.npy`` is not there.
    ValueError
        If an array has the wrong shape, a class is not in 0..6, or the table
        does not fit the arrays; the message names the file.
    """
    path = Path(path)
    if split not in (None, "train"):
        return
    images, labels = open_npy(path / "images.npy"), open_npy(path / "labels.npy")
    if images.ndim != 4 or images.shape[-1] != 3 or labels.shape != (*images.shape[:3], 2):
        raise ValueError(
            f"{path}: images.npy has the shape {images.shape} and labels.npy {labels.shape}; "
            "expected (n, height, width, 3) and (n, height, width, 2)"
        )
    groups = _groups(path / "patch_info.csv", len(images))
    for i, group in enumerate(groups):
        instances, class_map = np.moveaxis(labels[i].astype(np.int32), -1, 0)
        if not (0 <= class_map.min() and class_map.max() < len(_CLASSES)):
            raise ValueError(
                f"{path / 'labels.npy'}, tile {i}: classes {class_map.min()}..{class_map.max()}; "
                f"allowed are 0..{len(_CLASSES) - 1}"
            )
        ids, points = interior_points(instances)
        yield LabelledTile(
            name=f"conic-{i:05d}",
            image=rgb_uint8(images[i], f"{path / 'images.npy'}, tile {i}"),
            instances=np.ascontiguousarray(instances),
            ids=ids,
            centroids=points.astype(float),
            classes=tuple(_CLASSES[c] for c in majority_class(instances, class_map, ids)),
            um_per_px=_UM_PER_PX,
            source=path.resolve().name,
            organ="colon",
            group=group,
        )


def _groups(path: Path, n_tiles: int) -> list[str]:
    if not path.is_file():
        return [""] * n_tiles
    with open(path, newline="", encoding="utf-8-sig") as stream:
        reader = csv.DictReader(stream)
        if "patch_info" not in (reader.fieldnames or ()):
            raise ValueError(f"{path}: no column patch_info; found {', '.join(reader.fieldnames or ())}")
        groups = [row["patch_info"].rsplit("-", 1)[0] for row in reader]
    if len(groups) != n_tiles:
        raise ValueError(f"{path}: {len(groups)} rows for the {n_tiles} tiles of images.npy; they must be as many")
    return groups
