"""What a session tells, and when: each signal after the whole change."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import fields

from psygnal import Signal

from napari_cosynth.layout import Layout
from napari_cosynth.layouts.locked import Locked
from napari_cosynth.run_settings import RunSettings
from napari_cosynth.snapshot import Snapshot


class SessionSignals(ABC):
    """The signals of a session, to be sent by `_announced` alone.

    Every signal comes after the whole change, so whoever hears one finds all
    properties up to date. When the shown tile is decided or edited its key
    stays, so `entries_changed` comes and `current_changed` does not.
    """

    # Queued: a listener that changes the session lets the others hear the old value first, then the new one.
    layout_changed = Signal(Layout, reemission="queued")
    prompt_changed = Signal(str, reemission="queued")
    settings_changed = Signal(RunSettings, reemission="queued")
    entries_changed = Signal(reemission="queued")
    """A tile was added, removed, decided or edited."""
    current_changed = Signal(object, reemission="queued")
    """With the key of the tile that is shown, or None."""
    active_class_changed = Signal(int, reemission="queued")
    locked_changed = Signal(Locked, reemission="queued")
    history_changed = Signal(reemission="queued")
    """What can be undone or redone, or its name."""
    changed = Signal(reemission="queued")
    """Anything that a snapshot holds."""

    undo_name: str
    redo_name: str

    @abstractmethod
    def snapshot(self) -> Snapshot:
        """Everything whose changes are told."""

    def _announced(self, action: Callable[[], None]) -> None:
        """Act, then tell what is different."""
        was, names = self.snapshot(), (self.undo_name, self.redo_name)
        action()
        now = self.snapshot()
        moved = [field.name for field in fields(Snapshot) if getattr(was, field.name) != getattr(now, field.name)]
        # The stack calls the last one first, and the others even if a listener fails: autosave must hear of it.
        with ExitStack() as telling:
            if moved:
                telling.callback(self.changed.emit)
            if names != (self.undo_name, self.redo_name):
                telling.callback(self.history_changed.emit)
            for name in reversed(moved):
                telling.callback(self._tell, name)

    def _tell(self, name: str) -> None:
        # The value of now: a listener may have gone on since the change.
        value = () if name == "entries" else (getattr(self.snapshot(), name),)
        getattr(self, f"{name}_changed").emit(*value)
