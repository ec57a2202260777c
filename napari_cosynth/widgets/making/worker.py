"""Worker: the one thread in which tiles are made.

It knows orders and the events of an engine (`synthesis.make`), no session and no
panel. napari's own ``thread_worker`` is not used: it swallows `RuntimeError`,
which is what torch raises, and then neither its errors nor its end arrive.
"""

from __future__ import annotations

import atexit
import logging
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from qtpy.QtCore import QObject, Qt, Signal

from napari_cosynth import synthesis
from napari_cosynth.events import Event, Finished, Loading, Preview, Started, SynthesisError
from napari_cosynth.request import Order
from napari_cosynth.widgets.controls.readable import readable
from napari_cosynth.widgets.work.turns import Turns

Engine = Callable[[Order], Iterator[Event]]

EXIT_SECONDS = 20.0
"""How long the end of the process waits for a step or a model load that is under way."""

SWITCH_S = 0.001
"""How long the GUI thread waits for Python while a run has it; 5 ms otherwise, each time.

A lower priority of the thread would do harm: pushed aside by other programs it may hold Python for seconds.
"""

PATIENCE_S = 1.0
"""How long a run stands still at most until the window has shown what it made: a frozen window ends no run."""

_log = logging.getLogger(__name__)
_threads: weakref.WeakSet[_Thread] = weakref.WeakSet()


@dataclass(frozen=True, eq=False)
class _Run:
    """Orders that were started together, and whether somebody wants them to stop."""

    orders: tuple[Order, ...]
    stop: threading.Event = field(default_factory=threading.Event)
    shown: threading.Event = field(default_factory=threading.Event)
    """Set when the GUI thread has done with the last event."""

    def end(self) -> None:
        """Let the thread stop at the engine's next event, and wait for nothing until then."""
        self.stop.set()
        self.shown.set()


@dataclass(frozen=True)
class _Failed:
    message: str


@dataclass(frozen=True)
class _Done:
    pass


class Worker(QObject):
    """Makes tiles in a thread, one after the other; its signals arrive in the GUI thread.

    Each run ends with exactly one of ``done``, ``failed`` and ``cancelled``.

    The thread stands still until what it made is painted: both want the same
    processors and the same Python, and together each would take longer than one
    after the other.

    Parameters
    ----------
    engine
        Makes the events of an order; closing what it returns cancels it. `synthesis.make` if None.
    turns
        In which listeners do what takes them long; the thread waits for that too. Own ones if None.
    """

    loading = Signal()
    """The model is being loaded; takes seconds the first time."""
    started = Signal(int, int, int)
    """Tile (from 1), tiles, steps of the tile."""
    preview = Signal(object)
    """A `Preview`."""
    finishedTile = Signal(object)
    """A `SyntheticTile`."""
    failed = Signal(str)
    """Why, and what to do; tiles that were finished before stay."""
    cancelled = Signal()
    done = Signal()

    _came = Signal(object, object, int)

    def __init__(self, engine: Engine | None = None, parent: QObject | None = None, turns: Turns | None = None) -> None:
        super().__init__(parent)
        self._engine = engine or synthesis.make
        self._turns = turns or Turns(self)
        self._run: _Run | None = None
        self._thread: _Thread | None = None
        self._closed = False
        self._came.connect(self._on_event, Qt.ConnectionType.QueuedConnection)

    @property
    def running(self) -> bool:
        """True from `start` until ``done``, ``failed`` or ``cancelled``."""
        return self._run is not None

    def start(self, orders: Iterable[Order]) -> bool:
        """Make the tiles of ``orders``; False, and nothing happens, while others are being made.

        What is left of a cancelled run ends first: there are never two at once.
        """
        if self._closed or self.running:
            return False
        if self._thread is None:
            self._thread = _Thread(self._engine, _teller(weakref.ref(self)))
            # A worker that is forgotten takes its idle thread with it.
            weakref.finalize(self, self._thread.stop).atexit = False
            _threads.add(self._thread)
            self._thread.start()
        self._run = _Run(tuple(orders))
        self._thread.jobs.put(self._run)
        return True

    def cancel(self) -> None:
        """End the run: ``cancelled`` is emitted at once, and nothing of the run arrives any more.

        The thread itself stops at the engine's next event.
        """
        if self._run is None:
            return
        self._run.end()
        self._run = None
        self.cancelled.emit()

    def stop_and_wait(self, ms: int) -> bool:
        """End for good, without a signal; True if the thread ended within ``ms`` milliseconds."""
        self._closed = True
        if self._run is not None:
            self._run.end()
            self._run = None
        if self._thread is None:
            return True
        self._thread.stop()
        self._thread.join(ms / 1000)
        return not self._thread.is_alive()

    def _on_event(self, run: _Run, event: Any, tile: int) -> None:
        if run is not self._run:  # cancelled while the event was on its way
            return
        match event:
            case Loading():
                self.loading.emit()
            case Started(steps):
                self.started.emit(tile, len(run.orders), steps)
            case Preview():
                self.preview.emit(event)
            case Finished(made):
                self.finishedTile.emit(made)
            case _Failed(message):
                self._run = None
                self.failed.emit(message)
            case _Done():
                self._run = None
                self.done.emit()
        # After what the listeners have put off.
        self._turns.then(run.shown.set)


class _Thread(threading.Thread):
    """Takes runs from ``jobs`` until it finds None there."""

    def __init__(self, engine: Engine, tell: Callable[[_Run, Any, int], None]) -> None:
        # A daemon: an engine that hangs must not keep the process alive for ever.
        super().__init__(name="CoSynth", daemon=True)
        self.jobs: SimpleQueue[_Run | None] = SimpleQueue()
        self._engine = engine
        self._tell = tell
        self._current: _Run | None = None

    def stop(self) -> None:
        """Let the thread end at the engine's next event."""
        if (run := self._current) is not None:
            run.end()
        self.jobs.put(None)

    def run(self) -> None:
        while (run := self.jobs.get()) is not None:
            self._current = run
            number = 0
            usual = sys.getswitchinterval()
            try:
                sys.setswitchinterval(SWITCH_S)
                for number, order in enumerate(run.orders, start=1):
                    _make_one(run, order, self._engine, lambda event, number=number: self._tell(run, event, number))
                self._tell(run, _Done(), number)
            # Whatever the engine raises, exits and interrupts among it, has to be told:
            # otherwise the thread ends and the dock waits for ever.
            except BaseException as error:
                _log.error("a run failed", exc_info=error)
                self._tell(run, _Failed(readable(error)), number)
            finally:
                sys.setswitchinterval(usual)


def _make_one(run: _Run, order: Order, engine: Engine, tell: Callable[[Any], None]) -> None:
    if run.stop.is_set():
        return
    events = engine(order)
    finished = False
    try:
        for event in events:
            if run.stop.is_set():
                return
            finished = finished or isinstance(event, Finished)
            run.shown.clear()
            tell(event)
            if not run.stop.is_set():
                run.shown.wait(PATIENCE_S)
    finally:
        close = getattr(events, "close", None)
        if close is not None:
            close()
    if not finished:
        raise SynthesisError("the model ended without a tile. Press Generate to try again")


def _teller(ref: weakref.ref[Worker]) -> Callable[[_Run, Any, int], None]:
    def tell(run: _Run, event: Any, tile: int) -> None:
        worker = ref()
        if worker is None or run.stop.is_set():
            run.stop.set()
            return
        try:
            worker._came.emit(run, event, tile)
        except RuntimeError:  # Qt deleted the object, together with its window
            run.stop.set()

    return tell


@atexit.register
def _end_threads() -> None:
    # A thread inside torch must not meet an interpreter that is half gone.
    threads = list(_threads)
    for thread in threads:
        thread.stop()
    until = time.monotonic() + EXIT_SECONDS
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
