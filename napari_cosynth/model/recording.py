"""A finished tile as its tissue was recorded: with so much grain, and so little fine colour.

The network leaves out of the finest luma what cannot be foreseen, and makes as much fine
colour as sources have on average. Both are small, and both tell a made tile from a real
one (docs/training.md, twelfth and thirteenth run).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from napari_cosynth.model.detail import detail_of, energies_of, ratios_of
from napari_cosynth.model.opponent import NEAREST, WIDER, opponent_of, rgb_of, smoothed

_AROUND = 9
"""Side of the window, px, whose detail says how much grain its middle gets: glass has none."""
_GIVEN = 0.5
"""Part of the lacking energy that is given. Sharpness is drawn from tiles of several sources: who lacks it gets some,
who has too much keeps it, so to give it all would leave tiles too sharp on average."""
_MOST_GRAIN = 3 / 127.5
"""Root mean square of the luma that is added at most: three grey levels. More is seen as noise."""


def recorded(image: Tensor, detail: Tensor, noise: Tensor) -> Tensor:
    """Images with grain towards the sharpness, and at most the fine colour, of a detail.

    Parameters
    ----------
    image
        (B, 3, H, W) RGB in -1..1.
    detail
        (B, 2), see `detail.detail_of`.
    noise
        (B, 1, H, W), standard normal: the grain.

    Returns
    -------
    float32 (B, 3, H, W) in -1..1.
    """
    return _with_grain(_with_colour(image.float(), detail), detail, noise.float())


def _with_grain(image: Tensor, detail: Tensor, noise: Tensor) -> Tensor:
    """Images whose luma has grain where it lacks sharpness: where there is detail there is more of it.

    As soft as optics leave it: made tiles lack detail of three to five pixels, and nothing beyond, where
    white noise has most of its energy (docs/training.md).
    """
    opponent = opponent_of(image)
    luma = opponent[:, :1]
    fine = F.pad(luma - F.pad(smoothed(luma, NEAREST), (1,) * 4, mode="replicate"), (_AROUND // 2,) * 4, mode="reflect")
    soft = smoothed(F.pad(noise, (1,) * 4, mode="reflect"), NEAREST)
    grain = soft * F.avg_pool2d(fine.square(), _AROUND, 1).sqrt()
    # Grain and image know nothing of each other, so their energies add up to those that are asked for. Sharper than
    # grain itself no image can get by it: then it has as much as is allowed.
    (has, coarse), (adds, adds_coarse) = energies_of(luma), energies_of(grain)
    asked = ratios_of(detail)[:, 0]
    share = _GIVEN * (asked * coarse - has[:, 0]) / (adds[:, 0] - asked * adds_coarse).clamp_min(1e-9)
    share = share.clamp_min(0).minimum(_MOST_GRAIN**2 / grain.square().mean((1, 2, 3)).clamp_min(1e-9))
    luma = luma + share.sqrt()[:, None, None, None] * grain
    grainy = rgb_of(torch.cat([luma, opponent[:, 1:]], dim=1)).clamp(-1, 1)
    return torch.where(share[:, None, None, None] > 0, grainy, image)


def _with_colour(image: Tensor, detail: Tensor) -> Tensor:
    """Images whose finest colour is at most what a detail tells, as compression leaves it; luma stays."""
    kept = torch.ones(len(image), 1, 1, 1, device=image.device)
    opponent = opponent_of(image)
    smooth = smoothed(F.pad(opponent, (2,) * 4, mode="replicate"), WIDER)
    made = image
    # What is left of it is no longer as fine as what was there: a few rounds meet the detail.
    for _ in range(3):
        excess = (ratios_of(detail_of(made)) / ratios_of(detail))[:, 1]
        kept = (kept * excess.rsqrt()[:, None, None, None]).clamp(max=1)
        colour = smooth[:, 1:] + kept * (opponent - smooth)[:, 1:]
        made = rgb_of(torch.cat([opponent[:, :1], colour], dim=1)).clamp(-1, 1)
    return torch.where(kept < 1, made, image)
