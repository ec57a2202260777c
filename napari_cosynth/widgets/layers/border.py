"""The border layer: where the tile ends, seen on an empty canvas in either theme."""

from __future__ import annotations

import logging

import numpy as np
from napari.components import ViewerModel
from napari.layers import Shapes
from qtpy.QtCore import QTimer

from napari_cosynth.layout import Layout
from napari_cosynth.widgets.layers.own import OwnLayers

ROLE = "border"
_SETTLE_MS = 300
_MARGIN = 0.05
"""Share of the canvas that stays free around the tile, as in napari's own views."""
_log = logging.getLogger(__name__)


class BorderLayer:
    """Shows the tile's edge, and brings the tile into view when its size changes."""

    def __init__(self, viewer: ViewerModel, own: OwnLayers) -> None:
        self._viewer = viewer
        self._own = own
        self._size: tuple[int, int] | None = None
        self._zoom = 0.0
        # The dock makes the canvas narrower a moment after the first fit.
        self._settling = QTimer()
        self._settling.setSingleShot(True)
        self._settling.setInterval(_SETTLE_MS)
        self._settling.timeout.connect(self._fit_again)

    def show(self, layout: Layout) -> None:
        """Show the edge of a layout's tile; the layer is made if need be."""
        size = (layout.height, layout.width)
        if size != self._size and self._viewer.dims.ndisplay == 3:
            # napari takes no other corners for a layer of two dimensions there.
            self._own.remove(ROLE)
        fresh = self._own.get(ROLE) is None
        layer = self._own.put(ROLE, lambda: _make(size))
        if size != self._size and not fresh:
            layer.data = [_corners(size)]
            layer.edge_width = _edge(size)
        layer.editable = False
        if size != self._size:
            if self._size is None:
                self._settling.start()
            self._size = size
            self.fit()

    def fit(self) -> None:
        """Bring the whole tile into view."""
        if self._own.get(ROLE) is not None and self._size is not None:
            try:
                self._look_at(self._size)
            except Exception:  # a view is not worth the layout that is about to be shown
                _log.exception("the tile could not be brought into view")

    def close(self) -> None:
        """Let go of the viewer."""
        self._settling.stop()

    def _look_at(self, size: tuple[int, int]) -> None:
        # napari's own `reset_view` fails on a layer of two dimensions while one with more is open.
        viewer, camera = self._viewer, self._viewer.scene.camera
        if viewer.dims.ndisplay == 3:
            camera.angles = (0, 0, 0)
        camera.center = tuple((side - 1) / 2 for side in size)
        camera.zoom = (1 - _MARGIN) * float(np.min(np.divide(viewer.canvas.viewbox_size(viewer.layers), size)))
        self._zoom = camera.zoom

    def _fit_again(self) -> None:
        # Unless the user has zoomed since.
        if self._viewer.scene.camera.zoom == self._zoom:
            self.fit()


def _make(size: tuple[int, int]) -> Shapes:
    # Grey stands out from a white and from a black canvas; the faint fill makes a sheet of the empty tile.
    return Shapes(
        [_corners(size)],
        shape_type="rectangle",
        edge_color="#8c8c8c",
        face_color="#8c8c8c20",
        edge_width=_edge(size),
        opacity=1.0,
    )


def _corners(size: tuple[int, int]) -> np.ndarray:
    """The tile covers whole pixels, whose centres are at integers."""
    height, width = size
    return np.array([(0, 0), (0, width), (height, width), (height, 0)], float) - 0.5


def _edge(size: tuple[int, int]) -> float:
    """Width in px that is about the same on screen for every size, because the view fits the tile."""
    return max(size) / 256
