"""Tools on the canvas's layers: how masks are drawn, and nuclei taken from a segmentation that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QCheckBox, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from napari_cosynth.widgets.controls.style import STYLE
from napari_cosynth.widgets.controls.tooltips import enable

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_cosynth.widgets.layers.layers import Layers

_NO_LABELS = "Select a labels layer in the list of layers first, such as a segmentation that you opened"
_SEVERAL = "Select one labels layer only"


class LayerTools(QWidget):
    """Filled masks or outlines; the centroids of the selected labels layer as nuclei."""

    def __init__(self, viewer: ViewerModel, layers: Layers, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setStyleSheet(STYLE)
        self._viewer = viewer
        self._layers = layers
        self._filled = QCheckBox("&Fill the masks", objectName="filled")
        self._filled.toggled.connect(lambda filled: layers.set_outline(not filled))
        self._use = QPushButton("&Use centroids of selected labels layer", objectName="use_centroids")
        self._use.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._use.clicked.connect(lambda: layers.use_labels_layer(self._selected()[0]))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._filled)
        column.addWidget(self._use)
        viewer.layers.selection.events.changed.connect(self._refresh)
        self._refresh()

    def let_go(self) -> None:
        """Follow the viewer's selection no longer."""
        self._viewer.layers.selection.events.changed.disconnect(self._refresh)

    def _selected(self) -> list:
        from napari.layers import Labels

        return [layer for layer in self._viewer.layers.selection if isinstance(layer, Labels)]

    def _refresh(self, _event: object = None) -> None:
        count = len(self._selected())
        enable(self._use, "" if count == 1 else _SEVERAL if count else _NO_LABELS)
