"""Luma and colour of images, and their means over neighbouring pixels."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

NEAREST, WIDER = (1, 2, 1), (1, 4, 6, 4, 1)
"""Binomial weights of a pixel and its neighbours."""
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


def opponent_of(image: Tensor) -> Tensor:
    """Luma, red less green, blue less yellow: (B, 3, H, W) of RGB (B, 3, H, W)."""
    red, green, blue = image.unbind(1)
    luma = sum(share * channel for share, channel in zip(_LUMA, (red, green, blue), strict=True))
    return torch.stack([luma, red - green, blue - (red + green) / 2], dim=1)


def rgb_of(opponent: Tensor) -> Tensor:
    """What `opponent_of` was made of."""
    luma, red_green, blue_yellow = opponent.unbind(1)
    of_red, _, of_blue = _LUMA
    green = luma - (of_red + of_blue / 2) * red_green - of_blue * blue_yellow
    red = green + red_green
    return torch.stack([red, green, blue_yellow + (red + green) / 2], dim=1)


def smoothed(image: Tensor, weights: Sequence[float], step: int = 1) -> Tensor:
    """Weighted means over pixels ``step`` apart in both directions, without the rim that lacks neighbours."""
    kernel = image.new_tensor(weights)
    kernel = (kernel / kernel.sum()).outer(kernel / kernel.sum())
    channels = image.shape[1]
    return F.conv2d(image, kernel.expand(channels, 1, -1, -1), groups=channels, dilation=step)
