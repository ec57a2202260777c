"""Our layers among those of the viewer: made where they belong, known by identity, never by name.

What users set on a layer (visible, opacity, blending, outline) outlives the
layer: one that was deleted by hand comes back as it looked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from napari.components import ViewerModel
from napari.layers import Layer

from napari_cosynth.layer_data import METADATA

# From below to above. The nuclei come before the misses: the first points layer is the layout.
# The area is there only while areas are drawn.
ORDER = ("border", "tile", "semantic", "instances", "area", "nuclei", "misses")
_LOOK = ("visible", "opacity", "blending", "contour")


class OwnLayers:
    """The layers that belong to us, by role; each role is also the layer's name.

    Parameters
    ----------
    viewer
        Its other layers are left alone.
    made
        Is called with the role and each layer that was made.
    """

    def __init__(self, viewer: ViewerModel, made: Callable[[str, Layer], None]) -> None:
        self._viewer = viewer
        self._made = made
        self._layers: dict[str, Layer] = {}
        self._looks: dict[str, dict[str, Any]] = {}
        viewer.layers.events.removed.connect(self._on_removed)

    def get(self, role: str) -> Layer | None:
        """The layer, if it is there."""
        return self._layers.get(role)

    def __iter__(self) -> Iterator[tuple[str, Layer]]:
        """Role and layer of those that are there."""
        return iter(list(self._layers.items()))

    def put(self, role: str, make: Callable[[], Layer]) -> Layer:
        """The layer; made and inserted in its place if it is not there.

        The user's selection of layers stays what it is.
        """
        if role in self._layers:
            return self._layers[role]
        layer = make()
        layer.name = role
        layer.metadata[METADATA] = {"role": role}
        for name, value in self._looks.get(role, {}).items():
            setattr(layer, name, value)
        layers = self._viewer.layers
        selected = set(layers.selection)
        self._layers[role] = layer
        layers.insert(self._place(role), layer)
        layers.selection = selected
        self._made(role, layer)
        return layer

    def remove(self, role: str) -> None:
        """Take a layer away, if it is there."""
        layer = self._layers.get(role)
        if layer is not None:
            self._viewer.layers.remove(layer)

    def close(self) -> None:
        """Take all away and let go of the viewer."""
        for role in list(self._layers):
            self.remove(role)
        self._viewer.layers.events.removed.disconnect(self._on_removed)

    def _place(self, role: str) -> int:
        """Index before the next of our layers above, else after the next below, else on top."""
        layers, rank = self._viewer.layers, ORDER.index(role)
        above = [layers.index(own) for name, own in self._layers.items() if ORDER.index(name) > rank]
        if above:
            return min(above)
        below = [layers.index(own) for name, own in self._layers.items() if ORDER.index(name) < rank]
        return max(below) + 1 if below else len(layers)

    def _on_removed(self, event: Any) -> None:
        for role, layer in list(self._layers.items()):
            if layer is event.value:
                self._looks[role] = {name: getattr(layer, name) for name in _LOOK if hasattr(layer, name)}
                del self._layers[role]
