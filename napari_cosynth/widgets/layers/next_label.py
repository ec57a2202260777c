"""The label that the brush paints with: a nucleus of its own, unless the user picked one to correct."""

from __future__ import annotations

from napari.layers import Labels

from napari_cosynth.tile import SyntheticTile


class NextLabel:
    """Sets a labels layer's selected label when another tile is shown, and when an edit has used up a new one.

    A label that the tile has had since it is shown was picked on purpose, and stays selected.
    """

    def __init__(self) -> None:
        self._layer: Labels | None = None
        self._key: str | None = None
        self._had: set[int] = set()

    def follow(self, layer: Labels, key: str, tile: SyntheticTile) -> None:
        """The layer shows the masks of this tile now.

        Parameters
        ----------
        key
            Of the tile's entry: the same for a tile whose masks were edited.
        """
        labels = {nucleus.id for nucleus in tile.nuclei}
        if layer is not self._layer or key != self._key:
            self._layer, self._key, self._had = layer, key, set()
            used = True
        else:
            used = layer.selected_label in labels - self._had
        self._had |= labels
        if used:
            # Not the number of a point that got no nucleus: it would be taken for that one, wherever it is painted.
            layer.selected_label = max([len(tile.request.layout), *self._had]) + 1
