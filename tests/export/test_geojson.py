from __future__ import annotations

import json

import numpy as np
import pytest
import shapely
import shapely.geometry

from napari_cosynth.export import FORMATS
from napari_cosynth.layout_geojson import geojson_points


@pytest.fixture
def collection(awkward_tile, make_item):
    files = FORMATS["geojson"].encode(make_item(awkward_tile), {}).files
    return json.loads(files["train/Drüse 1.geojson"])


def test_polygons_hold_exactly_the_pixels(collection, awkward_tile):
    rows, cols = np.mgrid[:64, :96]
    assert len(collection["features"]) == len(awkward_tile.nuclei)
    for feature, nucleus in zip(collection["features"], awkward_tile.nuclei, strict=True):
        shape = shapely.geometry.shape(feature["geometry"])
        assert shape.is_valid
        # QuPath's pixel (0, 0) covers [0, 1): its centre lies at 0.5.
        filled = shapely.contains_xy(shape, cols + 0.5, rows + 0.5)
        assert np.array_equal(filled, awkward_tile.instances == nucleus.id)


def test_classification_and_centroid(collection, awkward_tile):
    for feature, nucleus in zip(collection["features"], awkward_tile.nuclei, strict=True):
        expected = awkward_tile.request.layout.taxonomy[nucleus.class_id]
        properties = feature["properties"]
        assert properties["objectType"] == "annotation"
        assert properties["classification"] == {"name": expected.name, "color": list(expected.rgb)}
        centre = shapely.geometry.shape(feature["geometry"]).centroid
        measured = properties["measurements"]
        assert measured["Centroid X px"] == pytest.approx(centre.x, abs=0.01)
        assert measured["Centroid Y px"] == pytest.approx(centre.y, abs=0.01)


def test_our_own_layout_reader_takes_it(collection, awkward_tile):
    points = list(geojson_points(json.dumps(collection), awkward_tile.request.layout.taxonomy))
    assert len(points) == len(awkward_tile.nuclei)
    for (row, col, _, _), nucleus in zip(points, awkward_tile.nuclei, strict=True):
        assert awkward_tile.instances[round(row), round(col)] == nucleus.id


def test_an_empty_tile(empty_tile, make_item):
    files = FORMATS["geojson"].encode(make_item(empty_tile), {}).files
    assert json.loads(files["train/Drüse 1.geojson"])["features"] == []
