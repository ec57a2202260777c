"""What a batch's own process runs: `python -m napari_cosynth.batch.apart_main`, started by `apart`.

A line of JSON on its standard input says what to do; further ones say "hold" and
"go". Its end, by whatever end the other process takes, ends the batch too.
Messages go out as pickled pairs of a kind and a value.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import threading
import traceback
from dataclasses import replace
from typing import Any, BinaryIO

from napari_cosynth.batch.control import Control
from napari_cosynth.batch.local import Wishes
from napari_cosynth.batch.making import Stopped
from napari_cosynth.batch.plan import read_plan
from napari_cosynth.batch.run import Options, run_batch
from napari_cosynth.export.dataset import Progress
from napari_cosynth.synthesis import SynthesisError, is_out_of_memory
from napari_cosynth.writing import file_trouble

NICENESS = 5
"""Whatever the user does in napari goes first."""


def main() -> None:
    """Carry out what standard input says."""
    events = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not get between the messages
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    # Unbuffered: the lock of a buffer that a thread waits at would be in the way when Python ends.
    wishes = io.FileIO(0, closefd=False)
    asked, control = json.loads(wishes.readline()), Control()
    threading.Thread(target=_listen, args=(wishes, control), daemon=True).start()
    try:
        _carry_out(asked, control, events)
        _send(events, "ended")
    except Stopped:
        _send(events, "ended")
    except Exception as error:
        traceback.print_exc()
        _send(events, "fault", _reason(error))


def _carry_out(asked: dict[str, Any], control: Control, events: BinaryIO) -> None:
    options = Options(Wishes(**asked["wishes"]), dry_run=asked["only_measure"])
    running = run_batch(read_plan(asked["plan"]), asked["out"], options, control)
    try:
        for event in running:
            if isinstance(event, Progress):
                event = replace(event, plan=None, left_out=())  # may name thousands of files
            _send(events, "event", event)
    finally:
        running.close()


def _listen(wishes: io.FileIO, control: Control) -> None:
    for line in wishes:
        match line.strip():
            case b"hold":
                control.hold()
            case b"go":
                control.go()
    control.stop()


def _send(events: BinaryIO, kind: str, value: Any = None) -> None:
    events.write(pickle.dumps((kind, value)))
    events.flush()


def _reason(error: Exception) -> str:
    if is_out_of_memory(error):
        return "not enough memory; close other programs"
    if isinstance(error, OSError):
        return file_trouble(error)
    if isinstance(error, SynthesisError | ValueError) and str(error):
        return str(error)
    return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    main()
