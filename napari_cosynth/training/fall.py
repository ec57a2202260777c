"""A fall of the learning rate that ends with the time of a run.

The loop counts steps, so that a resumed run repeats itself; whoever sets the
clock does not know how many steps the time will hold. That is measured on the way.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class FallByClock:
    """Says when the learning rate has to begin to fall, and over how many steps.

    Parameters
    ----------
    run_s
        Seconds of the whole run.
    fall_s
        Seconds of the fall at its end.
    """

    run_s: float
    fall_s: float
    _mark: tuple[float, int] | None = field(default=None, init=False)

    def steps_due(self, elapsed_s: float, steps: int) -> int | None:
        """How many steps the fall lasts, once it is time for it; None before.

        Speed is that of the second half of the time before the fall: the first steps
        wait for a network to be compiled and for the processes that make crops.

        Parameters
        ----------
        elapsed_s
            Since the run was started.
        steps
            Finished since then.
        """
        plateau_s = self.run_s - self.fall_s
        if elapsed_s < plateau_s:
            if self._mark is None and elapsed_s >= plateau_s / 2:
                self._mark = elapsed_s, steps
            return None
        seconds, done = self._mark or (0.0, 0)
        a_step_s = (elapsed_s - seconds) / max(1, steps - done)
        return max(1, round((self.run_s - elapsed_s) / max(a_step_s, 1e-9)))
