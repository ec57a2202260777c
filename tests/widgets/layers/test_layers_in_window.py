"""The layers in a real window of napari: mouse and keys as a user has them."""

import time

import numpy as np
import pytest
from napari.utils._proxies import PublicOnlyProxy
from qtpy.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent, QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_cosynth.layout_io import write_layout
from napari_cosynth.widgets.layers.layers import Layers

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier

pytestmark = pytest.mark.skipif(
    "offscreen" in QApplication.platformName() if QApplication.instance() else False,
    reason="a real viewer needs a screen, if only a virtual one",
)


def settle(times=2):
    """Nobody's hand is quicker than this, and vispy leaves out events that are."""
    for _ in range(times):
        QApplication.processEvents()
        time.sleep(0.02)


class Hand:
    """A user's hand: row and col in px of the tile."""

    def __init__(self, viewer):
        self._viewer = viewer
        self._canvas = viewer.window._qt_viewer.canvas.native

    def at(self, row, col):
        camera = self._viewer.scene.camera
        size = np.array([self._canvas.height(), self._canvas.width()])
        y, x = size / 2 + (np.array([row, col]) - camera.center[-2:]) * camera.zoom
        return QPoint(round(x), round(y))

    def click(self, row, col):
        self.drag((row, col), (row, col))

    def drag(self, start, end):
        QTest.mouseMove(self._canvas, self.at(*start))
        self._settle()
        QTest.mousePress(self._canvas, LEFT, pos=self.at(*start))
        for share in np.linspace(0, 1, 6)[1:] if start != end else ():
            # QTest.mouseMove tells of no pressed button.
            point = self.at(*(np.array(start) + share * np.subtract(end, start)))
            there = QPointF(point), QPointF(self._canvas.mapToGlobal(point))
            no_keys = Qt.KeyboardModifier.NoModifier
            QApplication.sendEvent(self._canvas, QMouseEvent(QEvent.Type.MouseMove, *there, NONE, LEFT, no_keys))
            self._settle()
        QTest.mouseRelease(self._canvas, LEFT, pos=self.at(*end))
        self._settle()

    def press(self, key, modifiers=Qt.KeyboardModifier.NoModifier):
        QTest.keyClick(self._canvas, key, modifiers)
        self._settle()

    def _settle(self):
        settle()


@pytest.fixture(scope="module")
def window(qapp):
    import napari

    viewer = napari.Viewer(show=True)
    viewer.window._qt_window.resize(1200, 760)
    QApplication.processEvents()
    yield viewer
    viewer.close()
    QApplication.processEvents()


@pytest.fixture
def layers(window, session):
    made = Layers(PublicOnlyProxy(window), session)
    QApplication.processEvents()
    yield made
    made.close()


@pytest.fixture
def hand(window, layers):
    return Hand(window)


def test_place_drag_select_reclass_delete_and_undo(window, layers, session, hand):
    hand.click(60, 60)
    hand.press(Qt.Key.Key_I)
    hand.click(100, 100)
    hand.click(150, 60)
    assert session.layout.names == ("neoplastic", "inflammatory", "inflammatory")
    assert session.layout.centroids == pytest.approx(np.array([(60, 60), (100, 100), (150, 60)]), abs=0.6)

    center = window.scene.camera.center
    hand.drag((100, 100), (120, 140))  # in the tool that places nuclei
    assert session.layout.centroids[1] == pytest.approx([120, 140], abs=1)
    assert (len(session.layout), session.undo_name, window.scene.camera.center) == (3, "Move nucleus", center)
    hand.press(Qt.Key.Key_E)
    assert session.layout.names[1] == "epithelial"

    window.layers["nuclei"].mode = "select"
    hand.drag((40, 40), (170, 75))
    assert set(window.layers["nuclei"].selected_data) == {0, 2}
    hand.drag((60, 60), (70, 70))
    assert session.undo_name == "Move 2 nuclei"
    assert session.layout.centroids == pytest.approx(np.array([(70, 70), (120, 140), (160, 70)]), abs=1.2)
    before = session.layout
    hand.drag((70, 70), (70, -30))
    assert session.layout == before
    np.testing.assert_array_equal(window.layers["nuclei"].data, before.centroids)

    hand.press(Qt.Key.Key_P)
    assert session.layout.names == ("positive", "epithelial", "positive")
    hand.press(Qt.Key.Key_Delete)
    assert session.layout.names == ("epithelial",)
    hand.press(Qt.Key.Key_Z, CTRL)
    assert session.layout.names == ("positive", "epithelial", "positive")
    for _ in range(20):
        hand.press(Qt.Key.Key_Z, CTRL)
    assert len(session.layout) == 0
    for _ in range(20):
        hand.press(Qt.Key.Key_Z, CTRL | SHIFT)
    assert session.layout.names == ("epithelial",)


def test_naparis_controls_show_the_tool_that_is_set(window, layers):
    controls = window.window._qt_viewer.controls.currentWidget()
    checked = [button for button in controls.button_group.buttons() if button.isChecked()]
    assert [button.mode.value for button in checked] == ["add"]


def test_a_click_outside_is_refused_with_words(window, layers, session, hand):
    said = []
    layers.message.connect(said.append)
    hand.click(20, -20)
    assert len(session.layout) == 0 and len(window.layers["nuclei"].data) == 0
    assert said == [
        "The nucleus was not added: outside the tile of 256 x 256 px. "
        "Place it inside the border, or choose a larger tile"
    ]


def test_painting_a_mask_and_taking_it_back(qtbot, window, layers, session, hand, make_layout, make_made_tile):
    session.set_layout(make_layout(9), "x")
    session.add_tile(make_made_tile(session.layout))
    masks = window.layers["instances"]
    window.layers.selection.active = masks
    masks.mode, masks.selected_label, masks.brush_size = "paint", 40, 8
    hand.drag((5, 10), (5, 60))
    qtbot.waitUntil(lambda: session.current.tile.edited, timeout=20000)
    assert session.current.tile.instances[5, 35] == 40
    hand.press(Qt.Key.Key_Z, CTRL)
    assert not session.current.tile.edited
    assert masks.data[5, 35] == 0
    assert masks.mode == "paint"


def test_a_nucleus_is_picked_and_its_class_corrected(window, layers, session, hand, make_layout, make_made_tile):
    session.set_layout(make_layout(9), "x")
    session.add_tile(make_made_tile(session.layout))
    window.layers.selection.active = window.layers["instances"]
    hand.press(Qt.Key.Key_L)
    hand.click(*session.layout.centroids[4])
    hand.press(Qt.Key.Key_I, SHIFT)
    assert [nucleus.class_id for nucleus in session.current.tile.nuclei][3:6] == [3, 1, 5]
    assert window.layers["instances"].mode == "pick"
    hand.press(Qt.Key.Key_Z, CTRL)
    assert not session.current.tile.edited


def test_ctrl_y_redoes_and_leaves_the_view_flat(window, layers, session, hand, make_layout):
    session.set_layout(make_layout(9), "x")
    hand.press(Qt.Key.Key_Z, CTRL)
    assert len(session.layout) == 0
    hand.press(Qt.Key.Key_Y, CTRL)
    assert len(session.layout) == 9 and window.dims.ndisplay == 2


def test_the_canvas_shows_border_points_and_tile(window, layers, session, make_layout, make_made_tile):
    def picture():
        settle(5)
        return window.screenshot(canvas_only=True, flash=False)[..., :3].astype(int)

    def differs(one, other):
        return np.abs(one - other).max(axis=-1).mean() if one.shape == other.shape else 255.0

    empty = picture()
    assert 0.001 < (np.abs(empty - 140).max(axis=-1) < 30).mean() < 0.2  # the grey of the border
    session.set_layout(make_layout(20), "x")
    points = picture()
    assert differs(points, empty) > 1
    session.add_tile(make_made_tile(session.layout))
    tile = picture()
    assert differs(tile, points) > 50
    session.choose(None)
    again = picture()
    assert differs(again, points) < 5 and differs(again, tile) > 50
    layers.set_hidden(frozenset(range(8)))
    assert differs(picture(), again) > 1


def test_previews_take_the_layers_that_are_there(qtbot, window, layers, session, make_layout, make_made_tile):
    from napari_cosynth.events import Preview

    session.set_layout(make_layout(60), "x")
    tile = make_made_tile(session.layout)
    layers.prepare()
    qtbot.waitUntil(lambda: len(window.layers) == 6, timeout=20000)
    layers.show_preview(Preview(1, 9, tile.image, tile.instances), session.layout)
    QApplication.processEvents()
    # Each new layer would cost the window more than a preview does (`benchmarks/gui_gap.py`).
    before = list(window.layers)
    for step in range(2, 9):
        instances = np.roll(tile.instances, step)
        layers.show_preview(Preview(step, 9, tile.image[::-1].copy(), instances), session.layout)
        QApplication.processEvents()
        assert np.array_equal(window.layers["instances"].data, instances)
    assert list(window.layers) == before


def test_a_layout_dropped_on_the_canvas_becomes_the_session_s(window, layers, session, make_layout, qtbot, tmp_path):
    dropped, before = make_layout(9, 64), len(window.layers)
    write_layout(dropped, tmp_path / "nest.geojson")
    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile(str(tmp_path / "nest.geojson"))])
    viewer = window.window._qt_viewer
    how = Qt.DropAction.CopyAction, files, LEFT, Qt.KeyboardModifier.NoModifier
    entering = QDragEnterEvent(QPoint(50, 50), *how)
    QApplication.sendEvent(viewer, entering)
    assert entering.isAccepted()
    QApplication.sendEvent(viewer, QDropEvent(QPointF(50, 50), *how))
    qtbot.waitUntil(lambda: len(session.layout) == 9, timeout=20_000)
    np.testing.assert_allclose(session.layout.centroids, dropped.centroids)
    assert session.layout.names == dropped.names and len(window.layers) == before
