"""How a batch stands: its events, added up. Knows no Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_cosynth.widgets.queue.stopwatch import Stopwatch

if TYPE_CHECKING:
    from napari_cosynth.batch.run import Done, Event, Ready, Total


@dataclass(frozen=True)
class QueueState:
    """A batch at one moment.

    Parameters
    ----------
    total, ready, finish
        The events of these kinds, once they came.
    done
        Tiles of this run, failed ones too.
    rejected
        Of those: below the gate of the plan.
    failed
        Names of those that failed, with the reason.
    seconds
        That they took, without those in which the batch was held.
    stage, stage_done, stage_total
        Of the data set that is being written; empty before that.
    """

    total: Total | None = None
    ready: Ready | None = None
    done: int = 0
    rejected: int = 0
    failed: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0
    stage: str = ""
    stage_done: int = 0
    stage_total: int = 0
    finish: Done | None = None

    @property
    def left(self) -> int:
        """Tiles that are still to be made."""
        return self.total.left - self.done if self.total else 0

    @property
    def rate(self) -> float | None:
        """Tiles a second; None while that is not known."""
        return self.done / self.seconds if self.done and self.seconds else None

    @property
    def seconds_left(self) -> float | None:
        """Until the last tile: as fast as up to now, or as it was measured; None while nothing is known."""
        if self.rate:
            return self.left / self.rate
        return self.ready.prepared.seconds if self.ready else None


def adding_up(events: Iterable[Event], watch: Stopwatch, take: Callable[[str], None]) -> Iterator[QueueState]:
    """The state after each event.

    Parameters
    ----------
    watch
        Begins with the first tile.
    take
        Called with the name of each tile that was made.
    """
    from napari_cosynth.batch.run import Done, Made, Ready, Total

    state = QueueState()
    for event in events:
        match event:
            case Total():
                state = replace(state, total=event)
            case Ready():
                watch.begin()
                state = replace(state, ready=event)
            case Made(outcome):
                state = replace(state, done=state.done + 1, seconds=watch.seconds)
                if outcome.state == "failed":
                    state = replace(state, failed=(*state.failed, (outcome.name, outcome.reason)))
                else:
                    state = replace(state, rejected=state.rejected + (outcome.state == "rejected"))
                    take(outcome.name)
            case Done():
                state = replace(state, finish=event)
            case _:
                state = replace(state, stage=event.stage, stage_done=event.done, stage_total=event.total)
        yield state
