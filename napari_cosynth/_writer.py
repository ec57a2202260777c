"""Layouts out of napari's File > Save: any two-dimensional points layer with a column "class"."""

from __future__ import annotations

from typing import Any

from napari_cosynth.classes import BUNDLED
from napari_cosynth.layer_data import METADATA, layout_of_points
from napari_cosynth.layout_io import write_layout


def write_points(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write a points layer as a layout, ``.csv`` or ``.geojson``.

    Parameters
    ----------
    data
        (N, 2) row, col in px.
    meta
        The layer's arguments; ``features`` may have a column "class".

    Raises
    ------
    ValueError
        If the points are no layout; nothing is written then.
    """
    facts = meta.get("metadata", {}).get(METADATA, {})
    features = meta.get("features", {})
    layout = layout_of_points(
        data,
        list(features["class"]) if "class" in features else None,
        taxonomy=facts.get("taxonomy", BUNDLED),
    )
    write_layout(layout, path)
    return [path]
