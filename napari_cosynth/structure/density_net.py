"""DensityNet: draws the density maps of all classes from noise.

It knows tensors only: no class names, no prompts, no files.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn


class DensityNet(ModelMixin, ConfigMixin):
    """U-Net over coarse density maps, self-attention at the coarsest level.

    The maps lie on the straight path ``z = t x + (1 - t) e`` from noise ``e``
    (t = 0) to the maps ``x`` (t = 1); the network returns the velocity x - e
    (Lipman et al. 2023, arXiv 2210.02747).

    Parameters
    ----------
    n_classes
        Number of maps.
    text_channels
        Width of the text encoder's token states.
    channels
        Width of each level, the finest first; each level halves the side.
    blocks
        Residual blocks of each level and direction.
    n_traits
        Numbers of the arrangement that the network can be told; 0 for none.
    """

    @register_to_config
    def __init__(
        self,
        n_classes: int = 8,
        text_channels: int = 384,
        channels: tuple[int, ...] = (48, 80, 112),
        blocks: int = 1,
        n_traits: int = 0,
    ) -> None:
        super().__init__()
        embedding = 4 * channels[0]
        self.time = nn.Sequential(nn.Linear(64, embedding), nn.SiLU(), nn.Linear(embedding, embedding))
        self.counts = nn.Sequential(nn.Linear(2 * n_classes, embedding), nn.SiLU(), nn.Linear(embedding, embedding))
        self.text = nn.Sequential(nn.Linear(text_channels, embedding), nn.SiLU(), nn.Linear(embedding, embedding))
        if n_traits:
            layers = [nn.Linear(2 * n_traits, embedding), nn.SiLU(), nn.Linear(embedding, embedding), nn.SiLU()]
            self.traits = nn.Sequential(*layers, nn.Linear(embedding, embedding))
            self.register_buffer("trait_mean", torch.zeros(n_traits))
            self.register_buffer("trait_spread", torch.ones(n_traits))
        self.no_text = nn.Parameter(torch.zeros(text_channels))
        # Token states of all captions have much in common: what differs is brought to unit spread.
        self.register_buffer("text_mean", torch.zeros(text_channels))
        self.register_buffer("text_spread", torch.ones(text_channels))
        self.stem = nn.Conv2d(n_classes, channels[0], 3, padding=1)
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        skips, width = [], channels[0]
        for out in channels:
            stage = nn.ModuleList()
            for _ in range(blocks):
                stage.append(_Block(width, out, embedding))
                width = out
                skips.append(width)
            self.down.append(stage)
        before, after = (_Block(width, width, embedding) for _ in range(2))
        self.middle = nn.ModuleList([before, _Attention(width), after])
        for out in reversed(channels):
            stage = nn.ModuleList()
            for _ in range(blocks):
                stage.append(_Block(width + skips.pop(), out, embedding))
                width = out
            self.up.append(stage)
        self.norm = nn.GroupNorm(_groups(width), width)
        self.head = nn.Conv2d(width, n_classes, 3, padding=1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    @property
    def multiple(self) -> int:
        """Sides of the maps must be multiples of this, cells."""
        return 2 ** (len(self.config.channels) - 1)

    @torch.no_grad()
    def standardise_text(self, text: Tensor) -> None:
        """Learn mean and spread of the mean token states (N, text_channels) of captions."""
        self.text_mean.copy_(text.mean(dim=0))
        self.text_spread.copy_(text.std(dim=0).clamp_min(1e-3))

    @torch.no_grad()
    def standardise_traits(self, traits: Tensor) -> None:
        """Learn mean and spread of traits (N, n_traits), NaN where one is not known."""
        known = ~traits.isnan()
        n = known.sum(dim=0).clamp_min(1)
        mean = traits.nan_to_num().sum(dim=0) / n
        spread = (((traits - mean).nan_to_num() ** 2).sum(dim=0) / n).sqrt()
        self.trait_mean.copy_(mean)
        self.trait_spread.copy_(torch.where(spread > 1e-3, spread, 1.0))

    def forward(
        self, z: Tensor, t: Tensor, per_area: Tensor, text: Tensor, has_text: Tensor, traits: Tensor | None = None
    ) -> Tensor:
        """Velocity of the maps.

        Parameters
        ----------
        z
            (B, n_classes, H, W) noisy maps; H, W multiples of `multiple`.
        t
            (B,) place on the path, 0 = noise, 1 = maps.
        per_area
            (B, n_classes) nuclei of each class in 64 x 64 um.
        text
            (B, text_channels) mean token state of the prompt.
        has_text
            (B,) bool, False where there is no prompt.
        traits
            (B, n_traits), NaN where one is not told; None for none at all.
        """
        text = torch.where(has_text[:, None], (text - self.text_mean) / self.text_spread, self.no_text)
        counts = torch.cat([torch.log1p(per_area), (per_area > 0).to(per_area.dtype)], dim=1)
        emb = self.time(_fourier(t)) + self.counts(counts) + self.text(text)
        if self.config.n_traits:
            if traits is None:
                traits = text.new_full((len(z), self.config.n_traits), torch.nan)
            known = ~traits.isnan()
            standard = ((traits - self.trait_mean) / self.trait_spread).nan_to_num()
            emb = emb + self.traits(torch.cat([standard, known.to(standard.dtype)], dim=1))
        emb = F.silu(emb)
        h = self.stem(z)
        skips = []
        for level, stage in enumerate(self.down):
            h = F.avg_pool2d(h, 2) if level else h
            for block in stage:
                h = block(h, emb)
                skips.append(h)
        before, attention, after = self.middle
        h = after(attention(before(h, emb)), emb)
        for level, stage in enumerate(self.up):
            h = F.interpolate(h, scale_factor=2.0, mode="nearest") if level else h
            for block in stage:
                h = block(torch.cat([h, skips.pop()], dim=1), emb)
        return self.head(F.silu(self.norm(h)))


class _Block(nn.Module):
    """Two convolutions, scaled and shifted by the embedding between them."""

    def __init__(self, width: int, out: int, embedding: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(_groups(width), width)
        self.conv1 = nn.Conv2d(width, out, 3, padding=1)
        self.modulate = nn.Linear(embedding, 2 * out)
        self.norm2 = nn.GroupNorm(_groups(out), out)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)
        self.skip = nn.Conv2d(width, out, 1) if width != out else nn.Identity()

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        scale, shift = self.modulate(emb)[..., None, None].chunk(2, dim=1)
        h = self.conv2(F.silu(self.norm2(h) * (1 + scale) + shift))
        return self.skip(x) + h


class _Attention(nn.Module):
    """Self-attention over all places: what stands on one side knows of the other."""

    def __init__(self, width: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(_groups(width), width)
        self.qkv = nn.Conv2d(width, 3 * width, 1)
        self.out = nn.Conv2d(width, width, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor) -> Tensor:
        b, c, height, width = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(b, 3, self.heads, c // self.heads, -1).transpose(-1, -2).unbind(1)
        mixed = F.scaled_dot_product_attention(q, k, v)  # (B, heads, H * W, C / heads)
        return x + self.out(mixed.transpose(-1, -2).reshape(b, c, height, width))


def _groups(channels: int) -> int:
    return math.gcd(channels, 8)


def _fourier(t: Tensor) -> Tensor:
    """(B, 64): sines and cosines of the time at 32 frequencies."""
    angles = t[:, None] * torch.exp(torch.linspace(0, math.log(200), 32, device=t.device))
    return torch.cat([angles.sin(), angles.cos()], dim=1)
