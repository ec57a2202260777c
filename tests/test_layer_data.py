import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cosynth.classes import BUNDLED
from napari_cosynth.layer_data import (
    METADATA,
    class_colors,
    edge_colors,
    fitting_size,
    layout_layer,
    layout_of_points,
    point_size,
    taxonomy_in,
)
from napari_cosynth.layout import Layout

LAYOUT = Layout(centroids=[(1, 2), (30, 200.5)], class_ids=[0, 4], height=64, width=208)


def test_a_layout_comes_back_from_its_layer():
    data, meta, kind = layout_layer(LAYOUT, "mine", opened="layout", height=64)
    assert (kind, meta["name"], meta["metadata"]) == ("points", "mine", {METADATA: {"opened": "layout", "height": 64}})
    again = layout_of_points(data, meta["features"]["class"], size=(64, 208))
    assert again == LAYOUT
    data[0] = 7  # the layer's array is its own
    assert LAYOUT.centroids[0].tolist() == [1, 2]


def test_no_classes_are_unspecified():
    assert layout_of_points(LAYOUT.centroids).names == ("unspecified", "unspecified")


@pytest.mark.parametrize(
    ("points", "classes", "words"),
    [
        (np.zeros((2, 3)), None, "row and col"),
        ([(1, 1)], ["martian"], "unknown class 'martian'"),
        ([(1, 1), (1, 1.2)], None, "same nucleus"),
        ([(1, 2000)], None, "outside of any tile"),
        ([(1, float("nan"))], None, "must be a number"),
    ],
)
def test_what_is_no_layout_is_refused(points, classes, words):
    with pytest.raises(ValueError, match=words):
        layout_of_points(points, classes)


@given(st.lists(st.tuples(st.floats(-0.5, 1023.4), st.floats(-0.5, 1023.4)), max_size=5))
def test_the_fitting_size_is_the_smallest_that_holds_all(points):
    size = fitting_size(np.array(points).reshape(-1, 2), (64, 128))
    for side, preferred, axis in zip(size, (64, 128), (0, 1), strict=True):
        farthest = max((p[axis] for p in points), default=0)
        assert side % 16 == 0 and side >= preferred and farthest < side - 0.5
        assert side == preferred or farthest >= side - 16.5


def test_edges_stand_out_from_every_class():
    face = class_colors(BUNDLED)
    assert (np.abs(face - edge_colors(face))[:, :3].max(axis=1) > 0.4).all()


def test_points_are_smaller_where_pixels_are_larger():
    assert 4 <= point_size(0.5) < point_size(0.25) < point_size(0.1) <= 12


def test_the_taxonomy_of_a_viewer():
    class Layer:
        def __init__(self, metadata):
            self.metadata = metadata

    own = BUNDLED.model_copy(update={"classes": BUNDLED.classes[:6]})
    assert taxonomy_in([]) == taxonomy_in([Layer({}), Layer({METADATA: {"role": "tile"}})]) == BUNDLED
    assert taxonomy_in([Layer({}), Layer({METADATA: {"taxonomy": own}})]) == own
