"""What a session holds, to be read: nothing here changes it."""

from __future__ import annotations

from napari_cosynth.history import History
from napari_cosynth.layout import Layout
from napari_cosynth.layouts.locked import Locked
from napari_cosynth.request import Order
from napari_cosynth.run_settings import RunSettings
from napari_cosynth.session_signals import SessionSignals
from napari_cosynth.session_state import SessionState
from napari_cosynth.snapshot import Entry, Snapshot


class SessionValues(SessionSignals):
    """Layout, prompt, settings and tiles of a session, and what follows from them.

    Parameters
    ----------
    history
        What can be undone and redone.
    state
        The values.
    """

    def __init__(self, history: History, state: SessionState) -> None:
        self._history = history
        self._state = state

    @property
    def layout(self) -> Layout:
        """The points of the canvas."""
        return self._state.layout

    @property
    def prompt(self) -> str:
        """As it was typed."""
        return self._state.prompt

    @property
    def settings(self) -> RunSettings:
        """How tiles are made."""
        return self._state.settings

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The tiles in the order in which they were made."""
        return self._state.entries

    @property
    def current(self) -> Entry | None:
        """The tile that is shown."""
        key = self._state.current
        return None if key is None else self.entry(key)

    @property
    def active_class(self) -> int:
        """Class of the next point or nucleus: index into the layout's taxonomy."""
        return self._state.active_class

    @property
    def locked(self) -> Locked:
        """The points that stay when others are placed anew; they follow theirs through every change of the layout."""
        return self._state.locked

    @property
    def can_undo(self) -> bool:
        """True if `undo` does something."""
        return bool(self._history.undo_name)

    @property
    def can_redo(self) -> bool:
        """True if `redo` does something."""
        return bool(self._history.redo_name)

    @property
    def undo_name(self) -> str:
        """What `undo` takes back, such as "Add nucleus"; empty if nothing."""
        return self._history.undo_name

    @property
    def redo_name(self) -> str:
        """What `redo` brings back; empty if nothing."""
        return self._history.redo_name

    def entry(self, key: str) -> Entry:
        """The tile of a key; as all methods that take a key, it raises ``KeyError`` if there is none, or no longer."""
        tile = self._state.tile(key)
        if tile is None:
            raise KeyError(f"no tile has the key {key!r}; it may have been removed")
        return Entry(key, tile)

    def orders(self, draft: bool = False) -> tuple[Order, ...]:
        """What Generate makes: one order for each variant; a draft is one, with the same seed."""
        settings = self.settings.draft if draft else self.settings
        return tuple(
            Order(
                layout=self.layout,
                prompt=self.prompt,
                seed=seed,
                **settings.preset._asdict(),
                model=settings.model,
                device=settings.device,
                preview=settings.preview,
            )
            for seed in settings.seeds
        )

    def snapshot(self) -> Snapshot:
        """Everything that a project or autosave keeps; undo is not among it."""
        return self._state.snapshot()
