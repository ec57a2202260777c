"""Keys that hold wherever the focus is; of several widgets with the same, the one in the active window gets them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QApplication, QShortcut, QWidget

_open: list[WindowKeys] = []


class WindowKeys:
    """The keys of one widget, until they are closed or the widget is gone.

    Parameters
    ----------
    widget
        Its window need not have the focus, as long as no other window with such keys has it: the widget may float.
    """

    def __init__(self, widget: QWidget) -> None:
        self._widget = widget
        self._shortcuts: dict[str, QShortcut] = {}
        self._acts: dict[str, Callable[[], object]] = {}
        _open.append(self)
        widget.destroyed.connect(self._forget)

    def add(self, keys: str, act: Callable[[], object]) -> None:
        """Call ``act`` when ``keys`` ("Ctrl+Return") are pressed."""
        shortcut = QShortcut(QKeySequence(keys), self._widget)
        shortcut.setContext(Qt.ShortcutContext.ApplicationShortcut)
        shortcut.activated.connect(partial(self._pressed, keys, alone=True))
        # Qt tells one widget after the other, whichever is in front.
        shortcut.activatedAmbiguously.connect(partial(self._pressed, keys, alone=False))
        self._shortcuts[keys], self._acts[keys] = shortcut, act

    def set_enabled(self, keys: str, enabled: bool) -> None:
        """Leave keys to others, or take them."""
        self._shortcuts[keys].setEnabled(enabled)

    def close(self) -> None:
        """Take no keys any more."""
        for shortcut in self._shortcuts.values():
            shortcut.setEnabled(False)
        self._forget()

    def _pressed(self, keys: str, alone: bool) -> None:
        front = [others for others in _open if others._in_front()]
        if self in front or (alone and not front):
            self._acts[keys]()
            return
        for others in front:
            if keys in others._shortcuts and others._shortcuts[keys].isEnabled():
                others._acts[keys]()

    def _in_front(self) -> bool:
        window, active = self._widget.window(), QApplication.activeWindow()
        around = window.parentWidget() and window.parentWidget().window()
        return active is not None and active in (window, around)

    def _forget(self) -> None:
        if self in _open:
            _open.remove(self)
