from dataclasses import replace

import numpy as np
import pytest

from napari_cosynth.layer_data import class_colors
from napari_cosynth.produced import produced_nuclei
from napari_cosynth.quality import layout_report
from napari_cosynth.widgets.layers.misses import LEGEND, MissesLayer, misses_of, results_of
from napari_cosynth.widgets.layers.own import OwnLayers


@pytest.fixture
def tile(make_layout, make_made_tile):
    """Point 9 without a nucleus, point 2 of another class, nucleus 40 without a point."""
    layout = make_layout(9)
    tile = make_made_tile(layout, misses=1)
    instances = tile.instances.copy()
    instances[2:6, 3:7] = 40
    class_of = {n.id: n.class_id for n in tile.nuclei} | {2: 5, 40: 3}
    nuclei = produced_nuclei(instances, class_of, 9)
    return replace(tile, instances=instances, nuclei=nuclei, report=layout_report(layout, nuclei))


def test_each_kind_is_where_it_is_and_says_what_it_is(tile):
    missing, other, extra = misses_of(tile)
    points = tile.request.layout.centroids
    assert (missing.row, missing.col) == tuple(points[8])
    assert missing.note == "nucleus 9, neoplastic: none was made"
    assert (other.row, other.col) == tuple(points[1])
    assert other.note == "nucleus 2: inflammatory was asked for, unspecified was made"
    assert (extra.row, extra.col, extra.class_id) == (3.5, 4.5, 3)
    assert extra.note == "epithelial, made without a point"
    assert misses_of(replace(tile, report=None)) == []


def test_results_are_told_only_for_the_layout_that_was_asked_for(tile):
    told = results_of(tile, tile.request.layout)
    assert told[0] == "made" and told[1] == "made as unspecified" and told[8] == "no nucleus"
    assert results_of(tile, tile.request.layout.mirrored()) == ()


def test_signs_differ_by_shape_and_have_a_legend(tile, qapp):
    from napari.components import ViewerModel

    viewer = ViewerModel()
    shown = MissesLayer(OwnLayers(viewer, lambda role, layer: None))
    shown.show(tile, frozenset())
    layer = viewer.layers["misses"]
    assert [str(symbol) for symbol in layer.symbol] == ["x", "square", "triangle_up"]
    assert len(LEGEND) == 3
    assert layer.face_color[:, 3].tolist() == [1, 0, 0]
    np.testing.assert_allclose(layer.border_color[1], class_colors(tile.request.layout.taxonomy)[5])
    assert not layer.editable
    shown.show(tile, frozenset({3}))
    assert list(layer.features["what"]) == ["no nucleus", "another class"]
    shown.clear()
    assert len(layer.data) == 0
    shown.show(tile, frozenset())
    assert [str(symbol) for symbol in layer.symbol] == ["x", "square", "triangle_up"]
