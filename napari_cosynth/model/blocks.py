"""The blocks that networks of tiles are put together from."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def groups(width: int) -> int:
    """Groups in which so many channels are normalised."""
    return math.gcd(width, 16)


class ResidualBlock(nn.Module):
    """Two convolutions, scaled and shifted by the embedding between them."""

    def __init__(self, width: int, out: int, embedding: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(groups(width), width)
        self.conv1 = EdgeConv(width, out)
        self.modulate = nn.Linear(embedding, 2 * out)
        self.norm2 = nn.GroupNorm(groups(out), out)
        self.conv2 = EdgeConv(out, out)
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)
        self.skip = nn.Conv2d(width, out, 1) if width != out else nn.Identity()

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        scale, shift = self.modulate(emb)[..., None, None].chunk(2, dim=1)
        h = self.conv1(F.silu(self.norm1(x)))
        h = self.norm2(h) * (1 + scale) + shift
        return self.skip(x) + self.conv2(F.silu(h))


class TextTransformer(nn.Module):
    """Self-attention, cross-attention to the text, and a feed-forward layer."""

    def __init__(self, width: int, text_channels: int, head: int = 32) -> None:
        super().__init__()
        self.heads = width // head
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))
        self.qkv = nn.Linear(width, 3 * width)
        self.q = nn.Linear(width, width)
        self.kv = nn.Linear(text_channels, 2 * width)
        self.out1, self.out2 = nn.Linear(width, width), nn.Linear(width, width)
        self.feed = nn.Sequential(nn.Linear(width, 3 * width), nn.GELU(), nn.Linear(3 * width, width))
        for last in (self.out1, self.out2, self.feed[-1]):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, x: Tensor, text: Tensor, text_mask: Tensor) -> Tensor:
        b, c, height, width = x.shape
        h = x.flatten(2).transpose(1, 2)  # (B, N, C)
        h = h + self.out1(self._attend(*self.qkv(self.norm1(h)).chunk(3, dim=-1)))
        keys, values = self.kv(text).chunk(2, dim=-1)
        h = h + self.out2(self._attend(self.q(self.norm2(h)), keys, values, text_mask[:, None, None, :]))
        h = h + self.feed(self.norm3(h))
        return h.transpose(1, 2).reshape(b, c, height, width).contiguous(memory_format=torch.channels_last)

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
        q, k, v = (x.unflatten(-1, (self.heads, -1)).transpose(1, 2) for x in (q, k, v))  # (B, heads, N, C/heads)
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).flatten(2)


class EdgeConv(nn.Conv2d):
    """3 x 3 convolution; beyond the edge stands the edge's own value.

    Zeros there would be read as tissue's end: they left a rim of coloured noise.
    """

    def __init__(self, width: int, out: int) -> None:
        super().__init__(width, out, 3)

    def forward(self, x: Tensor) -> Tensor:
        if torch.compiler.is_compiling():
            # Compiled, the padding's backward pass fails: it takes the memory format for another one.
            x = torch.cat([x[:, :, :1], x, x[:, :, -1:]], dim=2)
            return super().forward(torch.cat([x[..., :1], x, x[..., -1:]], dim=3))
        # Autocast on processors pads in float32, there and back: an eighth of a training step.
        with torch.autocast("cpu", enabled=False):
            x = F.pad(x, (1, 1, 1, 1), mode="replicate")
        return super().forward(x)


class Downsample(nn.Module):
    """Half the side."""

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4 * width, out, 1)

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        return self.conv(F.pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last))


class Upsample(nn.Module):
    """Twice the side."""

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(self.conv(x), scale_factor=2, mode="nearest")
