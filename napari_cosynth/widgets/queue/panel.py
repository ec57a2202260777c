"""The queue: a plan's tiles are made in the background and come into the gallery as they are finished."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from qtpy.QtCore import QTimer
from qtpy.QtGui import QDragEnterEvent, QDropEvent, QShowEvent
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_cosynth.session import Session
from napari_cosynth.widgets.controls.fold import Fold
from napari_cosynth.widgets.controls.tooltips import add_tooltips, enable
from napari_cosynth.widgets.queue import words
from napari_cosynth.widgets.queue.arrivals import Arrivals
from napari_cosynth.widgets.queue.places import Places
from napari_cosynth.widgets.queue.plan_form import PlanForm
from napari_cosynth.widgets.queue.progress import QueueProgress
from napari_cosynth.widgets.queue.run import Batch, QueueRun
from napari_cosynth.widgets.queue.state import QueueState
from napari_cosynth.widgets.work.background import Background
from napari_cosynth.widgets.work.job import Job

if TYPE_CHECKING:
    from napari_cosynth.batch.outlook import Outlook

Mode = Literal["idle", "measuring", "running", "pausing", "paused", "stopping"]
_LOOKS_AFTER_MS = 350
_log = logging.getLogger(__name__)


class QueuePanel(QWidget):
    """Chooses a plan and a folder, tells what comes of it, starts, pauses and stops.

    Parameters
    ----------
    session
        Gets the tiles.
    batch
        As `QueueRun` takes it.
    """

    def __init__(
        self,
        session: Session,
        parent: QWidget | None = None,
        *,
        batch: Callable[[Path, str, bool], Batch] | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("queue_panel")
        self.setAcceptDrops(True)
        self._mode: Mode = "idle"
        self._problem = ""
        self._state: QueueState | None = None
        self._background = Background(self)
        self._arrivals = Arrivals(session, parent=self)
        self._run, self._looks = QueueRun(batch, self), Job(self)
        self._places = Places(self._arrivals.most())
        self._form = PlanForm(session, self._background)
        self._new = Fold("New plan from this session", self._form)
        self._shown = QueueProgress()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_LOOKS_AFTER_MS)
        self._arrange()
        self._connect()
        self._choose()

    def setPlan(self, file: str) -> None:
        """Choose a plan's file."""
        self._places.setPlan(file)

    def setFolder(self, folder: str) -> None:
        """Choose where its tiles go."""
        self._places.setFolder(folder)

    def mode(self) -> Mode:
        """What it is doing."""
        return self._mode

    def start(self) -> None:
        """Start or go on with the batch, if it can be."""
        if not self._problem and self._mode in ("idle", "paused"):
            self._begin("running")

    def measure(self) -> None:
        """Find out how long the batch will take, and end."""
        if not self._problem and self._mode == "idle":
            self._begin("measuring")

    def pause(self) -> None:
        """End after the step in hand; `start` goes on."""
        if self._mode == "running":
            self._end_soon("pausing")

    def stop(self) -> None:
        """End after the step in hand, and be ready for another plan."""
        if self._mode == "paused":
            self._over("idle", words.stopped_words(self._state))
        elif self._mode in ("running", "measuring"):
            self._end_soon("stopping")

    def hold(self) -> None:
        """Let the batch wait: the user's own tile is being made."""
        self._run.hold()
        self._tell()

    def go(self) -> None:
        """Let it go on."""
        self._run.go()
        self._tell()

    def leave_session(self) -> None:
        """The session becomes another one: tiles of a batch that runs go to its folder alone from now on."""
        self._arrivals.stop()
        self._tell()

    def close_batch(self, ms: int = 0) -> bool:
        """Stop for good; True if the batch ended within ``ms`` milliseconds. Finished tiles stay in its folder."""
        self._timer.stop()
        self._form.close_session()
        self._arrivals.close()
        self._background.close()
        return all([self._looks.stop_and_wait(ms), self._run.close(ms)])

    def showEvent(self, event: QShowEvent) -> None:
        """A plan may have been written anew meanwhile."""
        super().showEvent(event)
        if self._mode == "idle" and self._state is None:
            self._choose()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take a plan's file."""
        if self._mode == "idle" and _plan_in(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Choose the plan that was dropped."""
        if self._mode == "idle" and (plan := _plan_in(event)):
            self.setPlan(plan)
            event.acceptProposedAction()

    def _choose(self) -> None:
        """What was said of another plan or folder holds no longer."""
        if self._mode != "idle":
            return
        self._looks.drop()
        self._state = None
        self._shown.setFailed(())
        self._problem = self._places.lacking()
        if self._places.plan():
            self._problem = self._problem or "One moment: the plan is being looked at"
            self._timer.start()
        else:
            self._timer.stop()
        self._shown.say("" if self._places.plan() else self._problem)
        self._refresh()

    def _look(self) -> None:
        plan, folder = self._places.plan(), self._places.folder()
        self._looks.drop()
        self._looks.start(lambda: _looking(plan, folder))

    def _on_looked(self, outlook: Outlook) -> None:
        self._problem = self._places.lacking()
        self._shown.say(". ".join(filter(None, (words.outlook_words(outlook), self._problem))))
        self._refresh()

    def _on_look_failed(self, error: BaseException) -> None:
        _log.info("no plan", exc_info=error)
        text = words.fault_words(error, self._places.plan())
        self._problem = text.splitlines()[0]
        self._shown.say(text, problem=True)
        self._refresh()

    def _begin(self, mode: Mode) -> None:
        tiles = Path(self._places.folder()) / "tiles"
        self._timer.stop()
        self._looks.drop()
        self._mode, self._state = mode, None
        self._shown.setFailed(())
        self._arrivals.begin()
        if mode == "running":
            self._arrivals.offer_those_in(tiles)
        self._run.start(
            Path(self._places.plan()),
            self._places.folder(),
            lambda name: self._arrivals.offer(tiles / f"{name}.json"),
            only_measure=mode == "measuring",
        )
        self._tell()
        self._refresh()

    def _end_soon(self, mode: Mode) -> None:
        self._mode = mode
        self._run.stop()
        self._tell()
        self._refresh()

    def _on_told(self, state: QueueState) -> None:
        self._state = state
        self._arrivals.poke()
        self._tell()

    def _tell(self) -> None:
        if self._mode in ("pausing", "stopping"):
            self._shown.say("The step in hand comes to its end")
        elif self._mode in ("running", "measuring"):
            self._shown.say(words.state_words(self._state, held=self._run.held, shown=self._arrivals.taking))
            self._shown.setState(self._state)

    def _on_ended(self, state: QueueState | None) -> None:
        self._state = state
        self._arrivals.poke()
        if state is not None and state.finish is not None:
            self._over("idle", words.done_words(state, self._places.folder()), bool(state.finish.dataset_fault))
        elif self._mode == "pausing":
            self._over("paused", words.paused_words(state))
        elif self._mode == "measuring" and state is not None:
            self._over("idle", words.measured_words(state))
        else:
            self._over("idle", words.stopped_words(state))

    def _on_failed(self, error: BaseException) -> None:
        _log.error("a batch failed", exc_info=error)
        self._state = self._run.newest
        self._arrivals.poke()
        self._over("idle", words.trouble_words(error, self._places.plan()), problem=True)

    def _over(self, mode: Mode, text: str, problem: bool = False) -> None:
        self._mode = mode
        self._shown.say(text, problem=problem)
        self._shown.setFailed(self._state.failed if self._state else ())
        self._refresh()

    def _refresh(self) -> None:
        mode, shown = self._mode, self._shown
        for widget in (self._places, self._new):
            widget.setEnabled(mode == "idle")
        shown.setRunning(mode in ("running", "measuring", "pausing", "stopping"))
        shown.start.setText({"running": "Pause", "pausing": "Pause", "paused": "Resume"}.get(mode, "Start"))
        ending = "The step in hand comes to its end first" if mode in ("pausing", "stopping") else ""
        measuring = "The time is being measured" if mode == "measuring" else ""
        enable(shown.start, ending or measuring or (self._problem if mode == "idle" else ""))
        enable(shown.measure, self._problem if mode == "idle" else "")
        enable(shown.stop, ending)
        shown.measure.setVisible(mode == "idle")
        shown.stop.setVisible(mode != "idle")

    def _toggle(self) -> None:
        if self._mode == "running":
            self.pause()
        else:
            self.start()

    def _connect(self) -> None:
        self._places.changed.connect(self._choose)
        self._places.mostChanged.connect(self._arrivals.setMost)
        self._form.saved.connect(self._on_saved)
        self._timer.timeout.connect(self._look)
        self._looks.done.connect(self._on_looked)
        self._looks.failed.connect(self._on_look_failed)
        self._run.told.connect(self._on_told)
        self._run.ended.connect(self._on_ended)
        self._run.failed.connect(self._on_failed)
        self._shown.start.clicked.connect(self._toggle)
        self._shown.stop.clicked.connect(self.stop)
        self._shown.measure.clicked.connect(self.measure)

    def _on_saved(self, file: str) -> None:
        self._new.setValue(False)
        self.setPlan(file)
        self._choose()

    def _arrange(self) -> None:
        self._new.heading().setObjectName("new_plan")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for widget in (self._places, self._new, self._shown):
            column.addWidget(widget)
        column.addStretch(1)
        add_tooltips(self)


def _looking(plan: str, folder: str) -> Iterator[Outlook]:
    # In the job's thread: it brings half the command line along.
    from napari_cosynth.batch.outlook import outlook

    yield outlook(Path(plan), folder)


def _plan_in(event: QDropEvent) -> str:
    files = [url.toLocalFile() for url in event.mimeData().urls()]
    return next((file for file in files if file.endswith(".toml")), "")
