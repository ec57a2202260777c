"""What the queue panel says: plans, progress, results and faults as sentences. Knows no Qt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_cosynth.counted import counted
from napari_cosynth.duration import duration
from napari_cosynth.events import SynthesisError
from napari_cosynth.widgets.controls.readable import sentence
from napari_cosynth.widgets.queue.state import QueueState
from napari_cosynth.writing import file_trouble

if TYPE_CHECKING:
    from napari_cosynth.batch.outlook import Outlook

_STAGES = {"reading": "Looking through the tiles", "tiles": "Writing the data set", "finishing": "Finishing"}
GOES_ON = "Start goes on where it ended"


def outlook_words(outlook: Outlook) -> str:
    """What a plan comes to, before it starts."""
    text = f"{counted(outlook.layouts, 'layout')}, {counted(outlook.tiles, 'tile')}"
    if outlook.groups > 1:
        text = f"{outlook.groups} groups, {text}"
    if not outlook.there:
        return text
    if not outlook.left:
        return f"{text}: all of them are in the folder"
    return f"{text}: {outlook.there:,} are in the folder, {outlook.left:,} are to be made"


def state_words(state: QueueState | None, *, held: bool = False, shown: bool = True) -> str:
    """How far it is; whether it is held, and whether its tiles come into the gallery."""
    if state is None or state.total is None:
        text = "Getting ready"
    elif state.stage:
        text = _STAGES.get(state.stage, "Finishing")
        if state.stage_total:
            text += f": {state.stage_done:,} of {state.stage_total:,}"
    elif state.ready is None:
        text = "Loading the model and measuring how long a tile takes" if state.left else "Looking through the tiles"
    else:
        parts = [f"{state.done:,} of {counted(state.total.left, 'tile')}"]
        if state.rate:
            parts.append(rate_words(state.rate))
        if state.seconds_left is not None:
            parts.append(f"about {duration(max(1, round(state.seconds_left)))} left")
        text = ", ".join(parts)
    text += ". Waits while your own tile is made" if held else ""
    return text if shown else f"{text}. Its tiles go to the folder alone: the session is another one now"


def measured_words(state: QueueState) -> str:
    """What a plan comes to, after a tile was measured."""
    if state.ready is None:
        return "All tiles of the plan are in the folder"
    prepared = state.ready.prepared
    parts = [f"{counted(state.total.left, 'tile')} to be made"]
    if prepared.seconds is not None:
        parts.append(f"about {duration(prepared.seconds)}")
    if prepared.tile_seconds is not None:
        parts.append(f"one tile takes {duration(prepared.tile_seconds)}")
    return f"{', '.join(parts)}; {prepared.setup}{_notes(state)}"


def paused_words(state: QueueState | None) -> str:
    """What a pause leaves."""
    if state is None or state.ready is None:
        return "Paused before the first tile"
    return f"Paused after {state.done:,} of {counted(state.total.left, 'tile')}. What is finished is in the folder"


def stopped_words(state: QueueState | None) -> str:
    """What a stop leaves."""
    if state is None or not state.done:
        return "Stopped before the first tile"
    return f"Stopped after {state.done:,} of {counted(state.total.left, 'tile')}. {GOES_ON}"


def done_words(state: QueueState, out: str) -> str:
    """What came of it."""
    if state.ready is None:
        text = f"All {counted(state.total.tiles, 'tile')} are in {out}"
    else:
        made = state.done - len(state.failed)
        text = f"{counted(made, 'tile')} made"
        if state.seconds >= 1:
            text += f" in {duration(state.seconds)}"
        if state.rejected:
            text += f", {state.rejected:,} of them below the plan's gate and rejected"
        if state.failed:
            text += f"; {counted(len(state.failed), 'tile')} failed, Start tries again"
        text += f". They are in {out}"
    if state.finish.dataset_fault:
        text += f". There is no data set: {state.finish.dataset_fault}"
    return text + _notes(state)


def fault_words(error: BaseException, plan: str) -> str:
    """What is wrong with a plan or a folder, line by line.

    Of the plan's path, which stands in its field already, at most the name is said: where the file is none at all.
    """
    from napari_cosynth.batch.plan import NoPlanError

    if isinstance(error, OSError):
        return sentence(file_trouble(error))
    if isinstance(error, NoPlanError):
        # The name as it is: a sentence would give it a capital.
        return f"{Path(plan).name} {str(error).removeprefix(f'{plan}: ')}."
    if isinstance(error, ValueError) and str(error):
        return "\n".join(sentence(line.removeprefix(f"{plan}: ")) for line in str(error).splitlines())
    return sentence(f"the plan could not be looked at ({type(error).__name__}: {error})")


def trouble_words(error: BaseException, plan: str) -> str:
    """What ended a batch, and that it can go on."""
    text = str(error) if isinstance(error, SynthesisError | ValueError) else ""
    text = text or f"{type(error).__name__}: {error}"
    lines = [sentence(line.removeprefix(f"{plan}: ")) for line in text.splitlines()]
    return "\n".join([*lines, f"{GOES_ON}."])


def rate_words(rate: float) -> str:
    """Such as "2.5 tiles a second", "40 tiles an hour": a number that can be imagined."""
    if rate >= 1:
        return f"{rate:.1f} tiles a second"
    return f"{rate * 60:.1f} tiles a minute" if rate * 60 >= 1 else f"{rate * 3600:.0f} tiles an hour"


def _notes(state: QueueState) -> str:
    notes = [*(state.total.notes if state.total else ()), *(state.ready.notes if state.ready else ())]
    return "".join(f". {note[:1].upper()}{note[1:]}" for note in notes)
