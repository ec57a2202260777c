"""One picture of some tiles: each with, to its right, its labels drawn in."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from PIL import Image

from napari_cosynth.overlay import overlay
from napari_cosynth.tile import SyntheticTile

MAX_TILES = 24
_COLUMNS = 4
_SIDE = 160
_GAP = 6


def contact_sheet(tiles: Iterable[SyntheticTile]) -> np.ndarray:
    """Pairs of image and overlay, four to a row.

    Returns
    -------
    uint8 (H, W, 3) RGB.
    """
    pairs = [_pair(tile) for tile in tiles]
    columns = max(1, min(_COLUMNS, len(pairs)))
    rows = max(1, -(-len(pairs) // columns))
    height, width = _SIDE + _GAP, 2 * _SIDE + _GAP
    sheet = np.full((rows * height + _GAP, columns * width + _GAP, 3), 255, np.uint8)
    for i, pair in enumerate(pairs):
        row, col = divmod(i, columns)
        sheet[row * height + _GAP : (row + 1) * height, col * width + _GAP : (col + 1) * width] = pair
    return sheet


def _pair(tile: SyntheticTile) -> np.ndarray:
    drawn = overlay(tile.image, tile.instances, {n.id: n.class_id for n in tile.nuclei}, tile.request.layout.taxonomy)
    return np.hstack([_fitted(tile.image), _fitted(drawn)])


def _fitted(image: np.ndarray) -> np.ndarray:
    """In the middle of a white square, uncut."""
    scale = _SIDE / max(image.shape[:2])
    height, width = (max(1, round(side * scale)) for side in image.shape[:2])
    small = np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.LANCZOS))
    square = np.full((_SIDE, _SIDE, 3), 255, np.uint8)
    top, left = (_SIDE - height) // 2, (_SIDE - width) // 2
    square[top : top + height, left : left + width] = small
    return square
