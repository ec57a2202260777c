"""Suggest and the drawing tools in a real window, by mouse and keys."""

from __future__ import annotations

import hands
import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_cosynth.widgets.dock import CoSynthDock

TURN = np.linspace(0, 2 * np.pi, 30)
CIRCLE = np.stack([120 + 60 * np.sin(TURN), 110 + 60 * np.cos(TURN)], axis=1)


@pytest.fixture
def window(make_napari_viewer, fake_engine, tmp_path, monkeypatch):
    """``window()``: a viewer with the dock, the tab "Canvas" in front. pytest would keep the viewer itself too long."""
    monkeypatch.setenv("NAPARI_COSYNTH_SESSIONS", str(tmp_path / "sessions"))

    def open_window():
        viewer = make_napari_viewer(show=True)
        viewer.window._qt_window.resize(1366, 768)
        dock = CoSynthDock(viewer, engine=fake_engine)
        viewer.window.add_dock_widget(dock, name="CoSynth")
        made = hands.Hands(viewer, dock)
        tabs = made.find("tabs")
        tabs.setCurrentIndex(next(i for i in range(tabs.count()) if tabs.tabText(i) == "Canvas"))
        made.settle(0.6)
        return made

    return open_window


def press(at, name):
    area = at.find("tabs").currentWidget()
    area.ensureWidgetVisible(at.find(name))
    at.settle()
    at.press(name)


def wait(at):
    at.until(lambda: not at.dock.arranging.running, 30)


def test_suggest_lasso_undo(window):
    at = window()
    session, layers = at.dock.session, at.viewer.layers
    at.dock.arrange.suggest.setTissue("colon")
    press(at, "suggest")
    wait(at)
    suggested = session.layout
    assert len(suggested) == 34 == len(layers["nuclei"].data)

    press(at, "lasso")
    assert "area" in layers and layers["nuclei"].mode == "pan_zoom"
    center = at.viewer.scene.camera.center
    at.draw(CIRCLE)
    wait(at)
    filled = session.layout
    assert session.undo_name == "Fill lasso" and at.viewer.scene.camera.center == center
    gone = {tuple(p) for p in suggested.centroids.tolist()} - {tuple(p) for p in filled.centroids.tolist()}
    new = {tuple(p) for p in filled.centroids.tolist()} - {tuple(p) for p in suggested.centroids.tolist()}
    for places in (np.array(sorted(gone)), np.array(sorted(new))):
        assert len(places) and (np.hypot(*(places - (120, 110)).T) <= 62).all()
    assert not layers["area"].data.any()

    # Letters choose what comes next, and the tool stays in hand.
    at.key(Qt.Key.Key_I)
    assert session.active_class == 1 and session.layout == filled and at.find("lasso").isChecked()
    at.find("area_classes").setCurrentIndex(1)
    press(at, "brush")
    at.draw(np.array([(200.0, 30.0), (205.0, 120.0), (200.0, 220.0)]))
    wait(at)
    stroke = session.layout.centroids[-1]
    assert session.layout.names[-1] == "inflammatory" and 170 < stroke[0] < 235

    at.key(Qt.Key.Key_Z, hands.CTRL)
    assert session.layout == filled
    at.key(Qt.Key.Key_Z, hands.CTRL)
    assert session.layout == suggested
    at.key(Qt.Key.Key_Z, hands.CTRL)
    assert len(session.layout) == 0 and not session.can_undo


def test_a_tool_is_put_away_by_a_second_press_another_tool_or_another_layer(window):
    at = window()
    session, layers = at.dock.session, at.viewer.layers
    press(at, "ring")
    press(at, "ring")
    assert "area" not in layers and layers["nuclei"].mode == "add"
    at.click(60, 60)
    assert len(session.layout) == 1

    press(at, "ring")
    layers["nuclei"].mode = "select"
    at.settle()
    assert not at.find("ring").isChecked() and "area" not in layers
    at.drag((60, 60), (90, 90))
    assert np.abs(session.layout.centroids[0] - (90, 90)).max() < 2

    press(at, "ring")
    layers.selection.active = layers["border"]
    assert not at.find("ring").isChecked() and layers["nuclei"].mode == "select"

    press(at, "ring")
    layers.remove(layers["nuclei"])
    at.settle()
    assert not at.find("ring").isChecked()
    press(at, "ring")
    at.drag((128, 128), (128, 190))
    wait(at)
    assert session.undo_name == "Draw ring" and len(session.layout) > 1


def test_a_click_with_the_lasso_says_what_to_do(window):
    at = window()
    press(at, "lasso")
    at.click(100, 100)
    wait(at)
    assert "draw a larger one" in at.dock.messages.texts()[0] and not len(at.dock.session.layout)
