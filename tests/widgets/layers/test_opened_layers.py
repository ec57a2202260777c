import numpy as np
from napari.layers import Layer
from napari.utils._proxies import PublicOnlyProxy

from napari_cosynth._reader import read_layouts, read_projects
from napari_cosynth._sample_data import gland, sparse
from napari_cosynth.layout import Layout
from napari_cosynth.layout_io import write_layout
from napari_cosynth.project import save_project
from napari_cosynth.resources import samples
from napari_cosynth.session import Session
from napari_cosynth.widgets.layers.layers import Layers

GLAND = next(sample for sample in samples() if sample.name == "gland")


def add(viewer, layer_data):
    return [viewer.add_layer(Layer.create(*one)) for one in layer_data]


def settled(qtbot, viewer):
    qtbot.waitUntil(lambda: not any("opened" in la.metadata.get("napari_cosynth", {}) for la in viewer.layers),
                    timeout=20000)  # fmt: skip


def test_a_sample_becomes_layout_and_prompt_in_one_step(qtbot, viewer, session, layers, said):
    session.set_prompt("mine")
    add(viewer, gland())
    settled(qtbot, viewer)
    assert (session.layout, session.prompt) == (GLAND.layout(), GLAND.prompt)
    assert [layer.name for layer in viewer.layers] == ["border", "nuclei"]
    assert viewer.layers.selection.active is viewer.layers["nuclei"]
    assert session.undo_name == "Open gland"
    assert said == [f"Opened gland: {len(session.layout)} nuclei on 256 x 256 px. Ctrl+Z brings back what was there"]
    session.undo()
    assert (len(session.layout), session.prompt) == (0, "mine")


def test_a_file_keeps_the_tiles_size_or_gets_a_larger_one(qtbot, viewer, session, layers, tmp_path):
    session.set_layout(Layout(height=128, width=512, um_per_px=0.5), "x")
    session.set_prompt("mine")
    write_layout(Layout(centroids=[(100, 500)], class_ids=[1], width=512), tmp_path / "a.csv")
    add(viewer, read_layouts(str(tmp_path / "a.csv")))
    settled(qtbot, viewer)
    assert (session.layout.height, session.layout.width, session.layout.um_per_px) == (128, 512, 0.5)
    assert (session.layout.names, session.prompt) == (("inflammatory",), "mine")
    write_layout(Layout(centroids=[(300, 10)], class_ids=[1], height=512), tmp_path / "b.geojson")
    add(viewer, read_layouts(str(tmp_path / "b.geojson")))
    settled(qtbot, viewer)
    assert (session.layout.height, session.layout.width) == (304, 512)


def test_what_is_no_layout_for_this_model_stays_a_layer_and_is_told(qtbot, viewer, session, layers, said):
    (data, meta, kind), = gland()  # fmt: skip
    meta["features"]["class"] = np.array(["martian"] * len(data), object)
    (layer,) = add(viewer, [(data, meta, kind)])
    qtbot.waitUntil(lambda: bool(said), timeout=20000)
    assert "unknown class 'martian'" in said[0]
    assert layer in viewer.layers
    assert len(session.layout) == 0


def test_opened_before_the_dock_it_is_taken_in_edits_included(qtbot, viewer, session):
    (layer,) = add(viewer, sparse())
    layer.remove([0])
    layers = Layers(PublicOnlyProxy(viewer), session)
    settled(qtbot, viewer)
    assert len(session.layout) == len(layer.data) > 0
    layers.close()


def test_opened_before_the_dock_it_does_not_replace_work(qtbot, viewer, session):
    add(viewer, sparse())
    session.set_layout(Layout(centroids=[(3, 3)], class_ids=[0]), "x")
    layers = Layers(PublicOnlyProxy(viewer), session)
    qtbot.wait(100)
    assert len(session.layout) == 1
    assert "sparse" in viewer.layers
    layers.close()


def test_a_project_is_handed_on_by_its_path(qtbot, viewer, session, layers, make_layout, make_made_tile, tmp_path):
    made = Session()
    made.set_layout(make_layout(7), "x")
    made.add_tile(make_made_tile(made.layout))
    path = tmp_path / "mine.cosynth"
    save_project(made.snapshot(), path)
    opened = []
    layers.project_opened.connect(opened.append)
    add(viewer, read_projects(str(path)))
    settled(qtbot, viewer)
    assert opened == [str(path)]
    assert [layer.name for layer in viewer.layers] == ["border", "nuclei"]


def test_layers_of_others_and_our_own_are_not_taken(qtbot, viewer, session, layers):
    theirs = viewer.add_points([(1, 1)], metadata={"napari_cosynth": "mine"})
    copy = viewer.add_layer(Layer.create(*viewer.layers["nuclei"].as_layer_data_tuple()))
    qtbot.wait(100)
    assert theirs in viewer.layers and copy in viewer.layers
    assert len(session.layout) == 0
