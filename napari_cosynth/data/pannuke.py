"""Reader of PanNuke's layout: three NumPy arrays per fold.

Flat, one fold to a folder::

    images.npy   (n, 256, 256, 3)  RGB 0..255, float or uint8
    masks.npy    (n, 256, 256, 6)  ids of neoplastic, inflammatory, connective,
                                   dead and epithelial nuclei; background
    types.npy    (n,)              tissue names

or as downloaded::

    images/fold1/images.npy   images/fold1/types.npy   masks/fold1/masks.npy

or as the package exports it, a split to a folder::

    train/images.npy   train/masks.npy   train/types.npy   val/...   test/...
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from napari_cosynth.data.labelled import LabelledTile
from napari_cosynth.data.npy import open_npy, rgb_uint8
from napari_cosynth.interior import interior_points

_CHANNELS = ("neoplastic", "inflammatory", "connective", "other", "epithelial")
"""Class of each channel of ``masks.npy`` but the last; PanNuke's "dead" is our "other"."""

_VALIDATION_FOLD = "fold3"
_SPLITS = ("train", "val", "test")
_UM_PER_PX = 0.25


def is_pannuke(path: Path) -> bool:
    """True if ``path`` looks like this format."""
    path = Path(path)
    flat = any((folder / "images.npy").is_file() and (folder / "masks.npy").is_file() for folder in _flat(path))
    return flat or (any(path.glob("images/*/images.npy")) and any(path.glob("masks/*/masks.npy")))


def read_pannuke(path: Path, split: str | None = None) -> Iterator[LabelledTile]:
    """Tiles of a PanNuke folder, fold by fold.

    Nuclei are numbered 1..N per tile in the order of the channels, since one id
    may occur in two of them. Where two nuclei claim a pixel, the smaller one
    gets it, so that it does not vanish under the larger; of two that are equal
    the first channel's remains.

    Parameters
    ----------
    path
        Folder with the arrays, flat or nested.
    split
        Only tiles of this split; None for all. Folders named "train", "val" and
        "test" are splits. PanNuke's own folds are none: fold 3 (by the name of its
        folder) is "val", all else is "train".

    Raises
    ------
    FileNotFoundError
        If one of a fold's three arrays is not there.
    ValueError
        If an array has the wrong shape or needs pickle, or the arrays differ in
        length; the message names the file.
    """
    path = Path(path)
    for folder, masks_folder in _folds(path):
        name = _fold_name(folder)
        tile_split = name if name in _SPLITS else "val" if name == _VALIDATION_FOLD else "train"
        if split is not None and split != tile_split:
            continue
        images = _open(folder / "images.npy", channels=3)
        masks = _open(masks_folder / "masks.npy", channels=len(_CHANNELS) + 1)
        types = open_npy(folder / "types.npy", text=True)
        if images.shape[:3] != masks.shape[:3] or types.shape != images.shape[:1]:
            raise ValueError(
                f"{folder}: images.npy {images.shape}, masks.npy {masks.shape} and types.npy {types.shape} "
                "must hold as many tiles of one size"
            )
        for i, tissue in enumerate(types.astype(str)):
            instances, channels = _merge(np.asarray(masks[i, ..., : len(_CHANNELS)]))
            ids, points = interior_points(instances)
            yield LabelledTile(
                name=f"{name or 'pannuke'}-{i:05d}",
                image=rgb_uint8(images[i], f"{folder / 'images.npy'}, tile {i}"),
                instances=instances,
                ids=ids,
                centroids=points.astype(float),
                classes=tuple(_CHANNELS[channels[number]] for number in ids),
                um_per_px=_UM_PER_PX,
                source=path.resolve().name,
                organ=_organ(tissue),
                split=tile_split,
            )


def _folds(path: Path) -> list[tuple[Path, Path]]:
    flat = [(folder, folder) for folder in _flat(path) if (folder / "images.npy").is_file()]
    if flat:
        return flat
    folders = sorted(f.parent for f in path.glob("images/*/images.npy"))
    if not folders:
        raise FileNotFoundError(f"{path} has neither images.npy nor images/FOLD/images.npy, nor train/images.npy")
    return [(folder, path / "masks" / folder.name) for folder in folders]


def _flat(path: Path) -> list[Path]:
    return [path] if (path / "images.npy").is_file() else [path / split for split in _SPLITS]


def _fold_name(folder: Path) -> str:
    name = folder.resolve().name
    if name.lower() in _SPLITS:
        return name.lower()
    match = re.search(r"fold[ _-]?(\d+)", name, re.IGNORECASE)
    return f"fold{match[1]}" if match else ""


def _open(path: Path, channels: int) -> np.ndarray:
    array = open_npy(path)
    if array.ndim != 4 or array.shape[-1] != channels:
        raise ValueError(f"{path} has the shape {array.shape}; expected (n, height, width, {channels})")
    return array


def _merge(masks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ids (H, W) from one map per class (H, W, C), and the channel of each id (index 0 unused)."""
    numbered = np.zeros(masks.shape, np.int32)
    area = np.full(masks.shape, np.inf)
    channels = [0]
    for c in range(masks.shape[-1]):
        values, index, counts = np.unique(masks[..., c], return_inverse=True, return_counts=True)
        index = index.reshape(masks.shape[:2])
        new = np.where(values > 0, np.cumsum(values > 0) + len(channels) - 1, 0)
        numbered[..., c] = new[index]
        area[..., c] = np.where(values > 0, counts, np.inf)[index]
        channels += [c] * int((values > 0).sum())
    owner = area.argmin(axis=-1, keepdims=True)
    return np.take_along_axis(numbered, owner, axis=-1)[..., 0], np.array(channels)


def _organ(tissue: str) -> str:
    words = re.sub(r"[_-]+", " ", tissue).strip().lower()
    return {"headneck": "head and neck"}.get(words, words)
