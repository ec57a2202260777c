"""Layouts as the points layers that napari opens and saves, and back.

A layer is plain data here: an array, a dict of its arguments, the name of its
type. It knows neither napari nor files.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from napari_cosynth.classes import BUNDLED, UNSPECIFIED, Taxonomy
from napari_cosynth.layout import Layout
from napari_cosynth.points import MAX_SIDE, SIDE_STEP

METADATA = "napari_cosynth"
"""Key in a layer's metadata under which everything of ours stands, in a dict."""
DEFAULT_SIDE = 256

LayerData = tuple[Any, dict[str, Any], str]

_DARK, _LIGHT = (0.06, 0.05, 0.09, 1.0), (1.0, 1.0, 1.0, 1.0)


def layout_layer(layout: Layout, name: str, **facts: Any) -> LayerData:
    """A layout as a points layer, class as feature, coloured by class.

    Parameters
    ----------
    name
        Of the layer.
    facts
        What the layer shall remember: an open dock takes in a layer with the
        fact ``opened``; ``height``, ``width``, ``um_per_px``, ``prompt`` go with it.
    """
    return layout.centroids.copy(), {"name": name, "metadata": {METADATA: facts}, **point_style(layout)}, "points"


def point_style(layout: Layout) -> dict[str, Any]:
    """Features, colours and size of a layout's points, as arguments of a points layer."""
    face = class_colors(layout.taxonomy)
    # napari takes no empty array of colours.
    shown = layout.class_ids if len(layout) else 0
    return {
        "features": text_columns(**{"class": layout.names}),
        "feature_defaults": {"class": UNSPECIFIED},
        "face_color": face[shown],
        "border_color": edge_colors(face)[shown],
        "border_width": 0.18,
        "size": point_size(layout.um_per_px),
    }


def text_columns(**columns: Sequence[str]) -> dict[str, np.ndarray]:
    """A table of features: object (N,) each, because an empty list would be taken for numbers."""
    return {name: np.array(values, object) for name, values in columns.items()}


def class_colors(taxonomy: Taxonomy) -> np.ndarray:
    """float32 (K, 4) RGBA, 0 to 1: the colour of each class."""
    rgb = np.array([c.rgb for c in taxonomy], np.float32) / 255
    return np.column_stack([rgb, np.ones(len(rgb), np.float32)])


def edge_colors(face: np.ndarray) -> np.ndarray:
    """float32 (N, 4): white or black, whichever stands out from the face colours (N, 4): seen on tissue and canvas."""
    luminance = face[:, :3] @ np.array([0.299, 0.587, 0.114], np.float32)
    return np.where(luminance[:, None] < 0.5, _LIGHT, _DARK).astype(np.float32)


def point_size(um_per_px: float) -> float:
    """Diameter in px: a quarter of a nucleus, so that what lies beneath is seen."""
    return float(np.clip(1.7 / um_per_px, 4, 12))


def taxonomy_in(layers: Iterable[Any]) -> Taxonomy:
    """The classes of the dock that is open in a viewer, which its nuclei layer tells; else the bundled ones."""
    for layer in layers:
        taxonomy = layer.metadata.get(METADATA, {}).get("taxonomy")
        if isinstance(taxonomy, Taxonomy):
            return taxonomy
    return BUNDLED


def layout_of_points(
    points: np.ndarray,
    classes: Sequence[str] | None = None,
    *,
    size: tuple[int, int] | None = None,
    preferred: tuple[int, int] = (DEFAULT_SIDE, DEFAULT_SIDE),
    um_per_px: float = 0.25,
    taxonomy: Taxonomy = BUNDLED,
) -> Layout:
    """The layout that a points layer shows.

    Parameters
    ----------
    points
        (N, 2) row, col in px.
    classes
        Class name of each; unspecified if None.
    size
        Height and width of the tile in px.
    preferred
        As of `fitting_size`, which finds the size where None is given.

    Raises
    ------
    ValueError
        If the points are no layout: three-dimensional, of an unknown class, twice in a place, outside.
    """
    points = np.asarray(points, float)
    if points.ndim != 2 or (len(points) and points.shape[1] != 2):
        raise ValueError(f"points of shape {points.shape}; a layout needs two-dimensional ones: row and col")
    names = [UNSPECIFIED] * len(points) if classes is None else [str(name) for name in classes]
    height, width = size or fitting_size(points, preferred)
    return Layout(centroids=points, classes=names, height=height, width=width, um_per_px=um_per_px, taxonomy=taxonomy)


def fitting_size(points: np.ndarray, preferred: tuple[int, int] = (DEFAULT_SIDE, DEFAULT_SIDE)) -> tuple[int, int]:
    """The preferred height and width in px, made larger, up to the largest tile, where points (N, 2) lie beyond."""
    farthest = np.nan_to_num(np.asarray(points, float)).max(axis=0, initial=0)
    # The tile reaches to height - 0.5, which itself is outside.
    needed = (np.floor(farthest + 0.5) + 1).clip(max=MAX_SIDE)
    height, width = (max(side, int(-(-n // SIDE_STEP) * SIDE_STEP)) for side, n in zip(preferred, needed, strict=True))
    return height, width
