"""The progress bar of a training: steps, losses by kind, crops a second, time left."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from napari_cosynth.cli.outcome import console, say

if TYPE_CHECKING:
    from torch import Tensor

    from napari_cosynth.training.loop import Progress as Step

_LINE_EVERY = 100
"""Steps between the lines of a log, where there is no terminal to draw a bar on."""
_DRAW_EVERY_S = 0.25
"""Reading the losses makes a GPU wait, so they are not read at every step."""


class TrainingBar:
    """Shows one finished step after another; losses as running means.

    Parameters
    ----------
    start
        Step that the run begins at.
    last_step
        Step that it ends at, if known.
    seconds
        How long it may take, if known.
    crops_a_step
        Of all processes together.
    shown
        False in the processes that leave talking to the main one.
    """

    def __init__(
        self, start: int, last_step: int | None, seconds: float | None, crops_a_step: int, shown: bool = True
    ) -> None:
        self._start, self._last_step, self._crops_a_step, self._shown = start, last_step, crops_a_step, shown
        self._mean: Tensor | None = None
        self._began = self._drawn = time.monotonic()
        self._bar = Progress(
            TextColumn("step {task.fields[step]}"),
            BarColumn(bar_width=12),
            TextColumn("{task.fields[facts]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not shown,
        )
        total = last_step - start if last_step is not None else seconds
        self._task = self._bar.add_task("training", total=total, step=start, facts="")

    def __enter__(self) -> TrainingBar:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def show(self, step: Step) -> None:
        """Show a finished step."""
        self._mean = step.measured if self._mean is None else self._mean.lerp(step.measured, 0.02)
        now, due = time.monotonic(), step.step % _LINE_EVERY == 0
        if not due and now - self._drawn < _DRAW_EVERY_S:
            return
        self._drawn, elapsed = now, now - self._began
        image, distance, classes, *_ = self._mean.tolist()
        rate = (step.step - self._start) * self._crops_a_step / max(elapsed, 1e-9)
        facts = f"image {image:.4f} distance {distance:.4f} class {classes:.4f}  {rate:.1f} crops/s"
        done = step.step - self._start if self._last_step is not None else elapsed
        self._bar.update(self._task, completed=done, step=step.step, facts=facts)
        if self._shown and not console.is_terminal and due:
            say(f"{step.step} {facts}")
