"""The layers of a tile: image, instance labels, semantic labels; and of the preview while one is being made."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from napari.layers import Image, Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_cosynth.layout import Layout
from napari_cosynth.tile import SyntheticTile
from napari_cosynth.widgets.layers.class_colormap import ClassColormap
from napari_cosynth.widgets.layers.own import OwnLayers

IMAGE, INSTANCES, SEMANTIC = TILE_ROLES = ("tile", "instances", "semantic")
OUTLINE_OPACITY, FILLED_OPACITY = 1.0, 0.45


class Previewed(Protocol):
    """What is shown of a tile in the making."""

    @property
    def step(self) -> int:
        """From 1."""

    @property
    def image(self) -> np.ndarray:
        """uint8 (H, W, 3) RGB."""

    @property
    def instances(self) -> np.ndarray | None:
        """int32 (H, W), or None where the labels were not decoded."""


class TileLayers:
    """One set of layers for all tiles: a second tile takes the place of the first."""

    def __init__(self, own: OwnLayers) -> None:
        self._own = own
        self._outline = True
        self._instance_colors, self._semantic_colors = ClassColormap(), ClassColormap()

    @property
    def instances(self) -> Labels | None:
        """The instance labels, if they are there."""
        return self._own.get(INSTANCES)

    def show_image(self, tile: SyntheticTile) -> None:
        """Show a tile's image."""
        self._show_image(tile.image)

    def show_instances(self, tile: SyntheticTile, new_class: int, hidden: frozenset[int]) -> Labels:
        """Show a tile's instances.

        Parameters
        ----------
        new_class
            Class id that a nucleus gets whose label is new.
        hidden
            Class ids that are not drawn.

        Returns
        -------
        The layer of its instance labels, which can be edited.
        """
        taxonomy = tile.request.layout.taxonomy
        layer = self._put_labels(INSTANCES, tile.instances)
        class_of = {nucleus.id: nucleus.class_id for nucleus in tile.nuclei}
        self._instance_colors.apply(layer, class_of, new_class, taxonomy, hidden)
        names = [taxonomy.names[class_id] for class_id in class_of.values()]
        layer.features = {"index": [0, *class_of], "class": ["", *names]}
        layer.editable = True
        return layer

    def show_semantic(self, tile: SyntheticTile, hidden: frozenset[int]) -> None:
        """Show a tile's classes, but for ``hidden`` ones."""
        taxonomy = tile.request.layout.taxonomy
        layer = self._put_labels(SEMANTIC, tile.semantic)
        self._semantic_colors.apply(layer, {i + 1: i for i in range(len(taxonomy))}, 0, taxonomy, hidden)
        layer.editable = False

    def show_preview_image(self, preview: Previewed) -> None:
        """Show the image of a tile in the making."""
        self._show_image(preview.image)

    def show_preview_labels(self, preview: Previewed, layout: Layout, hidden: frozenset[int]) -> None:
        """Show the labels of a tile in the making; those that are there stay if it has none of its own."""
        if preview.instances is None:
            return
        layer = self._put_labels(INSTANCES, preview.instances)
        class_of = dict(enumerate(layout.class_ids.tolist(), start=1))
        self._instance_colors.apply(layer, class_of, layout.taxonomy.unspecified, layout.taxonomy, hidden)
        layer.features = {}
        layer.editable = False

    def prepare(self, size: tuple[int, int]) -> bool:
        """Make one of the layers that are not there, with nothing on it; False if all are there.

        The first of each kind takes napari a moment, which goes unnoticed while a model is being loaded.
        """
        for role in TILE_ROLES:
            if self._own.get(role) is None:
                self._show_blank(role, size)
                return True
        return False

    def hide_labels(self, size: tuple[int, int], instances: bool = True) -> None:
        """No labels: those of the last tile say nothing about the next one of ``size`` px.

        Parameters
        ----------
        instances
            False: the instances stay, because others are about to take their place.
        """
        for role in (SEMANTIC, INSTANCES) if instances else (SEMANTIC,):
            if self._own.get(role) is not None:
                self._show_blank(role, size)

    def clear(self, size: tuple[int, int]) -> None:
        """No tile: layers that are there show nothing, on ``size`` px."""
        for role in TILE_ROLES:
            if self._own.get(role) is not None:
                self._show_blank(role, size)

    def set_outline(self, outline: bool) -> None:
        """Draw instances as outlines, or filled."""
        self._outline = outline
        layer = self.instances
        if layer is not None:
            layer.contour = int(outline)
            layer.opacity = OUTLINE_OPACITY if outline else FILLED_OPACITY

    def _show_blank(self, role: str, size: tuple[int, int]) -> None:
        if role == IMAGE:
            self._show_image(np.zeros((*size, 4), np.uint8))
        else:
            layer = self._put_labels(role, np.zeros(size, np.int32))
            layer.features = {}
            layer.editable = False

    def _show_image(self, image: np.ndarray) -> None:
        layer = self._own.put(IMAGE, lambda: Image(image, rgb=True))
        if layer.data is not image:
            layer.data = image

    def _put_labels(self, role: str, labels: np.ndarray) -> Labels:
        layer = self._own.put(role, lambda: self._make(role, labels))
        if not np.array_equal(layer.data, labels):
            mode = layer.mode
            # napari's undo would put strokes of the old labels into the new ones; it forgets them with this.
            layer.editable = False
            # A copy, because napari paints in place and a tile never changes.
            layer.data = labels.copy()
            layer.mode = mode
        return layer

    def _make(self, role: str, labels: np.ndarray) -> Labels:
        # The kind of colormap that tiles have, because another one costs napari a new program for the GPU.
        colormap = DirectLabelColormap(color_dict={None: "transparent", 0: "transparent"})
        if role == SEMANTIC:
            return Labels(labels.copy(), colormap=colormap, visible=False, opacity=0.5)
        opacity = OUTLINE_OPACITY if self._outline else FILLED_OPACITY
        layer = Labels(labels.copy(), colormap=colormap, opacity=opacity)
        layer.contour = int(self._outline)
        return layer
