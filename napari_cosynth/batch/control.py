"""Control: whoever started a batch lets it wait, go on, or end. Asked between two steps, from any thread."""

from __future__ import annotations

import threading


class Control:
    """The wishes of whoever started a batch; at first it goes on."""

    def __init__(self) -> None:
        self._may_go = threading.Event()
        self._may_go.set()
        self._stopped = False

    @property
    def held(self) -> bool:
        """True while the batch is to wait; what is loaded stays loaded."""
        return not self._may_go.is_set()

    @property
    def stopped(self) -> bool:
        """True once the batch is to end."""
        return self._stopped

    def hold(self) -> None:
        """Let it wait after the steps in hand; nothing happens once it is stopped."""
        if not self._stopped:
            self._may_go.clear()

    def go(self) -> None:
        """Let it go on."""
        self._may_go.set()

    def stop(self) -> None:
        """Let it end after the steps in hand, for good; also if it waits."""
        self._stopped = True
        self._may_go.set()

    def asked_to_stop(self) -> bool:
        """Wait as long as the batch is held; then True if it is to end."""
        self._may_go.wait()
        return self._stopped
