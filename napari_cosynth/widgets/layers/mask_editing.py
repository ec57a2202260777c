"""Masks corrected with napari's own label tools: noticed, waited for, and brought to the session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from napari.layers import Labels
from qtpy.QtCore import QTimer

from napari_cosynth.session import Session
from napari_cosynth.widgets.layers.pieces import labels_in_pieces

PAUSE_MS = 350
"""Quiet time after the last stroke; strokes that follow faster are one step of undo."""

_NAMED = 3
"""Of nuclei in pieces: a message is no list."""


class MaskEditing:
    """Watches one labels layer that shows a tile's instances.

    Parameters
    ----------
    say
        Takes a sentence for the user.
    refused
        Is called when masks could not be taken, to show the tile's own again.
    """

    def __init__(self, session: Session, say: Callable[[str], None], refused: Callable[[], None]) -> None:
        self._session = session
        self._say = say
        self._refused = refused
        self._layer: Labels | None = None
        self._key: str | None = None
        self._pressed = False
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE_MS)
        self._timer.timeout.connect(self._quiet)

    def watch(self, layer: Labels | None, key: str | None) -> None:
        """From now on the layer shows the masks of the tile ``key``; strokes not yet taken are forgotten."""
        self._timer.stop()
        self._key = key
        if layer is self._layer:
            return
        self._let_go()
        self._layer = layer
        if layer is not None:
            layer.mouse_drag_callbacks.append(self._on_mouse)
            for name in ("paint", "labels_update", "set_data", "data"):
                layer.events[name].connect(self._on_change)

    def flush(self) -> None:
        """Take strokes now, without waiting."""
        if self._timer.isActive():
            self._timer.stop()
            self._take()

    def close(self) -> None:
        """Stop for good."""
        self.watch(None, None)

    def _let_go(self) -> None:
        if self._layer is None:
            return
        if self._on_mouse in self._layer.mouse_drag_callbacks:
            self._layer.mouse_drag_callbacks.remove(self._on_mouse)
        for name in ("paint", "labels_update", "set_data", "data"):
            self._layer.events[name].disconnect(self._on_change)
        self._layer = None

    def _on_mouse(self, _layer: Labels, event: Any) -> Iterator[None]:
        self._pressed = True
        yield
        while event.type == "mouse_move":
            yield
        self._pressed = False

    def _on_change(self, _event: Any) -> None:
        if self._key is not None:
            self._timer.start()

    def _quiet(self) -> None:
        if self._pressed:
            self._timer.start()
        else:
            self._take()

    def _take(self) -> None:
        if self._layer is None or self._key is None:
            return
        shown = {entry.key: entry.tile for entry in self._session.entries}.get(self._key)
        masks = np.asarray(self._layer.data)
        if shown is None or np.array_equal(masks, shown.instances):
            return
        try:
            self._session.edit_labels(self._key, masks.copy())
        except ValueError as error:
            self._say(f"The masks were not changed: {error}")
            self._refused()
            return
        self._say_pieces(labels_in_pieces(shown.instances, masks))

    def _say_pieces(self, pieces: dict[int, int]) -> None:
        if pieces:
            what = ", ".join(f"nucleus {label} in {n} pieces" for label, n in list(pieces.items())[:_NAMED])
            more = f" and {len(pieces) - _NAMED} more" if len(pieces) > _NAMED else ""
            self._say(
                f"This left {what}{more}. Is a piece a nucleus of its own? Take the stroke back with Ctrl+Z, and paint "
                "it with a new label: M gives one"
            )
