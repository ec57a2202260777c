"""The index of training tissue as a file of the model folder: safetensors, no images, no names."""

from __future__ import annotations

import json
import math
from functools import lru_cache
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from napari_cosynth.model.fingerprint import GRID, Projection
from napari_cosynth.model.nearest import TrainingIndex
from napari_cosynth.model.segmenter import Segmenter
from napari_cosynth.model.segmenter_folder import load_segmenter, segmenter_hash
from napari_cosynth.writing import write_together

FILE = "nearest.safetensors"
KIND, SCHEMA_VERSION = "napari-cosynth training index", 1
ABOUT = "napari-cosynth"
"""Key of the metadata that holds the rest, as JSON."""
_OWN = ("codes", "scale", "usual", "grids")
"""Arrays of the index itself; the others are its projection's."""
_ADVICE = "make it anew with  napari-cosynth nearest, or remove the file: tiles are then made without the comparison"
_DTYPES = {
    "codes": np.int8,
    "scale": np.float32,
    "usual": np.float16,
    "grids": np.int32,
    "cell_mean": np.float32,
    "cell_axes": np.float32,
    "block_mean": np.float32,
    "block_axes": np.float32,
}


class NearestError(ValueError):
    """An index that cannot be used, and why."""


def write_index(index: TrainingIndex, folder: Path) -> Path:
    """Write `FILE` into a model folder; a killed process leaves the old one or the new.

    Raises
    ------
    OSError
        If the disk or the folder refuses.
    """
    path = Path(folder) / FILE
    tensors = {name: getattr(index, name, None) for name in _OWN}
    tensors |= {name: getattr(index.projection, name) for name in _DTYPES.keys() - tensors.keys()}
    about = {"kind": KIND, "schema_version": SCHEMA_VERSION, "segmenter": index.segmenter}
    about |= {"unit": index.unit, "facts": index.facts}
    # One entry, as the library mixes several: the same index is to be the same file.
    metadata = {ABOUT: json.dumps(about)}
    write_together({path: save({n: np.ascontiguousarray(tensors[n], t) for n, t in _DTYPES.items()}, metadata)})
    return path


def read_index(folder: Path) -> TrainingIndex | None:
    """The index of a model folder, None if it has none.

    Raises
    ------
    NearestError
        If it is damaged or something else; the message begins with its path.
    """
    path = Path(folder) / FILE
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="np") as stream:
            about = json.loads((stream.metadata() or {}).get(ABOUT, "{}"))
            tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, TypeError, ValueError) as error:
        raise NearestError(f"{path} is truncated or damaged ({error}); {_ADVICE}") from error
    version = about.get("schema_version") if isinstance(about, dict) else None
    if version != SCHEMA_VERSION or about.get("kind") != KIND:
        raise NearestError(f"{path} is not an index of version {SCHEMA_VERSION} (it has {version}); {_ADVICE}")
    kept = {name: about.get(name) for name in ("unit", "segmenter", "facts")}
    odd = _odd(tensors, kept["unit"] if isinstance(kept["unit"], float) else math.nan)
    if odd:
        raise NearestError(f"{path} is damaged: {odd}; {_ADVICE}")
    parts = {name: tensors.pop(name) for name in _OWN}
    return TrainingIndex(Projection(**tensors), **parts, **kept)


class TrainingCheck:
    """An index together with the segmenter that it needs.

    Raises
    ------
    NearestError
        If the segmenter is another one than the index was made with.
    """

    def __init__(self, index: TrainingIndex, network: Segmenter, found: str, where: Path) -> None:
        if found != index.segmenter:
            raise NearestError(
                f"{where} was made with the segmenter {index.segmenter}, but {found} is installed; {_ADVICE}"
            )
        self._index, self._network = index, network

    def distance(self, image: np.ndarray) -> float | None:
        """As `TrainingIndex.distance`, to four digits."""
        distance = self._index.distance(self._network, image)
        return None if distance is None else round(distance, 4)


def training_check(folder: Path) -> TrainingCheck | None:
    """What tells how near a tile is to what a model was trained on; None if its folder has no index.

    Kept for the next tile as long as the file stays as it is.

    Raises
    ------
    NearestError
        If the index cannot be used.
    OSError
        If the bundled segmenter is not there.
    """
    path = Path(folder) / FILE
    if not path.is_file():
        return None
    state = path.stat()
    return _check(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=1)
def _check(path: Path, *state: int) -> TrainingCheck | None:
    del state  # part of the cache's key: a file that changed is read anew
    index = read_index(path.parent)
    return None if index is None else TrainingCheck(index, load_segmenter(), segmenter_hash(), path)


def _odd(tensors: dict[str, np.ndarray], unit: float) -> str:
    """What is wrong with an index's content; empty if nothing is."""
    if tensors.keys() != _DTYPES.keys():
        return f"it holds {', '.join(sorted(tensors)) or 'nothing'}, not {', '.join(sorted(_DTYPES))}"
    for name, array in tensors.items():
        if array.dtype != _DTYPES[name]:
            return f"{name} is {array.dtype}, not {np.dtype(_DTYPES[name])}"
        if not np.isfinite(array).all():
            return f"{name} holds something else than numbers"
    n, d = (*tensors["codes"].shape, 0, 0)[:2]
    features, a = (*tensors["cell_axes"].shape, 0, 0)[:2]
    wanted = {
        "codes": (n, d),
        "scale": (d,),
        "usual": (n,),
        "grids": (len(tensors["grids"]), 2),
        "cell_mean": (features,),
        "cell_axes": (features, a),
        "block_mean": (GRID**2 * a,),
        "block_axes": (GRID**2 * a, d),
    }
    for name, shape in wanted.items():
        if tensors[name].shape != shape:
            return f"{name} has the shape {tensors[name].shape}, which must be {shape}"
    if tensors["grids"].min(initial=1) < 1 or tensors["grids"].astype(np.int64).prod(axis=1).sum() != n:
        return f"its tiles do not have {n} blocks together"
    if n == 0 or tensors["usual"].min() <= 0 or not 0 < unit < math.inf:
        return "it holds no blocks, or a distance that is not above 0"
    return ""
