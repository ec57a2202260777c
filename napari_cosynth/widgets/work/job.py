"""Job: a generator that runs in a thread; its steps, its end and its errors arrive in the GUI thread.

Not napari's ``thread_worker``: that one swallows `RuntimeError`, so that neither
its error nor its end arrive. Knows nothing of what it runs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from qtpy.QtCore import QObject, Qt, Signal

_TOLD_EVERY_S = 0.05
"""Steps that come faster are left out, so that the GUI thread is not flooded."""


class Job(QObject):
    """Runs one generator at a time; each run ends with exactly one of ``done``, ``failed`` and ``cancelled``."""

    progressed = Signal(object)
    """What the generator yielded, some of it."""
    done = Signal(object)
    """With the last that it yielded."""
    failed = Signal(object)
    """With the exception."""
    cancelled = Signal()

    _came = Signal(object, str, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._stop: threading.Event | None = None
        self._thread: threading.Thread | None = None
        self._came.connect(self._on_event, Qt.ConnectionType.QueuedConnection)

    @property
    def running(self) -> bool:
        """True from `start` until the run's last signal."""
        return self._stop is not None

    def start(self, make: Callable[[], Iterator[Any]]) -> bool:
        """Run what ``make`` returns, called in the thread; False, and nothing happens, while one runs."""
        if self.running:
            return False
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._work, args=(make, self._stop, self._thread), name="CoSynth job", daemon=True
        )
        self._thread.start()
        return True

    def cancel(self) -> None:
        """Close the generator after the step it is at; ``cancelled`` tells when that is done."""
        if self._stop is not None:
            self._stop.set()

    def drop(self) -> None:
        """Cancel without waiting: no signal of the run comes any more, and `start` may be called at once."""
        self.cancel()
        self._stop = None

    def stop_and_wait(self, ms: int) -> bool:
        """End without a signal; True if the thread ended within ``ms`` milliseconds."""
        self.drop()
        if self._thread is None:
            return True
        self._thread.join(ms / 1000)
        return not self._thread.is_alive()

    def _on_event(self, stop: threading.Event, kind: str, value: Any) -> None:
        if stop is not self._stop:  # dropped while the event was on its way
            return
        if kind == "progressed":
            self.progressed.emit(value)
            return
        self._stop = None
        if kind == "cancelled":
            self.cancelled.emit()
        else:
            getattr(self, kind).emit(value)

    def _work(self, make: Callable[[], Iterator[Any]], stop: threading.Event, before: threading.Thread | None) -> None:
        if before is not None:
            before.join()  # what was dropped ends first: there are never two at once
        last, told = None, -_TOLD_EVERY_S
        try:
            steps = make()
            for last in steps:
                if stop.is_set():
                    steps.close()
                    self._tell(stop, "cancelled", None)
                    return
                if time.monotonic() - told >= _TOLD_EVERY_S:
                    told = time.monotonic()
                    self._tell(stop, "progressed", last)
            self._tell(stop, "done", last)
        # Whatever it is has to be told: else the thread ends and the panel waits for ever.
        except BaseException as error:
            self._tell(stop, "failed", error)

    def _tell(self, stop: threading.Event, kind: str, value: Any) -> None:
        try:
            self._came.emit(stop, kind, value)
        except RuntimeError:  # Qt deleted the object, together with its window
            stop.set()
