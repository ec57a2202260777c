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
    """Marks for the places of images by their pixels alone: an eye's first layer hardly sees their grain."""

    def __init__(self) -> None:
        super().__init__()
        self.judge = nn.Sequential(
            spectral_norm(nn.Conv2d(3, WIDTH // 2, 3)),
            nn.LeakyReLU(0.2),
            spectral_norm(nn.Conv2d(WIDTH // 2, WIDTH // 2, 3)),
            nn.LeakyReLU(0.2),
            spectral_norm(nn.Conv2d(WIDTH // 2, WIDTH, 4, stride=2)),
            nn.LeakyReLU(0.2),
            spectral_norm(nn.Conv2d(WIDTH, WIDTH, 3)),
            nn.LeakyReLU(0.2),
            spectral_norm(nn.Conv2d(WIDTH, 1, 1)),
        )

    def forward(self, image: Tensor) -> list[Tensor]:
        """Marks (B, n) of images (B, 3, H, W) in -1..1."""
        return [self.judge((4 * image).contiguous(memory_format=torch.channels_last)).flatten(1)]


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
