"""JointUNet: one network for the image, the distance map and the class maps.

It knows tensors only: no layouts, no prompts, no files. `conditioning` makes
its inputs, `pipeline` runs it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

from napari_cosynth.model.blocks import Downsample, EdgeConv, ResidualBlock, TextTransformer, Upsample, groups
from napari_cosynth.model.detail import N_DETAIL

IMAGE_CHANNELS = 3
SIGMA_DATA = 0.5
"""Spread of the continuous channels; fixes the preconditioning below."""


@dataclass(frozen=True)
class CleanTile:
    """The network's estimate of the clean joint tile.

    ``continuous`` (B, 4, H, W): RGB and distance in -1..1. ``class_logits``
    (B, 1 + classes, H, W): background first.
    """

    continuous: Tensor
    class_logits: Tensor

    @property
    def joint(self) -> Tensor:
        """(B, 5 + classes, H, W), class probabilities scaled to -1..1."""
        return torch.cat([self.continuous, self.class_logits.softmax(1) * 2 - 1], dim=1)


class JointUNet(ModelMixin, ConfigMixin):
    """U-Net over a pixel-unshuffled joint tile, attention at the coarsest level.

    The joint tile ``z`` (B, 4 + 1 + n_classes, H, W) lies on the straight path
    ``z = t x + (1 - t) e`` from noise ``e`` (t = 0) to the tile ``x`` (t = 1).
    The network returns the clean end point x. For RGB and distance its raw
    output is preconditioned as in Karras et al. 2022 (arXiv 2206.00364, eq. 7),
    carried over from the variance-exploding to the straight path; for the class
    maps its raw output is the logits of a softmax over background and classes.

    Parameters
    ----------
    n_classes
        Number of classes that the class maps tell apart, background not counted.
    condition_channels
        Channels of the layout's condition, see `conditioning.layout_condition`.
    text_channels
        Width of the text encoder's token states.
    channels
        Width of each level, the finest first; each level halves the side.
    blocks
        Residual blocks of each level and direction.
    attention_blocks
        Transformer blocks (self-attention, cross-attention to the text) at the
        coarsest level.
    refinements
        Further residual blocks of each level on the way up, once it has its skips;
        none if empty. What they make is texture.
    patch
        Pixel-unshuffle factor before the first level.
    process
        "joint": image and labels go along the path together. "labels-first":
        each has its own place on it, see `labels_first`.
    distance
        The distance map that it is trained to make, a name in `targets.DISTANCES`.
    told_detail
        Whether the network is told of each image's detail, see `detail.detail_of`.

    Raises
    ------
    ValueError
        If refinements are given for another number of levels.
    """

    @register_to_config
    def __init__(
        self,
        n_classes: int = 7,
        condition_channels: int = 9,
        text_channels: int = 384,
        channels: tuple[int, ...] = (48, 96, 192, 192),
        blocks: int = 1,
        attention_blocks: int = 1,
        refinements: tuple[int, ...] = (),
        patch: int = 2,
        process: str = "joint",
        distance: str = "interior",
        told_detail: bool = False,
    ) -> None:
        super().__init__()
        if refinements and len(refinements) != len(channels):
            raise ValueError(
                f"got refinements for {len(refinements)} levels ({','.join(map(str, refinements))}); "
                f"give one number for each of the {len(channels)} levels"
            )
        joint = IMAGE_CHANNELS + 1 + 1 + n_classes
        embedding = 4 * channels[0]
        self.time = _time_embedding(embedding)
        self.label_time = _time_embedding(embedding) if process == "labels-first" else None
        self.detail = _detail_embedding(embedding) if told_detail else None
        self.text_pooled = nn.Linear(text_channels, embedding)
        self.no_text = nn.Parameter(torch.zeros(text_channels))
        self.layout_state = nn.Embedding(3, embedding)

        # One more input channel says where the label channels carry labels.
        self.stem = EdgeConv((joint + condition_channels + 1) * patch**2, channels[0])
        self.down = nn.ModuleList()
        self.up = nn.ModuleList()
        self.refine = nn.ModuleList()
        skips, width = [channels[0]], channels[0]
        for level, out in enumerate(channels):
            stage = nn.ModuleList()
            for _ in range(blocks):
                stage.append(ResidualBlock(width, out, embedding))
                width = out
                skips.append(width)
            if level < len(channels) - 1:
                stage.append(Downsample(width, channels[level + 1]))
                width = channels[level + 1]
                skips.append(width)
            self.down.append(stage)
        self.middle = nn.ModuleList(
            module
            for _ in range(attention_blocks)
            for module in (ResidualBlock(width, width, embedding), TextTransformer(width, text_channels))
        )
        self.middle.append(ResidualBlock(width, width, embedding))
        for level, out in reversed(list(enumerate(channels))):
            stage = nn.ModuleList()
            for _ in range(blocks + 1):
                stage.append(ResidualBlock(width + skips.pop(), out, embedding))
                width = out
            further = refinements[level] if refinements else 0
            self.refine.append(nn.ModuleList(ResidualBlock(width, width, embedding) for _ in range(further)))
            if level > 0:
                stage.append(Upsample(width, channels[level - 1]))
                width = channels[level - 1]
            self.up.append(stage)
        self.head_norm = nn.GroupNorm(groups(width), width)
        self.head = EdgeConv(width, joint * patch**2)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(
        self,
        z: Tensor,
        t: Tensor,
        condition: Tensor,
        known: Tensor,
        layout_state: Tensor,
        text: Tensor,
        text_mask: Tensor,
        detail: Tensor | None = None,
    ) -> CleanTile:
        """Estimate the clean tile.

        Parameters
        ----------
        z
            (B, 5 + n_classes, H, W) noisy joint tile; H, W multiples of
            ``patch * 2 ** (levels - 1)``.
        t
            (B,) place on the path, 0 = noise, 1 = tile; or (B, 2), that of the
            image and that of the labels.
        condition
            (B, condition_channels, H, W) layout.
        known
            (B, 1, H, W) 1 where ``z`` carries labels, 0 where its label channels
            are plain noise because the source has none.
        layout_state
            (B,) int64: 0 dropped, 1 partial, 2 complete.
        text, text_mask
            (B, L, text_channels) token states and (B, L) bool, True = a token. A
            row without any token is an absent prompt.
        detail
            (B, 2), see `detail.detail_of`; the mean of training sources if None. Of no account to a network that is not
            told.
        """
        patch = self.config.patch
        t_image, t_labels = (t, t) if t.ndim == 1 else t.unbind(1)
        places = [t_image] * IMAGE_CHANNELS + [t_labels] * (z.shape[1] - IMAGE_CHANNELS)
        s = torch.stack(places, dim=1)[..., None, None].to(z.dtype)  # (B, C, 1, 1)
        variance = (s * SIGMA_DATA) ** 2 + (1 - s) ** 2
        joint = torch.cat([z * variance.rsqrt(), condition, known], dim=1)

        text, text_mask, pooled = self._text(text.to(z.dtype), text_mask)
        emb = self.time(_fourier(t_image).to(z.dtype)) + self.text_pooled(pooled) + self.layout_state(layout_state)
        if self.label_time is not None:
            emb = emb + self.label_time(_fourier(t_labels).to(z.dtype))
        if self.detail is not None:
            emb = emb + self.detail(z.new_zeros(len(z), N_DETAIL) if detail is None else detail.to(z.dtype))
        emb = F.silu(emb)

        h = self.stem(F.pixel_unshuffle(joint, patch).contiguous(memory_format=torch.channels_last))
        skips = [h]
        for stage in self.down:
            for module in stage:
                h = module(h, emb)
                skips.append(h)
        for module in self.middle:
            h = module(h, text, text_mask) if isinstance(module, TextTransformer) else module(h, emb)
        for stage, refine in zip(self.up, self.refine, strict=True):
            blocks = [module for module in stage if isinstance(module, ResidualBlock)]
            for block in blocks:
                h = block(torch.cat([h, skips.pop()], dim=1), emb)
            for block in refine:
                h = block(h, emb)
            for upsample in stage[len(blocks) :]:
                h = upsample(h)
        raw = F.pixel_shuffle(self.head(F.silu(self.head_norm(h))), patch).float()

        # c_skip and c_out of Karras et al. 2022, eq. 7, for z = t x + (1 - t) e.
        n = IMAGE_CHANNELS + 1
        s, variance = s[:, :n].float(), variance[:, :n].float()
        c_skip = s * SIGMA_DATA**2 / variance
        c_out = (1 - s) * SIGMA_DATA * variance.rsqrt()
        return CleanTile(c_skip * z[:, :n].float() + c_out * raw[:, :n], raw[:, n:])

    def _text(self, text: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Put the learned "no text" token first, and pool the tokens of each row."""
        b = len(text)
        tokens = torch.cat([self.no_text.to(text.dtype).expand(b, 1, -1), text], dim=1)  # (B, 1 + L, D)
        weight = mask.to(text.dtype)[..., None]
        mean = (text * weight).sum(1) / weight.sum(1).clamp_min(1)
        pooled = torch.where(mask.any(1, keepdim=True), mean, self.no_text.to(text.dtype))
        return tokens, torch.cat([torch.ones_like(mask[:, :1]), mask], dim=1), pooled


def _time_embedding(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(128, width), nn.SiLU(), nn.Linear(width, width))


def _detail_embedding(width: int) -> nn.Sequential:
    last = nn.Linear(width, width)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(N_DETAIL, width), nn.SiLU(), last)


def _fourier(t: Tensor, n: int = 64) -> Tensor:
    """(B,) -> (B, 2 n) sines and cosines of t, frequencies 1 to 1000."""
    angle = t.float()[:, None] * torch.logspace(0, 3, n, device=t.device)
    return torch.cat([angle.sin(), angle.cos()], dim=1)
