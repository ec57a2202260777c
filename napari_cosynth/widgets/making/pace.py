"""Pace: how long a run still takes, from the steps that it took so far.

Plain arithmetic; it knows no Qt.
"""

from __future__ import annotations

import time
from collections.abc import Callable

WARM_UP = 2
"""Steps before which no time is told: the first one prepares things that the others find done."""


class Pace:
    """Measures the steps of a run of several tiles.

    Parameters
    ----------
    tiles
        That will be made, all with the same number of steps.
    steps
        Of each tile.
    clock
        Seconds that only ever grow.
    """

    def __init__(self, tiles: int, steps: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._total = tiles * steps
        self._steps = steps
        self._clock = clock
        self._first: tuple[float, int] | None = None
        self._last: tuple[float, int] | None = None

    def step(self, tile: int, step: int) -> None:
        """Step ``step`` of tile ``tile``, both from 1, is done."""
        self._last = (self._clock(), (tile - 1) * self._steps + step)
        self._first = self._first or self._last

    @property
    def seconds_left(self) -> float | None:
        """Until the last step of the last tile; None while nothing is known."""
        if self._first is None or self._last is None or self._last[1] - self._first[1] < WARM_UP - 1:
            return None
        (began, before), (now, done) = self._first, self._last
        # Time passes between steps too, so that the number falls steadily.
        each = (now - began) / (done - before)
        return max(0.0, each * (self._total - done) - (self._clock() - now))
