"""Undo: a list of changes, each with the values before and after it.

It knows no layout and no tile: a change names fields, and whoever asks writes
their values back.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

LEVELS = 250
"""Changes that are remembered; the oldest one goes."""
PAUSE = 1.0
"""Seconds without typing after which the next letter is a change of its own."""


@dataclass(frozen=True)
class Change:
    """One thing that a user did.

    Parameters
    ----------
    name
        As the user reads it behind "Undo": "Add nucleus".
    before, after
        Values by field; both have the same fields.
    """

    name: str
    before: Mapping[Hashable, Any]
    after: Mapping[Hashable, Any]


class History:
    """Changes that can be undone and redone.

    Parameters
    ----------
    clock
        Seconds that only ever grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._done: deque[Change] = deque(maxlen=LEVELS)
        self._undone: list[Change] = []
        self._joins_until = 0.0

    @property
    def undo_name(self) -> str:
        """Name of the change that `undo` takes back; empty if there is none."""
        return self._done[-1].name if self._done else ""

    @property
    def redo_name(self) -> str:
        """Name of the change that `redo` brings back; empty if there is none."""
        return self._undone[-1].name if self._undone else ""

    def add(self, change: Change, *, joins: bool = False) -> None:
        """Remember a change that was made; what was undone before can no longer be redone.

        Parameters
        ----------
        joins
            True for what comes in many small pieces, such as typing: it becomes
            one with the last change if that joins too, has the same name, and is
            younger than `PAUSE`.
        """
        now = self._clock()
        self._undone.clear()
        if joins and now < self._joins_until and self.undo_name == change.name:
            change = Change(change.name, self._done.pop().before, change.after)
        changed = change.before != change.after
        if changed:
            self._done.append(change)
        self._joins_until = now + PAUSE if joins and changed else 0.0

    def undo(self) -> Change | None:
        """The last change, whose ``before`` is to be written back; None if there is none."""
        return self._shift(self._done, self._undone)

    def redo(self) -> Change | None:
        """The change undone last, whose ``after`` is to be written back; None if there is none."""
        return self._shift(self._undone, self._done)

    def clear(self) -> None:
        """Forget everything."""
        self._done.clear()
        self._undone.clear()
        self._joins_until = 0.0

    def _shift(self, source: deque[Change] | list[Change], target: deque[Change] | list[Change]) -> Change | None:
        self._joins_until = 0.0
        if not source:
            return None
        change = source.pop()
        target.append(change)
        return change
