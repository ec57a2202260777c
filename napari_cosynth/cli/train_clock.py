"""The time of one start of a training: when it is over, and when a learning rate that falls with it begins to."""

from __future__ import annotations

import time

from napari_cosynth.training.fall import FallByClock


class TrainingClock:
    """Runs from where it is made on.

    Parameters
    ----------
    minutes
        How long the start may take; None for ever.
    decay_minutes
        How long the learning rate falls at their end; None if time does not decide it.
    """

    def __init__(self, minutes: float | None, decay_minutes: float | None) -> None:
        self.seconds = None if minutes is None else minutes * 60
        fall_s = None if decay_minutes is None else decay_minutes * 60
        self._fall = None if self.seconds is None or fall_s is None else FallByClock(self.seconds, fall_s)
        self._began = time.monotonic()

    def tell(self, steps: int) -> tuple[bool, int | None]:
        """Say, after so many steps, whether time is over, and how many steps the learning rate falls from here on.

        Returns
        -------
        The latter once, when it is due; None before and after. In every process of a
        run the same.
        """
        elapsed_s = time.monotonic() - self._began
        over = self.seconds is not None and elapsed_s >= self.seconds
        due = self._fall.steps_due(elapsed_s, steps) if self._fall else None
        over, due = _said_by_main((over, due))
        if due is not None:
            self._fall = None
        return over, due


def _said_by_main(said: tuple[bool, int | None]) -> tuple[bool, int | None]:
    """What the main process says.

    Clocks differ, and a process that stops alone leaves the others waiting for ever.
    """
    import torch.distributed

    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return said
    word = [said]
    torch.distributed.broadcast_object_list(word, src=0)
    return word[0]
