"""Reader of HoVer-Net's layout, as CoNSeP, CPM17 and Kumar have it.

::

    [Train/|Valid/|Test/]Images/NAME.png   RGB (also .tif, .jpg)
    [Train/|Valid/|Test/]Labels/NAME.mat   inst_map (H, W), type_map (H, W),
                                           inst_type (N, 1), inst_centroid (N, 2) x, y
    [Train/|Valid/|Test/]Labels/NAME.npy   instead: (H, W, 2), ids and types

CPM17 has ``train`` and ``test``, Kumar ``train``, ``test_same`` and
``test_diff`` (organs that are in ``train``, and others).

``inst_type`` and ``inst_centroid`` are not read: both follow from the maps, and
a centre of mass can lie outside its nucleus.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from scipy.io import loadmat
from skimage.io import imread

from napari_cosynth.classes import UNSPECIFIED
from napari_cosynth.data.class_map import majority_class
from napari_cosynth.data.labelled import LabelledTile
from napari_cosynth.data.npy import open_npy
from napari_cosynth.interior import interior_points

CONSEP_TYPES: Mapping[int, str] = {
    1: "other",
    2: "inflammatory",
    3: "epithelial",  # healthy
    4: "neoplastic",  # dysplastic or malignant epithelium
    5: "connective",  # fibroblast
    6: "connective",  # muscle
    7: "connective",  # endothelial
}
"""Our class for each of CoNSeP's type ids."""

_SPLITS = {"train": "train", "valid": "val", "test": "test", "test_same": "test", "test_diff": "test"}
"""Split of a folder by its name in small letters, in the order in which they are read."""

_IMAGE_SUFFIXES = (".png", ".tif", ".tiff", ".jpg")
_LABEL_SUFFIXES = (".mat", ".npy")


def is_hovernet(path: Path) -> bool:
    """True if ``path`` looks like this format."""
    return bool(_parts(Path(path)))


def read_hovernet(
    path: Path,
    split: str | None = None,
    *,
    um_per_px: float = 0.25,
    type_names: Mapping[int, str] = CONSEP_TYPES,
) -> Iterator[LabelledTile]:
    """Tiles of a HoVer-Net folder, by name, ``Train`` before ``Valid`` before ``Test``; capitals do not count.

    Ids are kept. Nuclei of labels without types are "unspecified".

    Parameters
    ----------
    path
        Folder with ``Images`` and ``Labels``, or with ``Train``, ``Valid`` and
        ``Test`` that have them.
    split
        Only tiles of this split; None for all. ``Train`` is "train", ``Valid``
        "val", and ``Test`` "test", but "val" where there is no ``Valid``, as in
        CoNSeP; so are Kumar's ``test_same`` and ``test_diff``. A folder without
        any of them is "train".
    um_per_px
        Pixel size of the images, which the format does not state.
    type_names
        Class of each type id. HoVer-Net's own scripts merge CoNSeP's seven
        types into four, so labels that went through them need another table.

    Raises
    ------
    FileNotFoundError
        If an image has no label or a label no image.
    ValueError
        If a label lacks ``inst_map``, its maps differ in size from the image, or
        a type is not in ``type_names``; the message names the file.
    """
    path = Path(path)
    parts = _parts(path)
    if not parts:
        raise FileNotFoundError(f"{path} has no Images and Labels (*.mat or *.npy), nor Train, Valid or Test with them")
    for folder, tile_split in parts:
        if split is not None and split != tile_split:
            continue
        for image_file, label_file in _pairs(folder):
            yield _tile(image_file, label_file, um_per_px, type_names, source=path.resolve().name, split=tile_split)


def _parts(path: Path) -> list[tuple[Path, str]]:
    below = [f for f in path.iterdir() if f.name.lower() in _SPLITS] if path.is_dir() else []
    below.sort(key=lambda f: list(_SPLITS).index(f.name.lower()))
    there = [
        folder
        for folder in (path, *below)
        if (folder / "Images").is_dir() and any(_files(folder / "Labels", _LABEL_SUFFIXES))
    ]
    splits = [_SPLITS.get(folder.name.lower(), "train") if folder != path else "train" for folder in there]
    if "val" not in splits:
        splits = ["val" if split == "test" else split for split in splits]
    return list(zip(there, splits, strict=True))


def _files(folder: Path, suffixes: tuple[str, ...]) -> dict[str, Path]:
    if not folder.is_dir():
        return {}
    return {f.stem: f for f in sorted(folder.iterdir()) if f.suffix.lower() in suffixes and f.name[0] != "."}


def _pairs(folder: Path) -> Iterator[tuple[Path, Path]]:
    images, labels = _files(folder / "Images", _IMAGE_SUFFIXES), _files(folder / "Labels", _LABEL_SUFFIXES)
    for here, there, where, what in (
        (images, labels, "Labels", " or ".join(_LABEL_SUFFIXES)),
        (labels, images, "Images", " or ".join(_IMAGE_SUFFIXES)),
    ):
        for name in sorted(here.keys() - there.keys()):
            raise FileNotFoundError(f"{here[name]} has no partner {folder / where / name} ({what})")
    for name in sorted(images):
        yield images[name], labels[name]


def _tile(
    image_file: Path, label_file: Path, um_per_px: float, type_names: Mapping[int, str], *, source: str, split: str
) -> LabelledTile:
    image = imread(image_file)
    if image.ndim != 3 or image.shape[-1] < 3 or image.dtype != np.uint8:
        raise ValueError(f"{image_file} is {image.dtype} {image.shape}; expected 8-bit RGB")
    instances, type_map = _labels(label_file)
    if instances.shape != image.shape[:2]:
        raise ValueError(f"{label_file} is {instances.shape} but {image_file.name} {image.shape[:2]}: other sizes")
    ids, points = interior_points(instances)
    types = np.zeros(len(ids), np.int64) if type_map is None else majority_class(instances, type_map, ids)
    names = {0: UNSPECIFIED, **type_names}
    unknown = sorted(set(types.tolist()) - names.keys())
    if unknown:
        raise ValueError(
            f"{label_file}: type {unknown[0]} is not one of {', '.join(map(str, type_names))}; "
            "pass type_names with a class for it"
        )
    return LabelledTile(
        name=image_file.stem,
        image=np.ascontiguousarray(image[..., :3]),
        instances=instances,
        ids=ids,
        centroids=points.astype(float),
        classes=tuple(names[t] for t in types.tolist()),
        um_per_px=um_per_px,
        source=source,
        split=split,
        group=image_file.stem,
    )


def _labels(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    if path.suffix.lower() == ".npy":
        array = open_npy(path)
        if array.ndim == 2:
            return array.astype(np.int32), None
        if array.ndim != 3 or array.shape[-1] != 2:
            raise ValueError(f"{path} has the shape {array.shape}; expected (height, width, 2): ids and types")
        return array[..., 0].astype(np.int32), array[..., 1].astype(np.int32)
    try:
        content = loadmat(path)
    except NotImplementedError as error:
        raise ValueError(f"{path} is a MATLAB 7.3 file, which is not read; save it with -v7 in MATLAB") from error
    except Exception as error:  # scipy raises whatever the damaged bytes lead to
        raise ValueError(f"{path} is not a complete .mat file ({error}); download it again") from error
    if "inst_map" not in content:
        found = ", ".join(key for key in content if not key.startswith("__"))
        raise ValueError(f"{path}: no inst_map; found {found or 'nothing'}")
    instances = content["inst_map"].astype(np.int32)
    if "type_map" not in content:
        return instances, None
    type_map = content["type_map"].astype(np.int32)
    if type_map.shape != instances.shape:
        raise ValueError(f"{path}: inst_map {instances.shape} and type_map {type_map.shape} differ in size")
    return instances, type_map
