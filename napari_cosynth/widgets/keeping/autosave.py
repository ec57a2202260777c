"""AutosaveTimer: a session goes to its recovery folder a moment after each change.

When and in which thread; what is written, and how, is `recovery.Autosave`'s.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

from qtpy.QtCore import QObject, QTimer, Signal

from napari_cosynth.recovery import Autosave
from napari_cosynth.session import Session
from napari_cosynth.widgets.work.background import Background

PAUSE_MS = 1200
"""Quiet time after the last change."""
LONGEST_S = 5.0
"""After so long a change is written even while others follow it."""

_log = logging.getLogger(__name__)


class AutosaveTimer(QObject):
    """Writes a session's snapshots.

    Encoding and writing happen in a thread; the GUI thread only takes the
    snapshot, which is a value and costs nothing.
    """

    failed = Signal(str)
    """Why nothing could be written; once, until it succeeds again."""
    written = Signal()

    def __init__(self, session: Session, store: Autosave, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._store = store
        self._background = Background(self)
        self._changed_at: float | None = None
        self._writing = False
        self._well = True
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._write)
        session.changed.connect(self._on_changed)

    @property
    def folder(self) -> Path:
        """Where the session is written."""
        return self._store.folder

    def close(self) -> None:
        """Write what is left, mark the session as closed cleanly, and stop for good."""
        self._session.changed.disconnect(self._on_changed)
        self._timer.stop()
        self._background.finish()
        self._background.close()
        try:
            self._store.close(self._session.snapshot())
        except (OSError, ValueError):  # the window is going; there is nobody left to tell
            _log.exception("the session could not be written when it was closed")

    def _on_changed(self) -> None:
        now = time.monotonic()
        if self._changed_at is None:
            self._changed_at = now
        left = LONGEST_S - (now - self._changed_at)
        self._timer.start(max(0, min(PAUSE_MS, round(left * 1000))))

    def _write(self) -> None:
        if self._writing:
            self._timer.start(PAUSE_MS)
            return
        self._changed_at = None
        self._writing = True
        snapshot = self._session.snapshot()
        self._background.run(lambda: self._store.write(snapshot), self._on_written, self._on_failed)

    def _on_written(self, _result: object) -> None:
        self._writing = False
        self._well = True
        self.written.emit()

    def _on_failed(self, error: Exception) -> None:
        self._writing = False
        if self._well:
            self._well = False
            self.failed.emit(
                f"The session could not be saved for recovery: {error}. Make room or check the folder's rights, and "
                "save your project"
            )
