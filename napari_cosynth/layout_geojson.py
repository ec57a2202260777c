"""Layouts as QuPath's GeoJSON: points, and the outlines of detected nuclei.

Text in, text out: it knows no files and no tile.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from napari_cosynth.classes import Taxonomy
from napari_cosynth.layout import Layout

# QuPath's pixel 0 covers [0, 1), ours is centred on 0.
_OFFSET = 0.5
# QuPath's default classes that mean one of ours, lower case. Its others, "Region*" and "Ignore*", are no class of
# nuclei. Grades of staining are positive for QuPath itself.
_OURS = {
    "tumor": "neoplastic",
    "immune cells": "inflammatory",
    "stroma": "connective",
    "necrosis": "other",
    "other": "other",
    "positive": "positive",
    "negative": "negative",
    "1+": "positive",
    "2+": "positive",
    "3+": "positive",
}


def geojson_points(text: str, taxonomy: Taxonomy) -> Iterator[tuple[float, float, str, str]]:
    """Row, col, class name and place ("feature 7") of each point.

    A classification is a class of the taxonomy, or one of QuPath's own that means
    one: Tumor is neoplastic, Immune cells are inflammatory, Stroma is connective,
    Necrosis is other, 1+, 2+ and 3+ are positive. Case does not count.

    Raises
    ------
    ValueError
        Naming feature, what is wrong with it, and the remedy.
    """
    try:
        # As float, because an integer of 400 digits is one for JSON but overflows a float.
        data = json.loads(text, parse_int=float)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"line {error.lineno}, column {error.colno}: {error.msg}; the file is not GeoJSON, export it again"
        ) from None
    except RecursionError:
        raise ValueError("nested too deep for GeoJSON; export it again") from None
    features = data
    if isinstance(data, dict):
        features = data.get("features") if data.get("type") == "FeatureCollection" else [data]
    if not isinstance(features, list):
        raise ValueError("no list of features; allowed are a FeatureCollection, a Feature, or a list of features")
    for number, feature in enumerate(features, start=1):
        place = f"feature {number}"
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            raise ValueError(f"{place}: not a GeoJSON Feature; export the objects from QuPath again")
        name = _class_name(feature.get("properties"), place, taxonomy)
        # A QuPath cell has two outlines; the nucleus is the inner one.
        geometry = feature.get("nucleusGeometry") or feature.get("geometry")
        for x, y in _positions(geometry, place):
            yield y - _OFFSET, x - _OFFSET, name, place


def _class_name(properties: Any, place: str, taxonomy: Taxonomy) -> str:
    classification = (properties or {}).get("classification") if isinstance(properties or {}, dict) else properties
    if classification is None:
        return taxonomy.names[taxonomy.unspecified]
    if not isinstance(classification, dict) or not (classification.get("name") or classification.get("names")):
        raise ValueError(f"{place}: its classification has no name; set the object's class in QuPath")
    names = classification.get("names")
    names = names if isinstance(names, list) and names else str(classification.get("name") or names).split(":")
    # QuPath derives classes, "Tumor: Positive": the last part that we know is the most exact one. Our own names go
    # before QuPath's, wherever they stand.
    parts = [str(name).strip() for name in reversed(names)]
    for meant in (str.lower, _of_qupath):
        name = next((meant(part) for part in parts if meant(part) in taxonomy.names), None)
        if name is not None:
            return name
    raise ValueError(_refusal(": ".join(reversed(parts)), place, taxonomy))


def _of_qupath(name: str) -> str:
    """Our class for one of QuPath's; empty if there is none."""
    return _OURS.get(name.lower(), "")


def _refusal(name: str, place: str, taxonomy: Taxonomy) -> str:
    understood = (known for known, ours in _OURS.items() if ours in taxonomy.names and known not in taxonomy.names)
    qupaths = ", ".join(known.capitalize() for known in understood)
    return (
        f"{place}: its classification {name!r} is no class of nuclei here; allowed are {', '.join(taxonomy.names)}"
        f"{f', and of QuPath {qupaths}' if qupaths else ''}. Rename the class in QuPath and export again, or remove "
        "the object"
    )


def _positions(geometry: Any, place: str) -> list[tuple[float, float]]:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind in ("Point", "MultiPoint"):
        positions = geometry.get("coordinates")
        positions = [positions] if kind == "Point" else positions
        if not isinstance(positions, list) or not all(_is_position(p) for p in positions):
            raise ValueError(f"{place}: its coordinates are not x, y in px; export the points again")
        return [(p[0], p[1]) for p in positions]
    if kind in ("Polygon", "MultiPolygon"):
        return [_inner_point(geometry, place)]
    raise ValueError(
        f"{place}: its geometry {kind} is no place of a nucleus; allowed are Point, MultiPoint, Polygon and "
        f"MultiPolygon: remove the object in QuPath"
    )


def _is_position(value: Any) -> bool:
    return isinstance(value, list) and len(value) >= 2 and all(isinstance(v, float) for v in value[:2])


def _inner_point(geometry: dict[str, Any], place: str) -> tuple[float, float]:
    # Imported here: CSV files and the dock's start need no shapely.
    import shapely
    import shapely.geometry

    try:
        outline = shapely.make_valid(shapely.geometry.shape(geometry))
        # Where an outline goes out and back on itself, lines are left over.
        faces = [part for part in shapely.get_parts(shapely.get_parts(outline)) if part.area > 0]
        if not faces:
            raise ValueError("no area")
        outline = shapely.MultiPolygon(faces)
        # The centre of the largest circle within: inside also of a crescent, and
        # where the training data has its points.
        centre = shapely.maximum_inscribed_circle(outline, tolerance=0.1).coords[0]
    except (shapely.errors.ShapelyError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{place}: its outline is no polygon ({error}); draw it again, or remove it") from None
    return centre[0], centre[1]


def geojson_text(layout: Layout) -> str:
    """The layout's points as annotations with QuPath classifications."""
    # One feature for each point, because the order is the numbering.
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [col + _OFFSET, row + _OFFSET]},
            "properties": {
                "objectType": "annotation",
                "classification": {
                    "name": layout.taxonomy[class_id].name,
                    "color": list(layout.taxonomy[class_id].rgb),
                },
            },
        }
        for (row, col), class_id in zip(layout.centroids.tolist(), layout.class_ids.tolist(), strict=True)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, indent=1) + "\n"
