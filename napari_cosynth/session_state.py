"""What a session holds, as fields that undo writes to. It tells nobody and checks no input."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

from napari_cosynth.classes import Taxonomy
from napari_cosynth.layout import Layout
from napari_cosynth.layouts.locked import Locked
from napari_cosynth.run_settings import RunSettings
from napari_cosynth.snapshot import Entry, Snapshot
from napari_cosynth.tile import SyntheticTile

Field = str | tuple[str, str]
"""A field's name: "layout", "prompt", "settings", "locked", or ("tile", key)."""


class SessionState:
    """The values of a session, and what follows from writing one.

    Attributes
    ----------
    entries
        The tiles in the order in which they were made.
    current
        Key of the tile that is shown, or None.
    active_class
        Index into the layout's taxonomy.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        # The tiles in the order of making. A removed one leaves None, so that undo puts it back in its place.
        self._values: dict[Field, Any] = {
            "layout": snapshot.layout,
            "prompt": snapshot.prompt,
            "settings": snapshot.settings,
            "locked": snapshot.locked,
        } | {("tile", entry.key): entry.tile for entry in snapshot.entries}
        self.entries = snapshot.entries
        self.current = snapshot.current
        self.active_class = snapshot.active_class

    @property
    def layout(self) -> Layout:
        """The points of the canvas."""
        return self._values["layout"]

    @property
    def prompt(self) -> str:
        """As it was typed."""
        return self._values["prompt"]

    @property
    def settings(self) -> RunSettings:
        """How tiles are made."""
        return self._values["settings"]

    @property
    def locked(self) -> Locked:
        """The points that stay when others are placed anew."""
        return self._values["locked"]

    def tile(self, key: str) -> SyntheticTile | None:
        """The tile of a key; None if there is none, or no longer."""
        return self._values.get(("tile", key))

    def snapshot(self) -> Snapshot:
        """All of it."""
        return Snapshot(
            layout=self.layout,
            prompt=self.prompt,
            settings=self.settings,
            entries=self.entries,
            current=self.current,
            active_class=self.active_class,
            locked=self.locked,
        )

    def changes(self, values: Mapping[Field, Any]) -> tuple[dict[Field, Any], dict[Field, Any]]:
        """Those of ``values`` that are not what they are now: as they are now, and as they would be."""
        after = {field: value for field, value in values.items() if value != self._values[field]}
        return {field: self._values[field] for field in after}, after

    def write(self, values: Mapping[Field, Any], show: str | None = None) -> None:
        """Set fields; a tile set to None is removed.

        Parameters
        ----------
        show
            Key of the tile to show, or of one whose neighbour is shown if it is
            removed; None leaves the choice as it is.
        """
        taxonomy = self.layout.taxonomy
        self._values |= values
        self.active_class = same_class(self.active_class, taxonomy, self.layout.taxonomy)
        tiles = {field[1]: value for field, value in self._values.items() if isinstance(field, tuple)}
        self.entries = tuple(Entry(key, tile) for key, tile in tiles.items() if tile is not None)
        self.current = _nearest(show or self.current, list(tiles), {entry.key for entry in self.entries})

    def forget(self, keys: Iterable[str]) -> None:
        """Let go of tiles, their places too, so that undo alone may still hold them; the next `write` lists the rest.

        Parameters
        ----------
        keys
            Not that of the shown tile.
        """
        for key in keys:
            self._values.pop(("tile", key), None)


def same_class(class_id: int, taxonomy: Taxonomy, other: Taxonomy) -> int:
    """The class of the same name in another taxonomy; its unspecified one if it has none."""
    name = taxonomy[class_id].name
    return other.names.index(name) if name in other.names else other.unspecified


def _nearest(key: str | None, keys: Sequence[str], there: Set[str]) -> str | None:
    """``key`` if it is there, else the first one after it that is, else the last one before it."""
    if key is None:
        return None
    at = keys.index(key)
    return next((k for k in (*keys[at:], *reversed(keys[:at])) if k in there), None)
