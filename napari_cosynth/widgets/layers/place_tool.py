"""The tool that places nuclei: napari's own "add points", which also takes hold of a nucleus that is there.

So clicking and dragging work without changing tools; napari's select tool stays what it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from napari.layers import Points


def use_place_tool(layer: Points) -> None:
    """Let the layer's add mode select and drag nuclei that lie under the mouse."""
    mode = type(layer._mode)
    add, select = layer._drag_modes[mode.ADD], layer._drag_modes[mode.SELECT]

    def place(layer: Points, event: Any) -> Iterator[None]:
        over = layer.get_value(
            event.position, view_direction=event.view_direction, dims_displayed=event.dims_displayed, world=True
        )
        if over is None:
            yield from add(layer, event)
            return
        # Else napari moves the picture along with the nucleus.
        layer.mouse_pan = False
        try:
            yield from select(layer, event)
        finally:
            layer.mouse_pan = True

    # napari looks up here what a mode does with the mouse; its class attribute stays for the layers of others.
    layer._drag_modes = {**layer._drag_modes, mode.ADD: place}
