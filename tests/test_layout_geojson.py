import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon, mapping

from napari_cosynth.classes import BUNDLED, NucleusClass, Taxonomy
from napari_cosynth.layout import Layout
from napari_cosynth.layout_geojson import geojson_points, geojson_text

CRESCENT = Polygon([(0, 0), (60, 0), (60, 60), (0, 60), (0, 50), (50, 50), (50, 10), (0, 10)])


def feature(geometry, classification=None, **more):
    properties = {"objectType": "annotation"}
    if classification is not None:
        properties["classification"] = classification
    return {"type": "Feature", "geometry": geometry, "properties": properties, **more}


def read(*features):
    return list(geojson_points(json.dumps({"type": "FeatureCollection", "features": features}), BUNDLED))


POINT = {"type": "Point", "coordinates": [20.5, 10.5]}


def test_x_and_y_with_half_a_pixel():
    assert read(feature(POINT)) == [(10.0, 20.0, "unspecified", "feature 1")]


@pytest.mark.parametrize("wrap", [lambda f: {"type": "FeatureCollection", "features": [f]}, lambda f: [f], lambda f: f])
def test_collection_list_and_single_feature(wrap):
    assert len(list(geojson_points(json.dumps(wrap(feature(POINT))), BUNDLED))) == 1


def test_empty_collection_is_no_points():
    assert read() == []


@pytest.mark.parametrize(
    ("classification", "name"),
    [
        ({"name": "Neoplastic", "color": [1, 2, 3]}, "neoplastic"),
        ({"name": "OTHER", "colorRGB": -3}, "other"),
        ({"name": "Tumor: Positive"}, "positive"),
        ({"names": ["Tumor", "Negative"]}, "negative"),
        ({"name": "Tumor"}, "neoplastic"),
        ({"name": "Immune cells", "color": [160, 90, 160]}, "inflammatory"),
        ({"name": "STROMA"}, "connective"),
        ({"name": "Necrosis"}, "other"),
        ({"name": "Other"}, "other"),
        ({"name": "Positive"}, "positive"),
        ({"names": ["Stroma", "3+"]}, "positive"),
        ({"name": "Tumor: CD3"}, "neoplastic"),
        ({"name": "connective: Tumor"}, "connective"),
        ({"name": "epithelial: Necrosis"}, "epithelial"),
        (None, "unspecified"),
    ],
)
def test_classifications_as_qupath_writes_them(classification, name):
    assert read(feature(POINT, classification))[0][2] == name


def taxonomy_of(*names):
    return Taxonomy(
        classes=[NucleusClass(name=name, color="#102030", key=key) for name, key in zip(names, "ABCDEF", strict=False)]
    )


def test_names_of_the_taxonomy_go_before_what_they_mean_in_qupath():
    text = json.dumps([feature(POINT, {"name": name}) for name in ("Tumor", "stroma", "Tumor: Positive")])
    points = geojson_points(text, taxonomy_of("tumor", "connective", "neoplastic", "unspecified"))
    assert [point[2] for point in points] == ["tumor", "connective", "tumor"]


def test_classes_of_qupath_need_their_counterpart_in_the_taxonomy():
    few = taxonomy_of("neoplastic", "unspecified")
    derived, stroma = (json.dumps(feature(POINT, {"name": name})) for name in ("Tumor: Positive", "Stroma"))
    assert [point[2] for point in geojson_points(derived, few)] == ["neoplastic"]
    with pytest.raises(ValueError, match="'Stroma'.*allowed are neoplastic, unspecified, and of QuPath Tumor. "):
        list(geojson_points(stroma, few))


@pytest.mark.parametrize("name", ["Region*", "Ignore*", "CD3", "neoplasic", "Tumours: CD3"])
def test_other_classifications_are_refused_with_what_is_allowed_and_what_to_do(name):
    with pytest.raises(ValueError, match="Rename the class in QuPath") as caught:
        read(feature(POINT, {"name": "Tumor"}), feature(POINT, {"name": name}))
    text = str(caught.value)
    assert text.startswith(f"feature 2: its classification {name!r} is no class") and "column" not in text
    assert "neoplastic, inflammatory" in text and "Tumor, Immune cells, Stroma, Necrosis" in text


def test_multipoint_gives_its_points_in_order():
    points = read(
        feature({"type": "MultiPoint", "coordinates": [[1, 2], [3, 4, 0]]}, {"name": "other"}), feature(POINT)
    )
    assert [p[:2] for p in points] == [(1.5, 0.5), (3.5, 2.5), (10.0, 20.0)]
    assert [p[3] for p in points] == ["feature 1", "feature 1", "feature 2"]


def test_point_of_an_outline_lies_inside_even_if_the_centroid_does_not():
    assert not CRESCENT.contains(CRESCENT.centroid)
    row, col, *_ = read(feature(mapping(CRESCENT)))[0]
    assert CRESCENT.contains(Point(col + 0.5, row + 0.5))


def test_point_of_a_round_outline_is_its_centre():
    row, col, *_ = read(feature(mapping(Point(30.5, 50.5).buffer(12))))[0]
    assert (row, col) == pytest.approx((50, 30), abs=0.2)


def test_of_a_cell_the_nucleus_counts():
    cell, nucleus = mapping(Point(50, 50).buffer(30)), mapping(Point(60.5, 40.5).buffer(8))
    row, col, *_ = read(feature(cell, nucleusGeometry=nucleus))[0]
    assert (row, col) == pytest.approx((40, 60), abs=0.2)


def test_self_crossing_outline_is_mended():
    bow = {"type": "Polygon", "coordinates": [[[0, 0], [20, 20], [20, 0], [0, 20], [0, 0]]]}
    assert len(read(feature(bow))) == 1


def test_an_outline_that_goes_out_and_back_on_itself_is_mended():
    square = [[10, 10], [30, 10], [30, 30], [50, 30], [30, 30], [10, 30], [10, 10]]
    spike = {"type": "Polygon", "coordinates": [square]}
    assert read(feature(spike))[0][:2] == pytest.approx((19.5, 19.5), abs=0.2)


def test_names_that_are_no_list_are_refused_as_any_unknown_class():
    assert read(feature(POINT, {"name": "negative", "names": 5}))[0][2] == "negative"
    with pytest.raises(ValueError, match="classification '5.0' is no class"):
        read(feature(POINT, {"names": 5}))


@given(st.floats(-0.5, 200.0), st.floats(-0.5, 200.0))
def test_written_points_read_back(row, col):
    layout = Layout(centroids=[(row, col), (250, 250)], classes=["negative", "unspecified"])
    points = list(geojson_points(geojson_text(layout), BUNDLED))
    np.testing.assert_allclose([p[:2] for p in points], layout.centroids, atol=1e-12)
    assert tuple(p[2] for p in points) == layout.names


def test_written_classification_has_name_and_colour():
    data = json.loads(geojson_text(Layout(centroids=[(1, 2)], classes=["neoplastic"])))
    assert data["type"] == "FeatureCollection"
    assert data["features"][0]["properties"]["classification"] == {"name": "neoplastic", "color": [213, 94, 0]}
    assert data["features"][0]["geometry"] == {"type": "Point", "coordinates": [2.5, 1.5]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "line 1, column 2"),
        ("[\n1,\n", "line 3"),
        ("3", "no list of features"),
        ('{"type": "FeatureCollection"}', "no list of features"),
        ('{"type": "Point", "coordinates": [1, 2]}', "feature 1: not a GeoJSON Feature"),
        ("[3]", "feature 1: not a GeoJSON Feature"),
        (json.dumps([feature(POINT), feature(None)]), "feature 2: its geometry None"),
        (json.dumps(feature({"type": "LineString", "coordinates": [[1, 2], [3, 4]]})), "LineString.*remove"),
        (json.dumps(feature({"type": "Point", "coordinates": ["1", 2]})), "feature 1: its coordinates are not"),
        (json.dumps(feature({"type": "Point", "coordinates": [True, 2]})), "its coordinates"),
        (json.dumps(feature({"type": "MultiPoint", "coordinates": [1, 2]})), "its coordinates"),
        (json.dumps(feature({"type": "Polygon", "coordinates": [[[1, 1], [2, 2], [1, 1]]]})), "no polygon"),
        (json.dumps(feature({"type": "Polygon", "coordinates": "abc"})), "no polygon"),
        (json.dumps(feature({"type": "Polygon"})), "no polygon"),
        (json.dumps(feature({"type": "Polygon", "coordinates": []})), "no polygon"),
        (json.dumps(feature(POINT, {"color": [1, 2, 3]})), "feature 1: its classification has no name"),
        (json.dumps(feature(POINT, "Tumor")), "feature 1: its classification has no name"),
        ("[" * 100_000, "."),
    ],
)
def test_faults_are_named_by_feature(text, words):
    with pytest.raises(ValueError, match=words):
        list(geojson_points(text, BUNDLED))
