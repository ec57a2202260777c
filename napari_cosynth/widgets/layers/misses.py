"""The misses layer: where the shown tile differs from what was placed, each kind with a sign of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from napari.layers import Points

from napari_cosynth.layer_data import class_colors, text_columns
from napari_cosynth.layout import Layout
from napari_cosynth.tile import SyntheticTile
from napari_cosynth.widgets.layers.own import OwnLayers

ROLE = "misses"
LEGEND = (
    ("✕", "no nucleus was made at the point"),
    ("□", "the nucleus is of another class than the point"),
    ("△", "a nucleus was made without a point"),
)
"""The signs on the canvas and what they mean. Their colour is that of the nucleus; of the point where none was made."""

_MISSING, _OTHER, _EXTRA = "no nucleus", "another class", "no point"
_SYMBOLS = {_MISSING: "x", _OTHER: "square", _EXTRA: "triangle_up"}
_BLACK = (0.06, 0.05, 0.09, 1.0)
_SIZES = {_MISSING: 13.0, _OTHER: 17.0, _EXTRA: 14.0}


@dataclass(frozen=True)
class Miss:
    """One difference between what was placed and what was made.

    Parameters
    ----------
    row, col
        In px.
    kind
        "no nucleus", "another class" or "no point".
    class_id
        Of the point where none was made, else of the nucleus.
    note
        One sentence for whoever points at it.
    """

    row: float
    col: float
    kind: str
    class_id: int
    note: str


def misses_of(tile: SyntheticTile) -> list[Miss]:
    """All misses of a tile; none if it has no report."""
    if tile.report is None:
        return []
    layout = tile.request.layout
    made = {nucleus.id: nucleus for nucleus in tile.nuclei}
    names, places, wanted = layout.taxonomy.names, layout.centroids.tolist(), layout.class_ids.tolist()
    found = []
    for number in tile.report.missing:
        class_id = wanted[number - 1]
        note = f"nucleus {number}, {names[class_id]}: none was made"
        found.append(Miss(*places[number - 1], _MISSING, class_id, note))
    for number in tile.report.other_class:
        class_id = made[number].class_id
        note = f"nucleus {number}: {names[wanted[number - 1]]} was asked for, {names[class_id]} was made"
        found.append(Miss(*places[number - 1], _OTHER, class_id, note))
    for label in tile.report.extra:
        nucleus = made[label]
        note = f"{names[nucleus.class_id]}, made without a point"
        found.append(Miss(nucleus.row, nucleus.col, _EXTRA, nucleus.class_id, note))
    return found


def results_of(tile: SyntheticTile, layout: Layout) -> tuple[str, ...]:
    """What a tile made of each point of a layout; empty if it was made from other points or has no report."""
    asked = tile.request.layout
    if tile.report is None or asked != layout:
        return ()
    made = {nucleus.id: asked.taxonomy.names[nucleus.class_id] for nucleus in tile.nuclei}
    other = set(tile.report.other_class)
    return tuple(
        f"made as {made[number]}" if number in other else "made" if number in made else "no nucleus"
        for number in range(1, len(asked) + 1)
    )


class MissesLayer:
    """Shows the misses of a tile in a points layer that cannot be edited."""

    def __init__(self, own: OwnLayers) -> None:
        self._own = own

    def show(self, tile: SyntheticTile, hidden: frozenset[int]) -> None:
        """Show a tile's misses, without those of hidden classes; the layer is made if need be."""
        misses = [miss for miss in misses_of(tile) if miss.class_id not in hidden]
        colors = class_colors(tile.request.layout.taxonomy)[[miss.class_id for miss in misses]]
        missing = np.array([miss.kind == _MISSING for miss in misses], bool)
        layer = self._own.put(ROLE, self._make)
        layer.data = np.array([(miss.row, miss.col) for miss in misses], float).reshape(-1, 2)
        layer.features = text_columns(what=[miss.kind for miss in misses], note=[miss.note for miss in misses])
        layer.symbol = [_SYMBOLS[miss.kind] for miss in misses]
        layer.size = [_SIZES[miss.kind] for miss in misses]
        if misses:  # napari takes no empty array of colours
            layer.face_color = np.where(missing[:, None], colors, colors * (1, 1, 1, 0))
            layer.border_color = np.where(missing[:, None], _BLACK, colors)
        layer.editable = False

    def prepare(self) -> None:
        """Make the layer, with nothing on it."""
        self._own.put(ROLE, self._make)

    def clear(self) -> None:
        """Show none; a layer that is not there is not made."""
        layer = self._own.get(ROLE)
        if layer is not None:
            layer.data = np.empty((0, 2))

    def _make(self) -> Points:
        return Points(ndim=2, border_width=0.1, canvas_size_limits=(10, 80), symbol="x")
