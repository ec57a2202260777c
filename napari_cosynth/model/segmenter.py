"""Segmenter: a small U-Net that finds nuclei in an image alone.

The judge of made tiles. It is trained on real tissue only, shares no weights
with the joint model, and must never be given a layout or a label.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

from napari_cosynth.classes import Taxonomy
from napari_cosynth.model.watershed import split_nuclei


class Segmenter(ModelMixin, ConfigMixin):
    """U-Net with a distance head and class maps.

    Parameters
    ----------
    taxonomy
        The classes, as ``Taxonomy.model_dump(mode="json")``; it tells the
        stated ones apart.
    channels
        Width of each level, the finest first; each level halves the side.
    patch
        Pixel-unshuffle factor before the first level.
    threshold, depth
        How `segment` reads the maps: foreground probability from which a pixel
        is nucleus, and the fall of the distance between two nuclei
        (`watershed.split_nuclei`).
    """

    @register_to_config
    def __init__(
        self,
        taxonomy: dict,
        channels: tuple[int, ...] = (32, 64, 128, 128),
        patch: int = 2,
        threshold: float = 0.5,
        depth: float = 0.15,
    ) -> None:
        super().__init__()
        self.taxonomy = Taxonomy.model_validate(taxonomy)
        maps = 2 + len(self.taxonomy.stated)  # distance, background, classes
        self.stem = nn.Conv2d(3 * patch**2, channels[0], 3, padding=1)
        self.down = nn.ModuleList()
        width = channels[0]
        for out in channels:
            self.down.append(_Block(width, out))
            width = out
        self.up = nn.ModuleList()
        for out in reversed(channels[:-1]):
            self.up.append(_Block(width + out, out))
            width = out
        self.head = nn.Conv2d(width, maps * patch**2, 3, padding=1)

    @property
    def multiple(self) -> int:
        """Sides of an input must be multiples of this, px."""
        return self.config.patch * 2 ** (len(self.config.channels) - 1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Distance and class logits.

        Parameters
        ----------
        image
            (B, 3, H, W) RGB in -1..1; H, W multiples of `multiple`.

        Returns
        -------
        distance
            (B, H, W), about 1 at the deepest point of a nucleus and 0 outside.
        class_logits
            (B, 1 + stated classes, H, W), background first.
        """
        *skips, h = self.levels(image)
        for block in self.up:
            h = block(torch.cat([F.interpolate(h, scale_factor=2, mode="nearest"), skips.pop()], dim=1))
        maps = F.pixel_shuffle(self.head(h), self.config.patch).float()
        return maps[:, 0], maps[:, 1:]

    def levels(self, image: Tensor) -> list[Tensor]:
        """Feature maps of the levels, the finest first: (B, channels, H / s, W / s) with s = ``patch * 2**level``.

        Parameters
        ----------
        image
            As in `forward`.
        """
        h = self.stem(F.pixel_unshuffle(image, self.config.patch).contiguous(memory_format=torch.channels_last))
        maps = []
        for level, block in enumerate(self.down):
            h = block(F.max_pool2d(h, 2) if level else h)
            maps.append(h)
        return maps

    @torch.inference_mode()
    def maps(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distance float32 (H, W) and class probabilities float32 (1 + stated, H, W) of a uint8 (H, W, 3) image."""
        height, width = image.shape[:2]
        missing = [(-side) % self.multiple for side in (height, width)]
        padded = np.pad(image, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="symmetric")
        distance, logits = self(image_tensor(padded)[None].to(self.device, self.dtype))
        probabilities = logits[0, :, :height, :width].softmax(0)
        return distance[0, :height, :width].cpu().numpy(), probabilities.cpu().numpy()

    def segment(self, images: Sequence[np.ndarray]) -> list[tuple[np.ndarray, dict[int, int]]]:
        """Nuclei of images, from the images alone.

        Parameters
        ----------
        images
            Each uint8 (H, W, 3) RGB at 0.25 um/px; any size, not all the same.

        Returns
        -------
        One (instances, class_of) for each image: int32 (H, W) and the class id of
        each label id; every nucleus has a class.
        """
        return [self._segment(image) for image in images]

    def _segment(self, image: np.ndarray) -> tuple[np.ndarray, dict[int, int]]:
        distance, probabilities = self.maps(image)
        foreground = 1 - probabilities[0] > self.config.threshold
        instances = split_nuclei(foreground, distance, depth=self.config.depth)
        # A nucleus is of the class that most of its pixels together believe in.
        votes = np.stack([np.bincount(instances.ravel(), weights=p.ravel()) for p in probabilities[1:]])
        stated = self.taxonomy.stated
        return instances, {i: stated[int(votes[:, i].argmax())] for i in range(1, votes.shape[1])}


class _Block(nn.Module):
    """Two convolutions with a short cut."""

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, out, 3, padding=1)
        self.norm1 = nn.GroupNorm(math.gcd(out, 8), out)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1)
        self.norm2 = nn.GroupNorm(math.gcd(out, 8), out)
        self.skip = nn.Conv2d(width, out, 1) if width != out else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        h = F.silu(self.norm1(self.conv1(x)))
        return F.silu(self.skip(x) + self.norm2(self.conv2(h)))


def image_tensor(image: np.ndarray) -> Tensor:
    """uint8 (H, W, 3) as float32 (3, H, W) in -1..1."""
    return torch.from_numpy(image.astype(np.float32).transpose(2, 0, 1) / 127.5 - 1)
