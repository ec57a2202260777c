"""The tool that draws an area with the mouse: where nuclei shall come is seen while it is drawn.

It borrows the mouse of the nuclei layer, so that class letters and undo go on
working. It knows paths and maps of weights, not what is done with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Points
from napari.utils.colormaps import Colormap
from qtpy.QtCore import QTimer

from napari_cosynth.widgets.layers.nuclei import NucleiLayer
from napari_cosynth.widgets.layers.own import OwnLayers

ROLE = "area"
_LEAST_PX = 1.5
"""Between two places of a path: nearer ones say nothing new."""
_BLUE = (0.16, 0.56, 0.83)

AreaOf = Callable[[np.ndarray], np.ndarray]
"""Float (H, W) in 0..1 of a path (M, 2): row, col in px."""


class AreaTool:
    """Takes the mouse from `begin` until `end`, or until the user takes another tool or layer.

    Parameters
    ----------
    drawn
        Is called with the area (H, W) when the button is let go.
    ended
        Is called when the tool has ended.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        own: OwnLayers,
        nuclei: NucleiLayer,
        drawn: Callable[[np.ndarray], None],
        ended: Callable[[], None],
    ) -> None:
        self._viewer = viewer
        self._own = own
        self._nuclei = nuclei
        self._drawn = drawn
        self._ended = ended
        self._area_of: AreaOf | None = None
        self._layer: Points | None = None
        self._before = "add"

    @property
    def active(self) -> bool:
        """Whether the mouse draws areas."""
        return self._layer is not None

    def begin(self, area_of: AreaOf) -> None:
        """Let the mouse draw areas; if it does so already, of another kind."""
        self._area_of = area_of
        if self.active:
            return
        layer = self._nuclei.show()
        self._own.put(ROLE, _make)
        self._viewer.layers.selection.active = layer
        self._before = layer.mode
        # The next class letter is meant for the next area.
        layer.selected_data = set()
        layer.mode = "pan_zoom"
        layer.mouse_pan = False
        layer.cursor = "cross"
        layer.mouse_drag_callbacks.append(self._draw)
        self._layer = layer
        layer.events.mode.connect(self._on_mode)
        self._viewer.layers.selection.events.active.connect(self._on_active)

    def end(self) -> None:
        """Give the mouse back to the tool that had it."""
        layer = self._let_go()
        if layer is not None:
            layer.mode = self._before
            self._tell_ended()

    def close(self) -> None:
        """Let go of the viewer, which takes our layers away."""
        self._let_go()

    def clear(self) -> None:
        """Take the drawn area off the canvas."""
        layer = self._own.get(ROLE)
        if layer is not None:
            layer.data = np.zeros(layer.data.shape, np.float32)

    def _let_go(self) -> Points | None:
        layer, self._layer = self._layer, None
        if layer is not None:
            layer.events.mode.disconnect(self._on_mode)
            self._viewer.layers.selection.events.active.disconnect(self._on_active)
            layer.mouse_drag_callbacks.remove(self._draw)
            layer.mouse_pan = layer.mode == "pan_zoom"
            layer.cursor = layer._cursor_modes[layer._mode]
        return layer

    def _tell_ended(self) -> None:
        # Later: napari may be in the middle of removing a layer by its number.
        QTimer.singleShot(0, self._take_off)
        self._ended()

    def _take_off(self) -> None:
        if not self.active:
            self._own.remove(ROLE)

    def _on_mode(self, _event: Any) -> None:
        # Another tool was taken: it stays.
        self._let_go()
        self._tell_ended()

    def _on_active(self, _event: Any) -> None:
        # Equal, not the same: a plugin's viewer hands out napari's objects wrapped.
        if self._viewer.layers.selection.active != self._layer:
            self.end()

    def _draw(self, _layer: Points, event: Any) -> Iterator[None]:
        if event.button != 1:
            return
        path = [_place(event)]
        area = self._show(path)
        yield
        while event.type == "mouse_move" and self.active:
            place = _place(event)
            if np.hypot(*(place - path[-1])) >= _LEAST_PX:
                path.append(place)
                area = self._show(path)
            yield
        if event.type == "mouse_release" and self.active:
            self._drawn(area)

    def _show(self, path: list[np.ndarray]) -> np.ndarray:
        area = self._area_of(np.array(path))
        self._own.put(ROLE, _make).data = area.astype(np.float32)
        return area


def _place(event: Any) -> np.ndarray:
    return np.array(event.position[-2:], float)


def _make() -> Image:
    colors = Colormap([(*_BLUE, 0.0), (*_BLUE, 0.55)], name="area")
    # One pixel until something is drawn.
    return Image(np.zeros((1, 1), np.float32), colormap=colors, contrast_limits=(0, 1), blending="translucent")
