"""ClosingWatch: the moment at which a dock widget has to put its things in order.

napari tells its docks nothing: when a panel is closed its widget loses its
parent, and when napari is closed its window hides. Both are seen here. A window
may ask before it closes, inside its close event and for as long as the user
thinks; then it hides, or stays.
"""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, QTimer, Signal
from qtpy.QtWidgets import QApplication, QMainWindow, QWidget

_ASKS_AGAIN_MS = 50


class ClosingWatch(QObject):
    """Emits ``closing`` once: when its widget, its panel, the window around it or the application closes."""

    closing = Signal()

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self._window: QMainWindow | None = None
        self._had_parent = False
        self._asked = False
        self._over = False
        widget.installEventFilter(self)
        # A window that is never shown tells nothing: by then its dock stands in it.
        QTimer.singleShot(0, self._follow)
        app = QApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self._close)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Look on; nothing is held back."""
        kind = event.type()
        if watched is self._widget:
            if kind == QEvent.Type.Close:
                self._close()
            elif kind in (QEvent.Type.ParentChange, QEvent.Type.Show):
                self._follow()
        elif watched is self._window:
            if kind == QEvent.Type.Close:
                self._on_window_asked()
            elif kind == QEvent.Type.DeferredDelete or (kind == QEvent.Type.Hide and self._asked):
                self._close()
        return False

    def _follow(self) -> None:
        parent = self._widget.parentWidget()
        if parent is None:
            if self._had_parent:
                self._close()
            return
        self._had_parent = True
        while parent is not None and not isinstance(parent, QMainWindow):
            parent = parent.parentWidget()
        if parent is not None and parent is not self._window:
            if self._window is not None:
                self._window.removeEventFilter(self)
            self._window = parent
            parent.installEventFilter(self)

    def _on_window_asked(self) -> None:
        if not self._window.isVisible():
            self._close()
            return
        # napari may ask back and stay open; a window that is minimised later hides as well.
        self._asked = True
        QTimer.singleShot(0, self._forget_asked)

    def _forget_asked(self) -> None:
        if QApplication.activeModalWidget() is not None:  # the user has not answered yet
            QTimer.singleShot(_ASKS_AGAIN_MS, self._forget_asked)
            return
        self._asked = False

    def _close(self) -> None:
        if not self._over:
            self._over = True
            self.closing.emit()
