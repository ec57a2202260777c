import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels
from napari.utils._proxies import PublicOnlyProxy

from napari_cosynth.classes import BUNDLED
from napari_cosynth.layer_data import METADATA
from napari_cosynth.session import Session
from napari_cosynth.widgets.layers.centroids_of_labels import add_centroids_layer, layout_of_labels
from napari_cosynth.widgets.layers.layers import Layers


@pytest.fixture
def labels(make_ellipses):
    return make_ellipses((128, 160))


def test_every_nucleus_gives_its_deepest_point(labels):
    layout, said = layout_of_labels(Labels(labels, name="mine"), BUNDLED, 0.5)
    assert (layout.height, layout.width, layout.um_per_px) == (128, 160, 0.5)
    rows, cols = layout.centroids.astype(int).T
    assert labels[rows, cols].tolist() == np.unique(labels)[1:].tolist()
    assert set(layout.names) == {"unspecified"}
    assert said == f"{len(layout)} nuclei of 'mine' are the layout now"


def test_other_sizes_get_a_margin_and_that_is_said():
    labels = np.zeros((50, 100), int)
    labels[40:50, 90:100] = 3
    layout, said = layout_of_labels(Labels(labels), BUNDLED, 0.25)
    assert (layout.height, layout.width) == (64, 112)
    assert "50 x 100 px with a margin to multiples of 16" in said
    assert said.startswith("1 nucleus of ") and " is the layout now" in said


@pytest.mark.parametrize("shape", [(1040, 64), (3, 64, 64)])
def test_what_does_not_fit_says_what_to_do(shape):
    with pytest.raises(ValueError, match="Crop the layer|take one plane"):
        layout_of_labels(Labels(np.zeros(shape, int), name="big"), BUNDLED, 0.25)


def test_of_a_pyramid_the_finest_level_is_taken_with_its_scale(labels):
    levels = [labels, labels[::2, ::2], labels[::4, ::4]]
    pyramid = Labels(levels, multiscale=True, name="mine", scale=(0.5, 0.5), units=("um", "um"))
    layout, _ = layout_of_labels(pyramid, BUNDLED, 0.25)
    plain, _ = layout_of_labels(Labels(labels), BUNDLED, 0.5)
    assert (layout.height, layout.width) == (128, 160)
    assert layout == plain


def test_a_pyramid_is_as_large_as_its_finest_level():
    slide = np.lib.stride_tricks.as_strided(np.zeros(1, np.int32), (90_000, 90_000), (0, 0))
    levels = [slide, slide[::100, ::100]]
    with pytest.raises(ValueError, match="90000 x 90000 px"):
        layout_of_labels(Labels(levels, multiscale=True, name="slide"), BUNDLED, 0.25)


def test_classes_by_label_as_names_or_numbers():
    labels = np.zeros((64, 64), int)
    for label, at in ((2, 5), (5, 20), (7, 35), (9, 50)):
        labels[at : at + 6, at : at + 6] = label
    features = {"index": [0, 9, 2, 5], "class": ["", "Epithelial", "lymphocyte", "neoplastic"]}
    layout, said = layout_of_labels(Labels(labels, features=features), BUNDLED, 0.25)
    assert layout.names == ("unspecified", "neoplastic", "unspecified", "epithelial")
    assert said.endswith("Classes this model does not know became unspecified: lymphocyte")
    by_row = Labels(labels, features={"class": [0, 0, 2, 0, 0, np.nan, 0, 1]})
    assert layout_of_labels(by_row, BUNDLED, 0.25)[0].names[:3] == ("inflammatory", "unspecified", "neoplastic")


def test_micrometres_of_the_layer_are_taken(labels):
    layer = Labels(labels, scale=(0.5, 0.5), units=("um", "um"))
    assert layout_of_labels(layer, BUNDLED, 0.25)[0].um_per_px == 0.5
    assert layout_of_labels(Labels(labels, scale=(2, 2)), BUNDLED, 0.25)[0].um_per_px == 0.25


def test_the_dock_takes_a_layer_as_one_step_and_leaves_it_alone(qapp, labels):
    viewer, session, said = ViewerModel(), Session(), []
    layers = Layers(PublicOnlyProxy(viewer), session)
    layers.message.connect(said.append)
    layer = viewer.add_labels(labels, name="mine")
    before = labels.copy()
    layers.use_labels_layer(layer)
    assert len(session.layout) == len(np.unique(labels)) - 1
    assert session.undo_name == "Use centroids of mine"
    assert layer in viewer.layers
    np.testing.assert_array_equal(layer.data, before)
    layers.use_labels_layer(Image(np.zeros((64, 64))))
    layers.use_labels_layer(Labels(np.zeros((2000, 64), int)))
    assert ["are the layout now" in said[0], "no labels layer" in said[1], "at most 1024" in said[2]] == [True] * 3
    session.undo()
    assert len(session.layout) == 0
    layers.close()


def test_the_menu_works_with_and_without_a_dock(qtbot, labels):
    viewer = ViewerModel()
    viewer.add_labels(labels, name="mine")
    add_centroids_layer(viewer)
    points = viewer.layers["mine centroids"]
    assert points.metadata[METADATA]["height"] == 128
    session = Session()
    layers = Layers(PublicOnlyProxy(viewer), session)
    qtbot.waitUntil(lambda: len(session.layout) > 0, timeout=20000)
    assert points not in viewer.layers
    assert (session.layout.height, session.layout.width) == (128, 160)
    viewer.layers.selection.active = viewer.layers["nuclei"]
    with pytest.raises(ValueError, match="no labels layer is selected"):
        add_centroids_layer(viewer)
    layers.close()
