"""Session: what the user works on; the only object of the project that changes.

Panels and layers write to it and follow its signals. It knows no window, no
model and no file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import uuid4

import numpy as np

from napari_cosynth.history import Change, History
from napari_cosynth.layout import Layout
from napari_cosynth.layouts.locked import Locked
from napari_cosynth.presets import Preset
from napari_cosynth.relabel import reclassed, relabelled
from napari_cosynth.run_settings import RunSettings
from napari_cosynth.session_state import Field, SessionState, same_class
from napari_cosynth.session_values import SessionValues
from napari_cosynth.snapshot import Snapshot
from napari_cosynth.tile import SyntheticTile, Verdict

_DECIDED = {"accepted": "Accept tile", "rejected": "Reject tile", "undecided": "Take back decision"}


class Session(SessionValues):
    """Layout, prompt, settings and the tiles made so far, with undo.

    Its values are read as `SessionValues` says, its signals are those of `SessionSignals`.

    Parameters
    ----------
    history
        Where changes are remembered; a fresh one if None.
    """

    def __init__(self, history: History | None = None) -> None:
        super().__init__(history or History(), SessionState(Snapshot()))

    def set_layout(self, layout: Layout, name: str) -> None:
        """Change the points or the tile's size; ``name`` as the user reads it behind "Undo"."""
        self.edit(name, layout=layout)

    def lock(self, indices: Iterable[int]) -> None:
        """Keep points where they are when others are placed anew.

        Raises
        ------
        IndexError
            If the layout has no such point.
        """
        self._do("Lock nuclei", {"locked": self.locked.with_points(self.layout, indices)})

    def unlock(self) -> None:
        """Let all points be placed anew."""
        self._do("Unlock nuclei", {"locked": Locked()})

    def set_prompt(self, prompt: str) -> None:
        """Change the prompt; letters typed in one go are one step of undo."""
        self._do("Edit prompt", {"prompt": prompt}, joins=True)

    def set_settings(self, settings: RunSettings) -> None:
        """Change how tiles are made; turns of one knob in one go are one step of undo."""
        self._do(f"Change {settings.difference(self.settings)}", {"settings": settings}, joins=True)

    def edit(
        self,
        name: str,
        *,
        layout: Layout | None = None,
        prompt: str | None = None,
        settings: RunSettings | None = None,
    ) -> None:
        """Change several things as one step of undo; what is None stays."""
        locked = None if layout is None else self.locked.followed(self.layout, layout)
        given = {"layout": layout, "locked": locked, "prompt": prompt, "settings": settings}
        self._do(name, {field: value for field, value in given.items() if value is not None})

    def set_active_class(self, class_id: int) -> None:
        """Choose the class of the next point; not a step of undo.

        Raises
        ------
        ValueError
            If the layout's taxonomy has no such class.
        """
        count = len(self.layout.taxonomy)
        if not 0 <= class_id < count:
            raise ValueError(f"no class has the id {class_id}; 0..{count - 1} is allowed")
        self._announced(lambda: setattr(self._state, "active_class", int(class_id)))

    def draw_seed(self) -> None:
        """A new seed unless it is locked: what follows each Generate; not a step of undo."""
        if not self.settings.seed_locked:
            self._announced(lambda: self._state.write({"settings": self.settings.with_new_seed()}))

    def add_tile(self, tile: SyntheticTile) -> str:
        """Take in a tile that was made and show it; not a step of undo, so nothing made is lost by it.

        Returns
        -------
        The tile's key.
        """
        key = uuid4().hex
        self._announced(lambda: self._state.write({("tile", key): tile}, show=key))
        return key

    def take_in(self, tiles: Sequence[SyntheticTile], instead_of: Collection[str] = ()) -> tuple[str, ...]:
        """Take in tiles that were made elsewhere and show none of them; not a step of undo.

        Parameters
        ----------
        instead_of
            Keys of tiles that make room: they are forgotten, as if they had never
            been taken in. A key without a tile, and that of the shown one, is passed over.

        Returns
        -------
        The keys of the new tiles.
        """
        new = {uuid4().hex: tile for tile in tiles}

        def take() -> None:
            self._state.forget(key for key in instead_of if key != self._state.current)
            self._state.write({("tile", key): tile for key, tile in new.items()})

        self._announced(take)
        return tuple(new)

    def choose(self, key: str | None) -> None:
        """Show another tile, or none; not a step of undo."""
        if key is not None:
            self.entry(key)
        self._announced(lambda: setattr(self._state, "current", key))

    def remove(self, *keys: str) -> None:
        """Take tiles out as one step of undo; if one of them was shown, its neighbour is."""
        for key in keys:
            self.entry(key)
        name = "Remove tile" if len(keys) == 1 else f"Remove {len(keys)} tiles"
        self._do(name, {("tile", key): None for key in keys})

    def decide(self, key: str, verdict: Verdict) -> None:
        """Accept or reject a tile, or leave it open again.

        Raises
        ------
        ValueError
            If there is no such verdict.
        """
        tile = self.entry(key).tile
        if verdict != tile.verdict:
            decided = tile.with_verdict(verdict)
            self._do(_DECIDED[verdict], {("tile", key): decided})

    def edit_labels(self, key: str, instances: np.ndarray) -> None:
        """Correct a tile's masks; nuclei with a new label get the active class.

        Parameters
        ----------
        instances
            Integer (H, W): 0 = background, else label id.

        Raises
        ------
        ValueError
            As `relabelled` does.
        """
        tile = self.entry(key).tile
        new_class = same_class(self.active_class, self.layout.taxonomy, tile.request.layout.taxonomy)
        edited = relabelled(tile, instances, new_class)
        if edited is not tile:
            self._do("Correct masks", {("tile", key): edited})

    def reclass_nucleus(self, key: str, label: int, class_id: int) -> None:
        """Correct the class of one nucleus of a tile.

        Parameters
        ----------
        label
            Label id of the nucleus.
        class_id
            Index into the taxonomy of the tile, which may be another than the layout's.

        Raises
        ------
        ValueError
            As `reclassed` does.
        """
        tile = self.entry(key).tile
        edited = reclassed(tile, label, class_id)
        if edited is not tile:
            self._do("Correct class", {("tile", key): edited})

    def reuse(self, key: str) -> None:
        """Show a tile and go back to its layout, prompt, seed and settings, as one step of undo.

        How many variants, and on which device, stays as it is.
        """
        made = self.entry(key).tile.request
        settings = self.settings.like(Preset(made.steps, made.guidance, made.layout_guidance))
        settings = settings.but(seed=made.seed, model=made.model)
        self.choose(key)
        self.edit("Reuse tile", layout=made.layout, prompt=made.prompt, settings=settings)

    def undo(self) -> None:
        """Take back the last change, if there is one."""
        self._announced(lambda: self._step(self._history.undo(), "before"))

    def redo(self) -> None:
        """Bring back what was undone last, if there is something."""
        self._announced(lambda: self._step(self._history.redo(), "after"))

    def restore(self, snapshot: Snapshot) -> None:
        """Become what a snapshot holds; nothing can be undone then."""

        def take() -> None:
            self._history.clear()
            self._state = SessionState(snapshot)

        self._announced(take)

    def _do(self, name: str, values: Mapping[Field, Any], *, joins: bool = False) -> None:
        """Write values as one step of undo; nothing happens if they are what they were."""
        before, after = self._state.changes(values)

        def do() -> None:
            self._history.add(Change(name, before, after), joins=joins)
            self._state.write(after)

        if after:
            self._announced(do)

    def _step(self, change: Change | None, side: str) -> None:
        """Write one side of a change, and show the tile that it is about."""
        if change is not None:
            tiles = [field[1] for field in change.before if isinstance(field, tuple)]
            self._state.write(getattr(change, side), show=tiles[0] if tiles else None)
