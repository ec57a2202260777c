"""What stands around a tile while its detail takes shape.

A point close to the edge stands for a nucleus that the edge cuts, as in training, where a crop ends with its
canvas. So a tile begins on a canvas of its own size: on a wider one a whole nucleus would grow there. But at the
edge of its canvas the network lacks half of what a pixel goes by, and leaves coloured noise in the outermost one.
So as soon as it is settled what stands where, the tile is mirrored at its edges; from there on its surroundings
go along the path as the network predicts them, and are cut off at the end.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

MARGIN = 8
"""Width of the surroundings, px: with 8 on each side, multiples of 16 stay such."""
SURROUNDED_FROM = 0.5
"""Noise level, 0 to 1, below which a tile has surroundings: what stands where is settled, its detail is not."""


class Surround:
    """The surroundings of a batch of tiles.

    Parameters
    ----------
    tile
        (B, C, H, W) in -1..1: the clean tiles as predicted so far.
    noise
        (B, C, H + 2 `MARGIN`, W + 2 `MARGIN`): what they and their surroundings are made from.
    """

    def __init__(self, tile: Tensor, noise: Tensor) -> None:
        self._clean, self._noise = mirrored(tile), noise

    def around(self, z: Tensor, sigma: Tensor, part: slice) -> Tensor:
        """Noisy tiles, amid surroundings that are as noisy.

        Parameters
        ----------
        z
            (B, C, H, W).
        sigma
            Noise level of the channels of ``part``; the others are clean.

        Returns
        -------
        (B, C, H + 2 `MARGIN`, W + 2 `MARGIN`)
        """
        canvas = self._clean.clone()
        canvas[:, part] = (1 - sigma) * canvas[:, part] + sigma * self._noise[:, part]
        inner(canvas).copy_(z)
        return canvas

    def keep(self, clean: Tensor, part: slice) -> Tensor:
        """The tiles of a predicted canvas (B, C, H + 2 `MARGIN`, W + 2 `MARGIN`); its margin is kept."""
        self._clean[:, part] = clean[:, part]
        return inner(clean)


def mirrored(tile: Tensor) -> Tensor:
    """Tiles (..., H, W), or their conditions, with `MARGIN` px around them mirrored at the outermost pixel."""
    return F.pad(tile, (MARGIN,) * 4, mode="reflect")


def inner(canvas: Tensor) -> Tensor:
    """A canvas without its margin, as a view."""
    return canvas[..., MARGIN:-MARGIN, MARGIN:-MARGIN]
