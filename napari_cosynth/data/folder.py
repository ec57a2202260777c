"""Reader of the folder format: images, instance masks and two CSV tables.

Also the format that the package exports, so that made tiles train a model
without a further step::

    images/NAME.png|jpg      RGB
    instances/NAME.png|tif   uint16, 0 = background (absent: points only)
    tiles.csv                name, organ, disease, stain, um_per_px, height,
                             width, n_nuclei, split, group, annotation
    nuclei.csv               name, id, row, col, class, source_class, area_px

``docs/data.md`` says what each column holds.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from skimage.io import imread

from napari_cosynth.classes import UNSPECIFIED
from napari_cosynth.data.labelled import LabelledTile

_TILE_COLUMNS = ("name", "um_per_px", "split", "annotation")
_NUCLEUS_COLUMNS = ("name", "id", "row", "col", "class")
_LINE = "line of the file"
"""Key under which a row knows its line, for messages; no column is called so."""


def is_folder(path: Path) -> bool:
    """True if ``path`` looks like this format."""
    return (path / "tiles.csv").is_file() and (path / "nuclei.csv").is_file()


def read_folder(path: Path, split: str | None = None) -> Iterator[LabelledTile]:
    """Tiles of a folder, in the order of its ``tiles.csv``.

    Capitals and outer spaces of class names do not count, as in layouts.

    Parameters
    ----------
    path
        The folder.
    split
        Only tiles of this split ("train", "val", ...); None for all.

    Raises
    ------
    ValueError
        If a table lacks a column, a line of it is short or holds something else than
        a number where one belongs, or does not say whether a tile has masks; an image
        cannot be read; or a mask lacks a nucleus that ``nuclei.csv`` names. The message
        names the file, and line and column where there are any.
    FileNotFoundError
        If an image that ``tiles.csv`` names is not there.
    """
    path = Path(path)
    nuclei: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in _rows(path / "nuclei.csv", _NUCLEUS_COLUMNS):
        nuclei[row["name"]].append(row)
    for row in _rows(path / "tiles.csv", _TILE_COLUMNS):
        if split is None or row["split"] == split:
            yield _tile(path, row, nuclei[row["name"]])


def _tile(path: Path, row: dict[str, str], nuclei: list[dict[str, str]]) -> LabelledTile:
    name, annotation = row["name"], _annotation(path / "tiles.csv", row)
    image = None if "no image" in annotation else _image(_file(path / "images", name))
    ids = np.array([_number(path / "nuclei.csv", n, "id", int) for n in nuclei], dtype=np.int64)
    instances = None
    if "masks" in annotation:
        file = _file(path / "instances", name)
        instances = _pixels(file).astype(np.int32)
        absent = ids[~np.isin(ids, instances)]
        if len(absent):
            raise ValueError(
                f"{file}: no pixel has the id {absent[0]}, but {path / 'nuclei.csv'} lists it for the tile {name!r}; "
                "remove its line, or write the mask that goes with the table"
            )
    centroids = [[_number(path / "nuclei.csv", n, column) for column in ("row", "col")] for n in nuclei]
    return LabelledTile(
        name=name,
        image=image,
        instances=instances,
        ids=ids,
        centroids=np.array(centroids, dtype=float).reshape(-1, 2),
        classes=tuple(n["class"].strip().lower() or UNSPECIFIED for n in nuclei),
        um_per_px=_number(path / "tiles.csv", row, "um_per_px"),
        source=path.resolve().name,
        organ=row.get("organ", ""),
        disease=row.get("disease", ""),
        stain=row.get("stain") or "H&E",
        split=row["split"],
        group=row.get("group", ""),
        coverage="partial" if "partial" in annotation else "complete",
        shape=tuple(
            int(_number(path / "tiles.csv", row, side, int)) if row.get(side) else 0 for side in ("height", "width")
        ),
    )


def _annotation(path: Path, row: dict[str, str]) -> str:
    # A word that is not known would drop the masks without a sound.
    annotation = row["annotation"].lower()
    if "masks" not in annotation and "points" not in annotation:
        raise ValueError(
            f"{path}: line {row[_LINE]}, column annotation: {row['annotation']!r} says neither masks nor points; write "
            "masks if instances/ has the tile's nuclei, else points"
        )
    return annotation


def _image(file: Path) -> np.ndarray:
    pixels = _pixels(file)
    if pixels.ndim != 3 or pixels.shape[-1] < 3 or pixels.dtype != np.uint8:
        raise ValueError(f"{file}: is {pixels.dtype} {pixels.shape}; an image must be 8-bit RGB")
    return pixels[..., :3]


def _pixels(file: Path) -> np.ndarray:
    try:
        return imread(file)
    except (OSError, ValueError, SyntaxError) as error:
        raise ValueError(f"{file}: cannot be read as an image ({error}); write or download it anew") from error


def _number(path: Path, row: dict[str, str], column: str, kind: type = float) -> float:
    try:
        return kind(row[column])
    except (TypeError, ValueError):
        raise ValueError(
            f"{path}: line {row[_LINE]}, column {column}: {row[column]!r} is not "
            f"{'a whole number' if kind is int else 'a number'}; correct it"
        ) from None


def _file(folder: Path, name: str) -> Path:
    for suffix in (".png", ".jpg", ".tif", ".tiff"):
        if (folder / f"{name}{suffix}").is_file():
            return folder / f"{name}{suffix}"
    raise FileNotFoundError(f"{folder / name}.png (or .jpg, .tif) is named in tiles.csv but is not there")


def _rows(path: Path, required: tuple[str, ...]) -> Iterator[dict[str, str]]:
    with open(path, newline="", encoding="utf-8-sig") as stream:
        reader = csv.DictReader(stream)
        missing = [c for c in required if c not in (reader.fieldnames or ())]
        if missing:
            raise ValueError(f"{path}: no column {', '.join(missing)}; found {', '.join(reader.fieldnames or ())}")
        for row in reader:
            # csv fills a short line up with None.
            short = [column for column, value in row.items() if value is None]
            if short:
                raise ValueError(
                    f"{path}: line {reader.line_num} ends before the column {short[0]}; complete or remove it"
                )
            yield row | {_LINE: reader.line_num}
