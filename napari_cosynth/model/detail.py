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
from torch import Tensor

from napari_cosynth.data.terms import words_of
from napari_cosynth.model.opponent import NEAREST, opponent_of, smoothed

N_DETAIL = 2
Details = Mapping[str, Mapping[str, Sequence[Sequence[float]]]]
"""Details (sharpness, colour) of training tiles, by their source, and by the words for tissue, stain and focus."""

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
    fine, coarse = energies_of(opponent_of(image.float()))
    fine, coarse = fine + _FLOOR, coarse + _FLOOR
    found = torch.stack([fine[:, 0] / coarse, fine[:, 1:].sum(1) / fine[:, 0]], dim=1).log()
    return ((found - found.new_tensor(_MEAN)) / found.new_tensor(_SPREAD)).clamp(-_MOST, _MOST)


def ratios_of(detail: Tensor) -> Tensor:
    """(B, 2): the two ratios of energies that details (B, 2) stand for."""
    return (detail * detail.new_tensor(_SPREAD) + detail.new_tensor(_MEAN)).exp()


def energies_of(opponent: Tensor) -> tuple[Tensor, Tensor]:
    """Mean squares of detail.

    Parameters
    ----------
    opponent
        (B, C, H, W), luma first, see `opponent_of`.

    Returns
    -------
    (B, C), of the finest detail of each channel, and (B,), of luma twice as coarse.
    """
    smooth = smoothed(opponent, NEAREST)
    fine = (opponent[..., 1:-1, 1:-1] - smooth).square().mean((2, 3))
    luma = smooth[:, :1]
    return fine, (luma[..., 2:-2, 2:-2] - smoothed(luma, NEAREST, 2)).square().mean((1, 2, 3))


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
