"""QueueRun: one batch at a time beside the GUI thread; each run ends with exactly one signal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from qtpy.QtCore import QObject, QTimer, Signal

from napari_cosynth.batch.apart import BatchProcess
from napari_cosynth.widgets.queue.state import QueueState, adding_up
from napari_cosynth.widgets.queue.stopwatch import Stopwatch
from napari_cosynth.widgets.work.job import Job

_TELLS_MS = 250


class Batch(Protocol):
    """What is needed of a `BatchProcess`."""

    def events(self) -> Iterator: ...

    def hold(self) -> None: ...

    def go(self) -> None: ...

    def stop(self) -> None: ...


class QueueRun(QObject):
    """Starts batches, holds them while the user's own tiles are made, and stops them.

    Parameters
    ----------
    batch
        Makes a batch of the plan's file, the folder and whether only to measure.
    """

    told = Signal(object)
    """The newest `QueueState`, a few times a second while a batch runs."""
    ended = Signal(object)
    """The last `QueueState`, None if there was none: the batch is done, or was stopped."""
    failed = Signal(object)
    """The exception."""

    def __init__(self, batch: Callable[[Path, str, bool], Batch] | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._make = batch or _process
        self._batch: Batch | None = None
        self._watch = Stopwatch()
        self._held = False
        self._newest: QueueState | None = None
        self._job = Job(self)
        self._job.done.connect(self._on_done)
        self._job.failed.connect(self._on_failed)
        # Not by the job's own signal: it leaves out what comes quickly, and nothing may follow for minutes.
        self._clock = QTimer(self)
        self._clock.setInterval(_TELLS_MS)
        self._clock.timeout.connect(self._on_clock)

    @property
    def running(self) -> bool:
        """True from `start` to ``ended`` or ``failed``."""
        return self._job.running

    @property
    def held(self) -> bool:
        """True while a batch would wait."""
        return self._held

    @property
    def newest(self) -> QueueState | None:
        """How the batch of now, or the last one, stands; None before its first event."""
        return self._newest

    def start(self, plan: Path, out: str, take: Callable[[str], None], *, only_measure: bool = False) -> bool:
        """Begin a batch; False, and nothing happens, while one runs.

        Parameters
        ----------
        take
            Called in a thread with the name of each tile that was made.
        """
        if self.running:
            return False
        batch, watch = self._make(plan, out, only_measure), Stopwatch()
        self._batch, self._watch = batch, watch
        self._newest = None
        if self._held:
            self.hold()
        self._clock.start()
        return self._job.start(lambda: self._remembered(adding_up(batch.events(), watch, take)))

    def hold(self) -> None:
        """Let the batch of now, and those to come, wait after the step in hand."""
        self._held = True
        self._watch.hold()
        if self._batch is not None:
            self._batch.hold()

    def go(self) -> None:
        """Let it go on."""
        self._held = False
        self._watch.go()
        if self._batch is not None:
            self._batch.go()

    def stop(self) -> None:
        """End it after the step in hand; ``ended`` tells when that is done."""
        if self._batch is not None:
            self._batch.stop()

    def close(self, ms: int = 0) -> bool:
        """End it without a signal; True if its thread ended within ``ms`` milliseconds."""
        self.stop()
        self._clock.stop()
        return self._job.stop_and_wait(ms)

    def _remembered(self, states: Iterator[QueueState]) -> Iterator[QueueState]:
        for state in states:
            self._newest = state
            yield state

    def _on_clock(self) -> None:
        if self._newest is not None:
            self.told.emit(self._newest)

    def _on_done(self, state: QueueState | None) -> None:
        self._clock.stop()
        self.ended.emit(state)

    def _on_failed(self, error: BaseException) -> None:
        self._clock.stop()
        self.failed.emit(error)


def _process(plan: Path, out: str, only_measure: bool) -> BatchProcess:
    return BatchProcess(plan, out, only_measure=only_measure)
