"""Reads a labelled data set of any format that the package knows.

Knows which files tell a format; what is in them is the readers' matter.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from napari_cosynth.data.conic import is_conic, read_conic
from napari_cosynth.data.folder import is_folder, read_folder
from napari_cosynth.data.hovernet import is_hovernet, read_hovernet
from napari_cosynth.data.labelled import LabelledTile
from napari_cosynth.data.pannuke import is_pannuke, read_pannuke


@dataclass(frozen=True)
class DatasetFormat:
    """A format: how to tell it, how to read it, which files it needs."""

    name: str
    matches: Callable[[Path], bool]
    read: Callable[[Path, str | None], Iterator[LabelledTile]]
    needs: str


FORMATS = (
    DatasetFormat("folder", is_folder, read_folder, "tiles.csv and nuclei.csv beside images/ and instances/"),
    DatasetFormat(
        "PanNuke",
        is_pannuke,
        read_pannuke,
        "images.npy, masks.npy, types.npy (or images/FOLD/ and masks/FOLD/ with them, or train/, val/ and test/)",
    ),
    DatasetFormat("CoNIC", is_conic, read_conic, "images.npy and labels.npy"),
    DatasetFormat(
        "HoVer-Net",
        is_hovernet,
        read_hovernet,
        "Images/*.png and Labels/*.mat or *.npy, directly or in Train/, Valid/ and Test/",
    ),
)
"""In the order in which they are tried."""

_EXPORT = '"kind": "napari-cosynth dataset"'
"""In the ``dataset.json`` of what `export` wrote."""

_DEPTH = 2  # sources in a folder, and the folds of one source: PanNuke/Fold 1


def read_dataset(path: Path, split: str | None = None) -> Iterator[LabelledTile]:
    """Tiles of a data set, or of all data sets in the folders below.

    The format is told by the files. Each data set found in a subfolder is a
    source of its own; they are read in the order of their paths. What `export`
    wrote in several formats holds the same tiles in each: its ``folder`` is read,
    or else the only format that can be.

    Parameters
    ----------
    path
        A data set, or a folder of data sets (two levels deep at most).
    split
        Only tiles of this split ("train", "val", ...); None for all.

    Raises
    ------
    FileNotFoundError
        If ``path`` is no folder, or none of the formats fits; the message lists
        what each format needs. Raised by the call itself, not on the first tile.
    ValueError
        If an export has several formats that can be read, but no ``folder``. Raised
        by the call itself, too.
    """
    path = Path(path)
    if not path.is_dir():
        raise FileNotFoundError(f"{path} is not a folder; give the folder of a data set")
    found = _datasets(path, _DEPTH)
    if not found:
        needs = "\n".join(f"  {f.name}: {f.needs}" for f in FORMATS)
        raise FileNotFoundError(f"{path}: no data set here or in its subfolders. A data set is one of\n{needs}")
    return chain.from_iterable(dataset_format.read(folder, split) for folder, dataset_format in found)


def change_sources(
    tiles: Iterable[LabelledTile], sources: Collection[str], change: Callable[[LabelledTile], LabelledTile]
) -> list[LabelledTile]:
    """All tiles in their order, those of some sources changed.

    Parameters
    ----------
    tiles
        Of any source.
    sources
        Names of sources (`LabelledTile.source`).
    change
        What becomes of a tile of theirs.

    Raises
    ------
    ValueError
        If no tile is of a source that is named; the message lists the sources.
    """
    tiles = list(tiles)
    there = {tile.source for tile in tiles}
    absent = sorted(set(sources) - there)
    if absent:
        known = ", ".join(sorted(there)) or "none"
        raise ValueError(f"no tile is of the source {', '.join(map(repr, absent))}; sources here: {known}")
    return [change(tile) if tile.source in sources else tile for tile in tiles]


def mark_partial(tiles: Iterable[LabelledTile], sources: Collection[str]) -> list[LabelledTile]:
    """Count all tiles of some sources as partially annotated, see `change_sources`.

    For sources that leave nuclei out without saying so: what is found beside
    their labels is then not held to be wrong, nor their background to be empty.
    """
    return change_sources(tiles, sources, lambda tile: replace(tile, coverage="partial"))


def _datasets(path: Path, depth: int) -> list[tuple[Path, DatasetFormat]]:
    for dataset_format in FORMATS:
        if dataset_format.matches(path):
            return [(path, dataset_format)]
    if depth == 0:
        return []
    below = sorted(f for f in path.iterdir() if f.is_dir() and not f.name.startswith("."))
    if _is_export(path):
        return _one_format(path, below)
    return [found for folder in below for found in _datasets(folder, depth - 1)]


def _is_export(path: Path) -> bool:
    try:
        with open(path / "dataset.json", encoding="utf-8") as stream:
            # The file has a line for each tile; what it is stands at its beginning.
            return _EXPORT in stream.read(200)
    except (OSError, UnicodeDecodeError):
        return False


def _one_format(path: Path, below: Sequence[Path]) -> list[tuple[Path, DatasetFormat]]:
    found = [(folder, f) for folder in below if (f := next((f for f in FORMATS if f.matches(folder)), None))]
    exact = [(folder, f) for folder, f in found if folder.name == "folder"]
    if len(found) > 1 and not exact:
        listed = " or ".join(str(folder) for folder, _ in found)
        raise ValueError(f"{path} holds the same tiles in {len(found)} formats; give one of them: {listed}")
    return exact or found
