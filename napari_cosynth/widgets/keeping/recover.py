"""Recover: a session goes on where the last one ended, and one that crashed is offered.

It decides which folder the session is written to. Nothing modal: a crashed
session waits in the message bar until somebody decides.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from pathlib import Path

from qtpy.QtCore import QObject, Signal

from napari_cosynth.project import Opened, ProjectError
from napari_cosynth.recovery import Autosave, discard, found, load
from napari_cosynth.session import Session
from napari_cosynth.snapshot import Snapshot
from napari_cosynth.widgets.controls.messages import Action, MessageBar
from napari_cosynth.widgets.keeping.autosave import AutosaveTimer
from napari_cosynth.widgets.keeping.contents import is_empty
from napari_cosynth.widgets.work.background import Background

PATIENCE_S = 0.3
"""How long opening the dock waits for the last session; a larger one appears a moment later."""

_TOPIC = "recovery"
_log = logging.getLogger(__name__)


class Recover(QObject):
    """Brings back sessions and keeps the present one safe.

    Parameters
    ----------
    fresh
        True for a session that is to begin as the last one that was closed.
    """

    leaving = Signal()
    """The session is about to be replaced; what it has not yet heard of must come to it now."""
    restored = Signal()
    """The session holds now what was brought back, or what took its place."""

    def __init__(
        self,
        session: Session,
        messages: MessageBar,
        background: Background,
        *,
        fresh: bool,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._messages = messages
        self._background = background
        self._fresh = fresh
        self._untouched: Snapshot | None = None
        self._autosave: AutosaveTimer | None = None

    def begin(self) -> None:
        """Go on with the last session, offer the one that crashed, and write from now on."""
        before = found()
        self._offer(list(before.crashed))
        if not self._fresh or before.closed is None:
            self._write_to(None)
            return
        self._untouched = self._session.snapshot()
        folder = before.closed
        future = self._background.run(lambda: load(folder), lambda opened: self._go_on(opened, folder), self._not_read)
        with suppress(NotYet, ProjectError):
            self._go_on(future.result(PATIENCE_S), folder)

    def replace(self, snapshot: Snapshot) -> None:
        """Begin with another snapshot, in a folder of its own; `bring_back` returns to what was there."""
        self._leave()
        self._write_to(None)
        self._session.restore(snapshot)
        self.restored.emit()

    def bring_back(self) -> None:
        """Go on with the session before, which changes places with the present one."""
        folder = found().closed
        if folder is None:
            self._messages.tell("There is no session before this one", topic=_TOPIC, kind="advice")
        else:
            self._messages.clear(_TOPIC)
            self._restore(folder)

    def close(self) -> None:
        """Write the session for the last time, as one that ended in good order."""
        if self._autosave is not None:
            self._autosave.close()
            self._autosave = None

    def _go_on(self, opened: Opened, folder: Path) -> None:
        if self._untouched is None:  # it came in time, and comes a second time, or nobody waits for it any more
            return
        untouched, self._untouched = self._untouched, None
        if self._session.snapshot() == untouched:
            self._take(opened, folder)
            return
        # The user was quicker than the disk: nothing of theirs is replaced unasked.
        self._write_to(None)
        self._messages.tell(
            "Your last session is ready. It takes the place of what you have begun.",
            topic=_TOPIC,
            kind="advice",
            actions=[Action("Open it", lambda: self._replace(opened, folder))],
        )

    def _not_read(self, error: Exception) -> None:
        if self._untouched is None:  # nobody waits for it any more
            return
        self._untouched = None
        self._write_to(None)
        self._messages.tell(f"The last session could not be brought back: {error}", topic=_TOPIC)

    def _offer(self, crashed: list[Path]) -> None:
        if not crashed:
            return
        folder, *older = crashed
        self._messages.tell(
            f"CoSynth was not closed properly{_when(folder)}. What you had then can be brought back.",
            topic="crashed",
            kind="advice",
            actions=[
                Action("Restore", lambda: self._restore(folder)),
                Action("Discard", lambda: self._discard(folder, older)),
            ],
        )

    def _restore(self, folder: Path) -> None:
        self._background.run(lambda: load(folder), lambda opened: self._replace(opened, folder), self._not_restored)

    def _not_restored(self, error: Exception) -> None:
        self._messages.tell(f"That session could not be brought back: {error}", topic=_TOPIC)

    def _discard(self, folder: Path, older: list[Path]) -> None:
        self._background.run(lambda: discard(folder), lambda _nothing: self._offer(older), self._not_restored)

    def _replace(self, opened: Opened, folder: Path) -> None:
        self._leave()
        self._take(opened, folder)

    def _leave(self) -> None:
        """Keep what is about to be replaced as a session that was closed, unless it is empty."""
        self.leaving.emit()
        self._untouched = None
        empty, left = is_empty(self._session.snapshot()), self._autosave
        self.close()
        if empty and left is not None:
            with suppress(ProjectError):
                discard(left.folder)

    def _take(self, opened: Opened, folder: Path) -> None:
        self._session.restore(opened.snapshot)
        self._write_to(folder)
        self.restored.emit()
        if opened.lost:
            self._messages.tell(f"Brought back, but not all of it: {'; '.join(opened.lost)}", topic=_TOPIC)

    def _write_to(self, folder: Path | None) -> None:
        """Write to a folder from now on, or to a new one if that is taken."""
        try:
            store = Autosave(folder)
        except ProjectError as error:
            if folder is not None:
                self._write_to(None)
                return
            self._on_failed(f"The session cannot be saved for recovery: {error}. Save your project now and then")
            return
        self._autosave = AutosaveTimer(self._session, store, self)
        self._autosave.failed.connect(self._on_failed)

    def _on_failed(self, text: str) -> None:
        _log.warning(text)
        self._messages.tell(text, topic="autosave")


def _when(folder: Path) -> str:
    """Such as " on 25 November at 14:02"."""
    try:
        moment = time.localtime(folder.stat().st_mtime)
    except OSError:
        return ""
    return time.strftime(f" on {moment.tm_mday} %B at %H:%M", moment)
