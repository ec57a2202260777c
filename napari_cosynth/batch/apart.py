"""A batch in a process of its own, so that it disturbs nobody: neither torch's threads nor a lack of memory do.

Imports nothing heavy before events come.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari_cosynth
from napari_cosynth.events import SynthesisError

if TYPE_CHECKING:
    from napari_cosynth.batch.run import Event

PATIENCE = 120.0
"""Seconds that the process gets to end its step before it is ended; nobody waits for it meanwhile."""


class BatchError(SynthesisError):
    """What ended a batch; finished tiles stay, and the same plan and folder go on."""


class BatchProcess:
    """One run of a plan; `hold`, `go` and `stop` may be called from any thread, at any time, and never wait.

    Parameters
    ----------
    plan
        File of the plan.
    out
        As `run_batch` takes it.
    only_measure
        End when it is known how long it will take, with nothing written.
    wishes
        Fields of `local.Wishes`.
    """

    def __init__(self, plan: Path, out: str, *, only_measure: bool = False, **wishes: Any) -> None:
        self._asked = {"plan": str(plan), "out": out, "only_measure": only_measure, "wishes": wishes}
        self._process: subprocess.Popen | None = None
        self._held = self._stopped = False
        self._lock = threading.Lock()

    def events(self) -> Iterator[Event]:
        """Start the process and hand on what `run_batch` yields there; without `Done` at the end if it was stopped.

        Closing the generator stops the batch and waits for the process.

        Raises
        ------
        BatchError
            Whatever ended it.
        """
        with self._lock:
            if self._stopped:
                return
            self._process = _started()
            self._say(json.dumps(self._asked))
            if self._held:
                self._say("hold")
        try:
            yield from self._told(self._process)
        finally:
            self.stop()
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process.stdout.close()

    def hold(self) -> None:
        """Let it wait after the step in hand, with the model loaded."""
        self._wish(True)

    def go(self) -> None:
        """Let it go on."""
        self._wish(False)

    def stop(self) -> None:
        """Let it end after the step in hand; by force if that takes too long."""
        with self._lock:
            if self._stopped:
                return
            self._stopped = True
            if self._process is not None:
                with suppress(OSError):
                    self._process.stdin.close()
                timer = threading.Timer(PATIENCE, self._process.kill)
                timer.daemon = True
                timer.start()

    def _told(self, process: subprocess.Popen) -> Iterator[Event]:
        while True:
            try:
                kind, value = pickle.load(process.stdout)
            except (EOFError, pickle.UnpicklingError):
                if self._stopped:
                    return
                raise BatchError(
                    f"the batch's process ended by itself (exit code {process.wait()}); perhaps memory ran out: close "
                    "other programs"
                ) from None
            if kind == "ended":
                return
            if kind == "fault":
                raise BatchError(value)
            yield value

    def _wish(self, held: bool) -> None:
        with self._lock:
            self._held = held
            if self._process is not None and not self._stopped:
                self._say("hold" if held else "go")

    def _say(self, line: str) -> None:
        with suppress(OSError):  # it died: reading from it says so
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()


def _started() -> subprocess.Popen:
    # With the same modules as here, from wherever they were imported.
    places = [str(Path(napari_cosynth.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, places))}
    flags = {"creationflags": subprocess.BELOW_NORMAL_PRIORITY_CLASS} if sys.platform == "win32" else {}
    command = [sys.executable, "-P", "-m", "napari_cosynth.batch.apart_main"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, **flags)
