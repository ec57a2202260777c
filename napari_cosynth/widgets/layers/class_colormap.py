"""Class colours for label layers: one colour for each label id."""

from __future__ import annotations

from collections.abc import Mapping, Set

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_cosynth.classes import Taxonomy
from napari_cosynth.layer_data import class_colors

_CLEAR = np.zeros(4, np.float32)


class ClassColormap:
    """Sets a labels layer's colours only when they change: a new colormap costs napari as much as new labels."""

    def __init__(self) -> None:
        self._set: tuple[object, ...] | None = None

    def apply(
        self, layer: Labels, class_of: Mapping[int, int], other: int, taxonomy: Taxonomy, hidden: Set[int]
    ) -> None:
        """Colour each label by its class.

        Parameters
        ----------
        class_of
            Class id of each label id.
        other
            Class id of all other labels, such as those about to be painted.
        hidden
            Class ids that are not drawn.
        """
        wanted = (id(layer), tuple(class_of.items()), other, taxonomy, frozenset(hidden))
        if wanted == self._set:
            return
        self._set = wanted
        colors = class_colors(taxonomy)
        colors[[i for i in hidden if i < len(colors)]] = _CLEAR
        table: dict[int | None, np.ndarray] = {label: colors[class_id] for label, class_id in class_of.items()}
        layer.colormap = DirectLabelColormap(color_dict={None: colors[other], 0: _CLEAR, **table})
