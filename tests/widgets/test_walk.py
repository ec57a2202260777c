"""The whole walk in a real window, by mouse and keys, with the bundled model."""

import hands
import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_cosynth.classes import BUNDLED

pytest.importorskip("torch")

PLACES = [(70, 60), (60, 130), (85, 190), (150, 70), (170, 150), (140, 210)]


@pytest.fixture
def window(make_napari_viewer, tmp_path, monkeypatch):
    """``window()``: a viewer with the dock out of the plugin menu's manifest."""
    monkeypatch.setenv("NAPARI_COSYNTH_SESSIONS", str(tmp_path / "sessions"))

    def open_window():
        viewer = make_napari_viewer(show=True)
        viewer.window._qt_window.resize(1366, 768)
        _, dock = viewer.window.add_plugin_dock_widget("napari-cosynth", "CoSynth")
        found = hands.Hands(viewer, dock)
        found.settle(0.3)
        return found

    return open_window


@pytest.mark.timeout(400)
def test_the_walk(window):
    at = window()
    session, layers = at.dock.session, at.viewer.layers
    assert (session.layout.height, session.layout.width, len(session.layout)) == (256, 256, 0)
    assert layers["border"].visible

    # Points by mouse, in the class of the palette or of a key.
    at.press("class_neoplastic")
    for place in PLACES[:3]:
        at.click(*place)
    at.key(Qt.Key.Key_I)
    for place in PLACES[3:]:
        at.click(*place)
    assert session.layout.counts() | {"neoplastic": 3, "inflammatory": 3} == session.layout.counts()
    assert np.abs(session.layout.centroids - PLACES).max() < 1
    color = np.asarray(layers["nuclei"].face_color[0][:3]) * 255
    assert np.allclose(color, BUNDLED[0].rgb, atol=1)

    # Drag one, re-class several, and step back and forth through it all.
    at.drag(PLACES[0], (100, 100))
    moved = session.layout
    assert np.abs(moved.centroids[0] - (100, 100)).max() < 2
    layers["nuclei"].selected_data = {1, 2}
    at.key(Qt.Key.Key_C)
    assert session.layout.names[1:3] == ("connective", "connective")
    last, steps = session.layout, 0
    while session.can_undo:
        at.key(Qt.Key.Key_Z, hands.CTRL)
        steps += 1
    assert len(session.layout) == 0 and steps == 8
    while session.can_redo:
        at.key(Qt.Key.Key_Z, hands.CTRL | hands.SHIFT)
    assert session.layout == last

    # The prompt says what it understood.
    at.write("prompt", "colon adenocarcinoma with zebra")
    assert "zebra" in at.dock.panels.prompt.unknown()
    at.until(lambda: session.prompt == "colon adenocarcinoma with zebra", 5)

    # Make two drafts with the bundled model by Ctrl+Enter.
    session.set_settings(session.settings.but(quality="draft", variants=2))
    at.key(Qt.Key.Key_Return, hands.CTRL)
    assert at.dock.generate.running and "Cancel" in at.find("generate").text()
    at.until(lambda: not at.dock.generate.running, 240)
    assert [e.tile.request.seed for e in session.entries] == [1, 2]
    tile = session.current.tile
    assert np.array_equal(layers["tile"].data, tile.image)
    assert np.array_equal(layers["instances"].data, tile.instances) and not layers["semantic"].visible
    names = [layer.name for layer in layers]
    assert len(set(names)) == len(names)

    # Judge by keys.
    cards = at.find("cards")
    cards.setFocus()
    at.key(Qt.Key.Key_R, on=cards)
    at.key(Qt.Key.Key_Left, on=cards)
    at.key(Qt.Key.Key_A, on=cards)
    assert sorted(e.tile.verdict for e in session.entries) == ["accepted", "rejected"]

    # A card brings back what it was made from.
    session.set_prompt("something else")
    session.reuse(session.entries[0].key)
    assert session.prompt == "colon adenocarcinoma with zebra" and session.settings.seed == 1

    # Correct a mask with napari's own brush: the tile knows it.
    instances = layers["instances"]
    layers.selection.active = instances
    instances.mode, instances.selected_label, instances.brush_size = "paint", 40, 12
    at.drag((220, 100), (220, 130))
    at.until(lambda: session.current.tile.edited, 10)
    assert session.current.tile.instances[220, 115] == 40

    # Close and open again: everything is back.
    before = session.snapshot()
    at.viewer.close()
    at.settle(0.3)
    again = window()
    again.until(lambda: len(again.dock.session.entries) == 2, 30)
    after = again.dock.session.snapshot()
    assert after.layout == before.layout and after.prompt == before.prompt
    for one, other in zip(before.entries, after.entries, strict=True):
        assert one.tile.verdict == other.tile.verdict and one.tile.edited == other.tile.edited
        assert np.array_equal(one.tile.instances, other.tile.instances)


@pytest.mark.timeout(120)
def test_sample_layouts_come_from_the_file_menu(window):
    at = window()
    at.viewer.open_sample("napari-cosynth", "gland")
    at.until(lambda: len(at.dock.session.layout) > 10, 20)
    assert at.dock.session.undo_name
