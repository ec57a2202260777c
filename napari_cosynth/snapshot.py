"""Snapshot: a session at one moment, as projects and autosave write it.

Values only: they know neither how a session changes nor how it is stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from napari_cosynth.layout import Layout
from napari_cosynth.layouts.locked import Locked
from napari_cosynth.run_settings import RunSettings
from napari_cosynth.tile import SyntheticTile


@dataclass(frozen=True)
class Entry:
    """A tile of a session, a card of its gallery.

    Parameters
    ----------
    key
        Names the card for as long as it exists, whatever becomes of its tile; a uuid4's hex digits.
    tile
        As it is now.
    """

    key: str
    tile: SyntheticTile


@dataclass(frozen=True)
class Snapshot:
    """Everything of a session that survives closing.

    Parameters
    ----------
    entries
        The tiles in the order in which they were made.
    current
        Key of the tile that is shown; None if none is.
    active_class
        Index into the layout's taxonomy: the class of the next point.
    locked
        The nuclei that stay when others are placed anew; places without one are left out.

    Raises
    ------
    ValueError
        If two entries share a key, or ``current`` or ``active_class`` name what is not there.
    """

    layout: Layout = field(default_factory=Layout)
    prompt: str = ""
    settings: RunSettings = RunSettings()
    entries: tuple[Entry, ...] = ()
    current: str | None = None
    active_class: int = 0
    locked: Locked = Locked()

    def __post_init__(self) -> None:
        object.__setattr__(self, "entries", tuple(self.entries))
        object.__setattr__(self, "locked", self.locked.of(self.layout))
        keys = [entry.key for entry in self.entries]
        if len(set(keys)) != len(keys):
            twice = next(key for key in keys if keys.count(key) > 1)
            raise ValueError(f"two entries share the key {twice}; each tile needs one of its own")
        if self.current is not None and self.current not in keys:
            raise ValueError(f"the current tile is {self.current}; no entry has that key. Give one of them, or None")
        if not 0 <= self.active_class < len(self.layout.taxonomy):
            raise ValueError(f"the active class is {self.active_class}; 0..{len(self.layout.taxonomy) - 1} is allowed")
