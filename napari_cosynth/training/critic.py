"""A critic that learns to tell the network's images from real ones; the network learns to persuade it.

The squared error of a clean-tile estimate is least for the mean of all tiles that
are still possible, and a perceptual distance has a mean of its own; only someone
who has seen what real tissue looks like can say that neither is any. The critic
judges the features of a frozen network, not pixels, so it is small and soon
learnt (Sauer et al. 2021, arXiv 2111.01007; in diffusion Sauer et al. 2023,
arXiv 2311.17042).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

WIDTH = 64
CONTRAST, GRAIN_CONTRAST = 2.0, 16.0
"""Of the image and of its grain, as the critic of pixels is shown them."""


class Critic(nn.Module):
    """Marks for images: high for real ones.

    Parameters
    ----------
    widths
        Channels of the features at each resolution, see `perception.TrainedEye.widths`.
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.places = nn.ModuleList(_judge_of_places(width) for width in widths)
        self.wholes = nn.ModuleList(_judge_of_wholes(width) for width in widths)

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Marks of each resolution, of its places and of the whole.

        Parameters
        ----------
        features
            Of each resolution, (B, C, h, w), unit vectors over C.

        Returns
        -------
        (B, n) each: for every resolution the marks of its places, n = h w, and
        one of the means and spreads over the image, n = 1.
        """
        marks = []
        for of_places, of_whole, feature in zip(self.places, self.wholes, features, strict=True):
            scaled = feature * feature.shape[1] ** 0.5
            summary = torch.cat([scaled.mean((2, 3)), scaled.std((2, 3))], dim=1)
            marks += [of_places(scaled).flatten(1), of_whole(summary)]
        return marks


class GrainCritic(nn.Module):
    """Marks for images by their pixels alone: an eye's first layer hardly sees their grain.

    Beside the image it is shown what a smoothed one lacks, much enlarged: the grain is some
    hundredths of the image's contrast, and without that pairs were hardly told apart
    (docs/training.md, eleventh run).
    """

    def __init__(self) -> None:
        super().__init__()
        widths = WIDTH // 2, WIDTH
        self.scales = nn.ModuleList([_filters(6, widths[0], 3), _filters(widths[0], widths[1], 4, stride=2)])
        self.places = nn.ModuleList(_judge_of_places(width) for width in widths)
        self.wholes = nn.ModuleList(_judge_of_wholes(width) for width in widths)
        binomial = torch.tensor([0.25, 0.5, 0.25])
        self.register_buffer("smoothing", binomial.outer(binomial).expand(3, 1, 3, 3).clone(), persistent=False)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Marks (B, n) of images (B, 3, H, W) in -1..1: of places and of the whole, at two resolutions."""
        inner = image[..., 1:-1, 1:-1]
        grain = inner - F.conv2d(image, self.smoothing, groups=3)
        h = torch.cat([CONTRAST * inner, GRAIN_CONTRAST * grain], dim=1).contiguous(memory_format=torch.channels_last)
        marks = []
        for filters, of_places, of_whole in zip(self.scales, self.places, self.wholes, strict=True):
            h = filters(h)
            whole = h.float()
            # Their logarithm: real tiles differ tenfold in how much grain they have.
            spread = (whole.var((2, 3)) + 1e-6).log() / 2
            marks += [of_places(h).flatten(1), of_whole(torch.cat([whole.mean((2, 3)), spread], dim=1))]
        return marks


def critic_loss(real: Sequence[Tensor], made: Sequence[Tensor]) -> Tensor:
    """Hinge loss of the critic: real marks above 1, made ones below -1."""
    return torch.stack([F.relu(1 - r).mean() + F.relu(1 + m).mean() for r, m in zip(real, made, strict=True)]).mean()


def persuasion_loss(made: Sequence[Tensor]) -> Tensor:
    """(B,): what the network is to make small, so that its images get high marks."""
    return -torch.stack([m.mean(1) for m in made]).mean(0)


def paired_loss(better: Sequence[Tensor], worse: Sequence[Tensor]) -> Tensor:
    """How far marks are from saying that each of ``better`` is better than its counterpart in ``worse``.

    Of two images of the same nuclei, so that only their looks count (Jolicoeur-Martineau 2018, arXiv 1807.00734):
    log 2 if the marks cannot tell, 0 if they always can.
    """
    pairs = zip(better, worse, strict=True)
    return torch.stack([F.softplus((w - b).float()).mean() for b, w in pairs]).mean()


def _judge_of_places(width: int) -> nn.Sequential:
    # Spectral norm: marks change no faster than the image, so the network always has a slope to follow.
    return nn.Sequential(
        spectral_norm(nn.Conv2d(width, WIDTH, 1)),
        nn.LeakyReLU(0.2),
        spectral_norm(nn.Conv2d(WIDTH, WIDTH, 3)),
        nn.LeakyReLU(0.2),
        spectral_norm(nn.Conv2d(WIDTH, 1, 1)),
    )


def _judge_of_wholes(width: int) -> nn.Sequential:
    return nn.Sequential(
        spectral_norm(nn.Linear(2 * width, WIDTH)),
        nn.LeakyReLU(0.2),
        spectral_norm(nn.Linear(WIDTH, 1)),
    )


def _filters(width: int, filters: int, side: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        spectral_norm(nn.Conv2d(width, filters, side, stride)),
        nn.LeakyReLU(0.2),
        spectral_norm(nn.Conv2d(filters, filters, 3)),
        nn.LeakyReLU(0.2),
    )
