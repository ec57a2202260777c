"""Background: file work beside the GUI thread, one piece after the other."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from qtpy.QtCore import QObject, Qt, Signal

_log = logging.getLogger(__name__)


class Background(QObject):
    """Runs functions in a thread of its own and tells the GUI thread what came of them."""

    _ended = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="CoSynth files")
        self._closed = False
        self._ended.connect(self._on_ended, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        work: Callable[[], Any],
        then: Callable[[Any], object],
        failed: Callable[[Exception], object],
    ) -> Future:
        """Do ``work`` in the thread; its result goes to ``then``, its exception to ``failed``, in the GUI thread."""
        future = self._pool.submit(work)
        future.add_done_callback(lambda done: self._tell(done, then, failed))
        return future

    def close(self) -> None:
        """Let work that began come to its end; nothing is told any more."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def finish(self) -> None:
        """Wait for all work."""
        self._pool.submit(lambda: None).result()

    def _on_ended(self, call: Callable[[Any], object], value: Any) -> None:
        if not self._closed:
            call(value)

    def _tell(self, done: Future, then: Callable[[Any], object], failed: Callable[[Exception], object]) -> None:
        if self._closed or done.cancelled():
            return
        error = done.exception()
        try:
            if error is None:
                self._ended.emit(then, done.result())
            else:
                _log.error("work in the background failed", exc_info=error)
                self._ended.emit(failed, error)
        except RuntimeError:  # Qt deleted the object, together with its window
            self._closed = True
