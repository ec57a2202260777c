"""Small pictures of tiles: the image with a contour by class around each nucleus.

Much cheaper than `overlay.overlay`, which draws every outline as a curve: here
the lines are the pixels where labels change. Arrays in, arrays out.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from napari_cosynth.tile import SyntheticTile

_FINE = 2  # drawn twice as fine and averaged, so that lines are smooth
_SHADE = 0.55  # of the tissue just outside a nucleus, so that light lines stand out


def thumbnail(tile: SyntheticTile, height: int, width: int) -> np.ndarray:
    """A tile in small.

    Parameters
    ----------
    tile
        Its semantic map gives the colours.
    height, width
        Of the picture in px.

    Returns
    -------
    uint8 (height, width, 3) RGB.
    """
    rows, cols = (_nearest(n, side * _FINE) for n, side in zip(tile.instances.shape, (height, width), strict=True))
    at = np.ix_(rows, cols)
    labels, classes = tile.instances[at], tile.semantic[at]
    # BOX averages when it shrinks, so that no nucleus falls between two pixels.
    shrinks = len(rows) < tile.instances.shape[0]
    how = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
    picture = np.array(Image.fromarray(tile.image).resize((len(cols), len(rows)), how))
    border = _changes(labels)
    outside, line = border & (labels == 0), border & (labels > 0)
    picture[outside] = (picture[outside] * _SHADE).astype(np.uint8)
    taxonomy = tile.request.layout.taxonomy
    colors = np.array([taxonomy[taxonomy.unspecified].rgb, *(c.rgb for c in taxonomy)], np.uint8)
    picture[line] = colors[classes[line]]
    return np.asarray(Image.fromarray(picture).reduce(_FINE))


def fitted(tile: SyntheticTile, side: int) -> tuple[int, int]:
    """Height and width in px of the tile scaled to fit into a square."""
    height, width = tile.instances.shape
    scale = side / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def _nearest(n: int, wanted: int) -> np.ndarray:
    """Indices below n at the centres of ``wanted`` equal parts."""
    return ((np.arange(wanted) + 0.5) * (n / wanted)).astype(np.intp)


def _changes(labels: np.ndarray) -> np.ndarray:
    """bool (H, W): within `_FINE` px of another label, along rows or columns. The edge of the tile is no change."""
    near = np.zeros(labels.shape, bool)
    for step in range(1, _FINE + 1):
        down = labels[step:] != labels[:-step]
        near[step:] |= down
        near[:-step] |= down
        right = labels[:, step:] != labels[:, :-step]
        near[:, step:] |= right
        near[:, :-step] |= right
    return near
