"""Live: when a draft should follow an edit.

It decides the moment and nothing else: never while a button of the mouse is
held, a list of completions is open or a tile is being made, and it stops nothing.
"""

from __future__ import annotations

from qtpy.QtCore import QObject, Qt, QTimer, Signal
from qtpy.QtWidgets import QApplication

from napari_cosynth.run_settings import RunSettings
from napari_cosynth.session import Session
from napari_cosynth.widgets.making.worker import Worker

PAUSE_MS = 250
"""Quiet time after the last edit."""

# What a draft does not depend on.
_IDLE_FIELDS = {"quality", "variants", "steps", "preview", "seed_locked"}


class Live(QObject):
    """Emits ``due`` once after edits, if the session's settings ask for live drafts."""

    due = Signal()

    def __init__(self, session: Session, worker: Worker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._worker = worker
        self._settings = session.settings
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(PAUSE_MS)
        self._timer.timeout.connect(self._quiet)
        session.layout_changed.connect(self._edited)
        session.prompt_changed.connect(self._edited)
        session.settings_changed.connect(self._settings_edited)

    def forget(self) -> None:
        """No draft for the edits so far: they only brought back what is already shown."""
        self._timer.stop()

    def close(self) -> None:
        """Stop for good."""
        self._timer.stop()
        self._session.layout_changed.disconnect(self._edited)
        self._session.prompt_changed.disconnect(self._edited)
        self._session.settings_changed.disconnect(self._settings_edited)

    def _edited(self, _value: object = None) -> None:
        if self._session.settings.live:
            self._timer.start()

    def _settings_edited(self, settings: RunSettings) -> None:
        before, self._settings = self._settings, settings
        changed = {name for name in RunSettings.model_fields if getattr(before, name) != getattr(settings, name)}
        if not settings.seed_locked:
            # The new seed after each Generate: its draft would hide the tile just made.
            changed.discard("seed")
        if changed - _IDLE_FIELDS:
            self._edited()

    def _quiet(self) -> None:
        if not self._session.settings.live:
            return
        if self._worker.running or hands_busy():
            self._timer.start()
        else:
            self.due.emit()


def hands_busy() -> bool:
    """True while the user drags something or chooses from an open list or menu."""
    return QApplication.mouseButtons() != Qt.MouseButton.NoButton or QApplication.activePopupWidget() is not None
