"""How an image was recorded: how sharp its finest detail is, and how much colour that has.

Scanners and compression differ, tissue does not tell which it was: the finest colour of
one source has a hundred times the energy of that of another (docs/training.md, twelfth
run). A network that is not told makes what lies between, and of no scanner. So it is told
in training, as Podell et al. 2023 (arXiv 2307.01952, sec. 2.2) tell of an image's size,
and when a tile is made it is told what a training tile of such tissue had.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist

import torch
import torch.nn.functional as F
from torch import Tensor

from napari_cosynth.data.terms import words_of

N_DETAIL = 2
Details = Mapping[str, Mapping[str, Sequence[Sequence[float]]]]
"""Details (sharpness, colour) of training tiles, by their source, and by the words for tissue, stain and focus."""

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
_NEAREST, _WIDER = (1, 2, 1), (1, 4, 6, 4, 1)  # binomial weights of a pixel and its neighbours
_MEAN, _SPREAD = (-1.1, -0.4), (0.45, 1.5)
"""Of ten sources, each counted alike."""
_FLOOR = 1e-6
"""Energy of an eighth of a grey level: empty glass has a detail as well."""
_MOST = 3.0


def detail_of(image: Tensor) -> Tensor:
    """Sharpness and colour of images.

    Parameters
    ----------
    image
        (B, 3, H, W) RGB in -1..1, at least 7 px wide and high.

    Returns
    -------
    float32 (B, 2) in standard deviations of training sources: the energy of the luma's
    finest detail over that of the detail twice as coarse, and the energy of the finest colour
    over that of the finest luma, both as logarithms. Contrast does not count.
    """
    opponent = _opponent(image.float())
    smooth = _smoothed(opponent, _NEAREST)
    fine = (opponent[..., 1:-1, 1:-1] - smooth).square().mean((2, 3)) + _FLOOR  # (B, 3)
    luma = smooth[:, :1]
    coarse = (luma[..., 2:-2, 2:-2] - _smoothed(luma, _NEAREST, 2)).square().mean((1, 2, 3)) + _FLOOR
    found = torch.stack([fine[:, 0] / coarse, fine[:, 1:].sum(1) / fine[:, 0]], dim=1).log()
    return ((found - found.new_tensor(_MEAN)) / found.new_tensor(_SPREAD)).clamp(-_MOST, _MOST)


def recorded(image: Tensor, detail: Tensor) -> Tensor:
    """Images whose finest colour is at most what a detail tells, as compression leaves it.

    The luma stays as it is, and so does colour that is coarser, or little enough.

    Parameters
    ----------
    image
        (B, 3, H, W) RGB in -1..1.
    detail
        (B, 2), see `detail_of`.

    Returns
    -------
    float32 (B, 3, H, W) in -1..1.
    """
    kept = torch.ones(len(image), 1, 1, 1, device=image.device)
    opponent = _opponent(image.float())
    smooth = _smoothed(F.pad(opponent, (2,) * 4, mode="replicate"), _WIDER)
    made = image.float()
    # What is left of it is no longer as fine as what was there: a few rounds meet the detail.
    for _ in range(3):
        excess = (detail_of(made) - detail)[:, 1] * _SPREAD[1]
        kept = (kept * (-excess / 2).exp()[:, None, None, None]).clamp(max=1)
        colour = smooth[:, 1:] + kept * (opponent - smooth)[:, 1:]
        made = _rgb(torch.cat([opponent[:, :1], colour], dim=1)).clamp(-1, 1)
    return torch.where(kept < 1, made, image.float())


def drawn_detail(details: Details, prompts: Sequence[str], noise: Tensor) -> Tensor:
    """The detail of a training tile for each prompt.

    Of the tissues that have most words in common with the prompt; sources that have such count alike.

    Parameters
    ----------
    noise
        (B, C, H, W), standard normal: the first value of each decides, so that a seed stands for all of a tile.

    Returns
    -------
    float32 (B, 2) on the noise's device.
    """
    chances = [NormalDist().cdf(value) for value in noise[:, 0, 0, 0].tolist()]
    drawn = [_drawn(_fitting(details, prompt), chance) for prompt, chance in zip(prompts, chances, strict=True)]
    return torch.tensor(drawn, dtype=torch.float32, device=noise.device)


def _fitting(details: Details, prompt: str) -> list[list[Sequence[float]]]:
    """The details of the tissues that fit a prompt best, by source."""
    asked = frozenset(words_of(prompt))
    common = {
        source: {tissue: len(asked.intersection(words_of(tissue))) for tissue in tissues}
        for source, tissues in details.items()
    }
    most = max(max(words.values()) for words in common.values())
    fitting = [
        [row for tissue, n in words.items() if n == most for row in details[source][tissue]]
        for source, words in common.items()
    ]
    return [rows for rows in fitting if rows]


def _drawn(sources: Sequence[Sequence[Sequence[float]]], chance: float) -> Sequence[float]:
    """A row, by a chance of 0 to 1 that is uniform: first the source, by what is left of it the row."""
    which, left = divmod(chance * len(sources), 1)
    rows = sources[min(int(which), len(sources) - 1)]
    return rows[int(left * len(rows))]


def _opponent(image: Tensor) -> Tensor:
    """(B, 3, H, W): luma, red less green, blue less yellow."""
    red, green, blue = image.unbind(1)
    luma = sum(share * channel for share, channel in zip(_LUMA, (red, green, blue), strict=True))
    return torch.stack([luma, red - green, blue - (red + green) / 2], dim=1)


def _rgb(opponent: Tensor) -> Tensor:
    """What `_opponent` was made of."""
    luma, red_green, blue_yellow = opponent.unbind(1)
    of_red, _, of_blue = _LUMA
    green = luma - (of_red + of_blue / 2) * red_green - of_blue * blue_yellow
    red = green + red_green
    return torch.stack([red, green, blue_yellow + (red + green) / 2], dim=1)


def _smoothed(image: Tensor, weights: Sequence[float], step: int = 1) -> Tensor:
    """Weighted means over pixels ``step`` apart in both directions, without the rim that lacks neighbours."""
    kernel = image.new_tensor(weights)
    kernel = (kernel / kernel.sum()).outer(kernel / kernel.sum())
    channels = image.shape[1]
    return F.conv2d(image, kernel.expand(channels, 1, -1, -1), groups=channels, dilation=step)
