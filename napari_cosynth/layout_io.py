"""Layouts in files: our CSV, and the points and detections of QuPath.

Reading a file never decides the size of the tile: points do not say where the
tissue ends. Whatever is wrong with a file comes out as a ``LayoutFileError``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from napari_cosynth.classes import BUNDLED, Taxonomy
from napari_cosynth.layout import Layout, plain_message
from napari_cosynth.layout_csv import csv_points, csv_text
from napari_cosynth.layout_geojson import geojson_points, geojson_text
from napari_cosynth.points import PointError
from napari_cosynth.writing import write_together

SUFFIXES = (".csv", ".geojson")


class LayoutFileError(ValueError):
    """A file that holds no valid layout; the message begins with its path."""


def read_layout(
    path: str | Path,
    size: tuple[int, int] = (256, 256),
    um_per_px: float = 0.25,
    taxonomy: Taxonomy = BUNDLED,
) -> Layout:
    """Layout from a ``.csv`` or a QuPath ``.geojson`` file.

    Parameters
    ----------
    path
        CSV with the header ``row,col,class`` (the header alone is an empty
        layout), or GeoJSON: a FeatureCollection, a feature or a list of them.
        Points count as they are; of a polygon, such as a detected nucleus, the
        point farthest from its border counts. Features without a
        classification are "unspecified"; QuPath's default classes become ours
        (`layout_geojson.geojson_points`).
    size
        Height and width of the tile in px; never taken from the points.
    um_per_px
        Pixel size in micrometres.
    taxonomy
        The classes; names are compared without case.

    Raises
    ------
    LayoutFileError
        Naming the file, the line and column or the feature, and the remedy.
    """
    path = Path(path)
    read = _by_suffix(path, {".csv": csv_points, ".geojson": partial(geojson_points, taxonomy=taxonomy)})
    try:
        content = path.read_bytes()
    except OSError as error:
        raise LayoutFileError(f"{path}: cannot be read: {error.strerror}") from error
    rows: list[tuple[float, float]] = []
    class_ids: list[int] = []
    places: list[str] = []
    try:
        for row, col, name, place in read(_text(content)):
            try:
                class_ids.append(taxonomy.id_of(name))
            except ValueError as error:
                raise ValueError(f"{place}, column class: {error}") from None
            rows.append((row, col))
            places.append(place)
        return Layout(
            centroids=rows, class_ids=class_ids, height=size[0], width=size[1], um_per_px=um_per_px, taxonomy=taxonomy
        )
    except ValidationError as error:
        fault = error.errors()[0].get("ctx", {}).get("error")
        place = ""
        if isinstance(fault, PointError):
            # GeoJSON has no columns.
            column = f", column {fault.column}" if path.suffix.lower() == ".csv" else ""
            place = f"{places[fault.index]}{column}: "
        raise LayoutFileError(f"{path}: {place}{plain_message(error)}") from error
    except ValueError as error:
        raise LayoutFileError(f"{path}: {error}") from error


def write_layout(layout: Layout, path: str | Path) -> None:
    """Write a layout as ``.csv`` or QuPath ``.geojson``.

    A CSV file reads back as the same points to the last bit. The tile's size,
    scale and taxonomy are in neither format. The file appears whole or not at
    all.

    Raises
    ------
    LayoutFileError
        If the suffix is neither of the two.
    OSError
        If the disk or the folder refuses.
    """
    path = Path(path)
    content = _by_suffix(path, {".csv": csv_text, ".geojson": geojson_text})(layout)
    write_together({path: content.encode()})


def _by_suffix(path: Path, by_suffix: dict[str, Callable[..., Any]]) -> Callable[..., Any]:
    if path.suffix.lower() not in by_suffix:
        raise LayoutFileError(
            f"{path}: the suffix {path.suffix!r} names no layout format; allowed are {' and '.join(SUFFIXES)}"
        )
    return by_suffix[path.suffix.lower()]


def _text(content: bytes) -> str:
    if not content:
        raise ValueError("the file is empty; an empty layout is a CSV file with the header row,col,class alone")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(f"line {line} is not UTF-8 text; save the layout as UTF-8, or choose another file") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise ValueError(f"line {line} holds binary data; choose a layout file, or save it as UTF-8 text")
    return text
