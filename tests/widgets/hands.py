"""Mouse and keys on a real napari window, as a person would use them. Also drives the pictures of the walk."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier
LEFT = Qt.MouseButton.LeftButton


class Hands:
    """Works a viewer and the dock in it.

    Parameters
    ----------
    viewer
        A shown ``napari.Viewer``.
    dock
        Its CoSynth dock.
    """

    def __init__(self, viewer, dock: QWidget) -> None:
        self.viewer, self.dock = viewer, dock
        # Shortcuts belong to the active window, and without a window manager nobody makes it so.
        viewer.window._qt_window.activateWindow()

    @property
    def canvas(self) -> QWidget:
        """Where the layers are drawn."""
        return self.viewer.window._qt_viewer.canvas.native

    def settle(self, seconds: float = 0.05) -> None:
        """Let the window catch up."""
        end = time.monotonic() + seconds
        while True:
            QApplication.processEvents()
            if time.monotonic() > end:
                return
            time.sleep(0.005)

    def until(self, true: Callable[[], object], seconds: float = 60) -> None:
        """Wait for something to become true."""
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, f"waited {seconds} s in vain"
            self.settle(0.02)

    def find(self, name: str) -> QWidget:
        """A widget of the dock by its object name."""
        found = self.dock.findChild(QWidget, name)
        assert found is not None, f"the dock has no widget {name!r}"
        return found

    def press(self, name: str) -> None:
        """Click a widget of the dock."""
        widget = self.find(name)
        QTest.mouseClick(widget, LEFT, NONE, QPoint(min(20, widget.width() // 2), widget.height() // 2))
        self.settle()

    def write(self, name: str, text: str) -> None:
        """Type into a field of the dock, letter by letter."""
        field = self.find(name)
        QTest.mouseClick(field, LEFT)
        QTest.keyClicks(field, text)
        self.settle()

    def key(self, key: Qt.Key, modifiers=NONE, on: QWidget | None = None) -> None:
        """Press a key, on the canvas unless said otherwise; an open list gets it first, as from a keyboard."""
        QTest.keyClick(on or QApplication.activePopupWidget() or self.canvas, key, modifiers)
        self.settle()

    def click(self, row: float, col: float, modifiers=NONE) -> None:
        """Click a place of the tile."""
        at = self._at(row, col)
        QTest.mouseMove(self.canvas, at)
        self.settle(0.02)
        QTest.mousePress(self.canvas, LEFT, modifiers, at)
        self.settle(0.02)
        QTest.mouseRelease(self.canvas, LEFT, modifiers, at)
        self.settle()

    def drag(self, start: tuple[float, float], end: tuple[float, float], modifiers=NONE) -> None:
        """Drag from one place of the tile to another."""
        self.draw(np.linspace(start, end, 8), modifiers)

    def draw(self, path: np.ndarray, modifiers=NONE) -> None:
        """Drag along places (M, 2) of the tile."""
        QTest.mouseMove(self.canvas, self._at(*path[0]))
        self.settle(0.02)
        QTest.mousePress(self.canvas, LEFT, modifiers, self._at(*path[0]))
        for place in path[1:]:
            at = self._at(*place)
            # QTest moves the mouse without its button.
            moved = QMouseEvent(
                QEvent.Type.MouseMove,
                QPointF(at),
                QPointF(self.canvas.mapToGlobal(at)),
                Qt.MouseButton.NoButton,
                LEFT,
                modifiers,
            )
            QApplication.sendEvent(self.canvas, moved)
            self.settle(0.02)
        QTest.mouseRelease(self.canvas, LEFT, modifiers, self._at(*path[-1]))
        self.settle()

    def _at(self, row: float, col: float) -> QPoint:
        camera, size = self.viewer.scene.camera, self.canvas.size()
        middle_row, middle_col = camera.center[-2:]
        x = size.width() / 2 + (col - middle_col) * camera.zoom
        y = size.height() / 2 + (row - middle_row) * camera.zoom
        return QPoint(round(x), round(y))
