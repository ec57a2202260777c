"""Stopwatch: the seconds that a batch really worked, without those in which it was held. Knows no Qt."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Stopwatch:
    """Stands still at first. May be used from any thread.

    Parameters
    ----------
    clock
        Seconds that only ever grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._before = 0.0
        self._since: float | None = None
        self._begun = self._held = False

    @property
    def seconds(self) -> float:
        """That passed while it ran."""
        with self._lock:
            return self._before + (0.0 if self._since is None else self._clock() - self._since)

    def begin(self) -> None:
        """From now on seconds count."""
        self._set(begun=True)

    def hold(self) -> None:
        """Seconds do not count until `go`."""
        self._set(held=True)

    def go(self) -> None:
        """Seconds count again, if it has begun."""
        self._set(held=False)

    def _set(self, **changes: bool) -> None:
        with self._lock:
            now = self._clock()
            if self._since is not None:
                self._before += now - self._since
            self._begun, self._held = changes.get("begun", self._begun), changes.get("held", self._held)
            self._since = now if self._begun and not self._held else None
