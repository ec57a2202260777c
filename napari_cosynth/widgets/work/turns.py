"""Turns: long work of the GUI thread in parts, so that painting, clicks and keys come in between.

Knows nothing of what it does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from qtpy.QtCore import QObject, Qt, QTimer

PAINTED_MS = 8
"""After this what was changed is being painted, or was: Qt begins to paint 5 ms after a change."""

_log = logging.getLogger(__name__)


class Turns(QObject):
    """Does parts of work in their order, one in each turn of the event loop."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: list[tuple[str, Iterator[int]]] = []
        self._inside = False
        self._closed = False
        self._timer = QTimer(self)
        # Started anew after each part, because napari lets the event loop run within some of them.
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._next)

    @property
    def busy(self) -> bool:
        """True while work waits, or one is being done."""
        return bool(self._waiting)

    def add(self, parts: Iterator[int], name: str = "") -> None:
        """Take a step of ``parts`` in each turn, after the work that waits already.

        Parameters
        ----------
        parts
            Yields the ms until the next step: 0 for the next turn, `PAINTED_MS` where painting is to come first.
            Ends early if it raises, which is logged.
        name
            Of work of which only the last counts: what waits under the same name is dropped. Empty for none.
        """
        if self._closed:
            return
        if name:
            self.drop(name)
        self._waiting.append((name, parts))
        if not self._timer.isActive():
            self._go_on()

    def then(self, act: Callable[[], object]) -> None:
        """Call ``act`` when the work that waits now is done and painted; at once if none waits."""
        if self.busy:
            self.add(_painted_then(act))
        else:
            act()

    def drop(self, name: str) -> None:
        """Forget what waits under a name; a part that was begun is done."""
        self._waiting = [turn for turn in self._waiting if turn[0] != name]
        if not self._waiting:
            self._timer.stop()

    def close(self) -> None:
        """Forget all work, and take no more."""
        self._closed = True
        self._waiting.clear()
        self._timer.stop()

    def _next(self) -> None:
        self._inside = True
        turn, pause = self._waiting[0], 0
        try:
            pause = next(turn[1])
        except StopIteration:
            self._forget(turn)
        except Exception:  # whoever waits for the work after this one must not wait for ever
            _log.exception("work of the window ended early")
            self._forget(turn)
        finally:
            self._inside = False
        self._go_on(pause)

    def _go_on(self, pause: int = 0) -> None:
        if self._waiting and not self._inside:
            self._timer.start(pause)

    def _forget(self, turn: tuple[str, Iterator[int]]) -> None:
        # By identity: the part itself may have dropped it, or added another of its name.
        self._waiting = [other for other in self._waiting if other is not turn]


def once(act: Callable[[], object]) -> Iterator[int]:
    """Work of a single part."""
    act()
    yield from ()


def _painted_then(act: Callable[[], object]) -> Iterator[int]:
    yield PAINTED_MS
    act()
