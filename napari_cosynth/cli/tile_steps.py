"""One tile with a progress bar: what `synth` and `synth --from` share."""

from __future__ import annotations

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from napari_cosynth.cli.outcome import console
from napari_cosynth.request import SynthesisRequest
from napari_cosynth.synthesis import Finished, Preview, SynthesisError, run
from napari_cosynth.tile import TOO_CLOSE, SyntheticTile


def step_bar() -> Progress:
    """A bar that counts steps of the sampler; it goes when it is done."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("steps"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def close_sentence(tile: SyntheticTile) -> str:
    """What to add to a tile's line if it may be a copy of training tissue; empty if not."""
    if not tile.too_close:
        return ""
    return f" TOO CLOSE to training tissue (distance {tile.training_distance:.2f}, under {TOO_CLOSE:g}): look at it."


def make_tile(request: SynthesisRequest, bar: Progress, task: TaskID) -> SyntheticTile:
    """Make a request's tile; the bar's task advances by one at each step.

    Raises
    ------
    SynthesisError
        As `synthesis.run` does.
    """
    for event in run(request):
        if isinstance(event, Preview):
            bar.advance(task)
        elif isinstance(event, Finished):
            return event.tile
    raise SynthesisError("the run ended without a tile; please report this")
