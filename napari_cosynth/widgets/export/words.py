"""What the export panel says: plans, progress, results and errors as sentences. Knows no Qt."""

from __future__ import annotations

from collections import Counter

from pydantic import ValidationError

from napari_cosynth.counted import counted
from napari_cosynth.export.dataset import SHEET, Progress
from napari_cosynth.export.exporter import FolderTaken
from napari_cosynth.export.plan import Plan
from napari_cosynth.export.splitting import SPLITS
from napari_cosynth.layout import plain_message
from napari_cosynth.synthesis import is_out_of_memory
from napari_cosynth.widgets.controls.readable import sentence
from napari_cosynth.writing import file_trouble

_STAGES = {"reading": "Looking through tiles", "tiles": "Writing tiles", "finishing": "Finishing"}
_GOES_ON = "What is there is whole; Export goes on where it stopped"
_NOTHING = "No tile was written"


def plan_words(plan: Plan, place: str = "") -> str:
    """What would be written, and where to if that has to be said."""
    n, layouts = len(plan.tiles), len({tile.group for tile in plan.tiles})
    sets = Counter(tile.split for tile in plan.tiles)
    listed = ", ".join(f"{split} {sets[split]}" for split in SPLITS if sets[split])
    where = f". Folder: {place}" if place else ""
    return f"{counted(n, 'tile')} of {counted(layouts, 'layout')}: {listed}{where}"


def progress_words(progress: Progress) -> str:
    """How far it is."""
    words = _STAGES.get(progress.stage, progress.stage)
    return f"{words}: {progress.done} of {progress.total}" if progress.total else words


def done_words(progress: Progress, folder: str) -> str:
    """What was written, after the last progress."""
    lost = len(progress.left_out) - len(progress.plan.left_out)
    return (
        f"Written: {counted(progress.total - lost, 'tile')} as {', '.join(progress.plan.formats)} to {folder}. "
        f"{SHEET} there tells about them"
    )


def stopped_words(written: bool) -> str:
    """What a cancelled export left, by whether tiles of it are there."""
    return f"Stopped. {_GOES_ON}" if written else f"Stopped. {_NOTHING}"


def taken_words(error: FolderTaken) -> tuple[str, str]:
    """The question that a taken folder raises, and the words for yes."""
    if error.former:
        return "This folder holds another export. Its files would be removed; files of others stay.", "Replace it"
    listed = ", ".join(error.others[:3]) + (", ..." if len(error.others) > 3 else "")
    return (
        f"This folder holds other files ({listed}). Files of the same names would be replaced; all others stay.",
        "Write there",
    )


def trouble_words(error: BaseException, written: bool = False) -> str:
    """What went wrong and what to do.

    Parameters
    ----------
    written
        Whether an export left tiles that it will go on from.
    """
    left, again = (_GOES_ON, "Export goes on where it stopped") if written else (_NOTHING, "Then try again")
    if isinstance(error, ValidationError):
        text = plain_message(error)
    elif isinstance(error, OSError):
        text = f"{file_trouble(error)}. {left}"
    elif is_out_of_memory(error):
        text = f"not enough memory: close other programs. {again}"
    elif isinstance(error, ValueError) and str(error):
        text = str(error)
    elif isinstance(error, ImportError):
        text = f"a part of the installation is missing: {error}. Install napari-cosynth again and restart napari"
    else:
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        again = again if written else "Try again"
        text = f"the export failed ({said}). {again}; if it fails again, choose another folder"
    return sentence(text)
