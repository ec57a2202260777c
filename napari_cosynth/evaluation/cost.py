"""What a tile costs in arithmetic, beside the network of the paper's authors.

Counted on a network without weights: nothing is computed, so it takes no time.
"""

from __future__ import annotations

import json

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict
from torch.utils.flop_counter import FlopCounterMode

from napari_cosynth.model.path import noise_levels
from napari_cosynth.model.pipeline import GUIDED_UNTIL
from napari_cosynth.model.surround import MARGIN, SURROUNDED_FROM
from napari_cosynth.model.unet import IMAGE_CHANNELS, JointUNet
from napari_cosynth.model.zoo import ModelFolder
from napari_cosynth.request import SynthesisRequest

SIDE_PX = 256
TOKENS = 32
"""Tokens of a usual prompt; they hardly count."""


class NetworkCost(BaseModel):
    """Size of a network and the arithmetic of one tile of 256 px."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    parameters: int
    gflop_per_forward: float
    """10^9 floating-point operations, a multiplication and its addition being two, for one tile: the mean of its
    forwards, some of which are on a wider canvas."""
    forwards_per_tile: int

    @property
    def tflop_per_tile(self) -> float:
        """10^12 floating-point operations of a whole tile."""
        return self.gflop_per_forward * self.forwards_per_tile / 1000


OFFICIAL = NetworkCost(parameters=700_000_000, gflop_per_forward=1276, forwards_per_tile=2000)
"""The network of Min, Oh, Jeong (arXiv 2407.14434): 1,000 steps, two forwards each. It is not said whether
its operations count a multiplication and its addition as one or two."""


class CostReport(BaseModel):
    """A model's cost beside the official network's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ours: NetworkCost
    official: NetworkCost = OFFICIAL
    steps: int

    @property
    def times_less(self) -> float:
        """How many tiles of ours cost as much as one of the official network's."""
        return self.official.tflop_per_tile / self.ours.tflop_per_tile


def cost(folder: ModelFolder, request: SynthesisRequest) -> CostReport:
    """Cost of a request's tile, were it of 256 px.

    Parameters
    ----------
    folder
        The model; its weights are not read.
    request
        Steps and guidance.
    """
    config = json.loads((folder.path / "unet" / "config.json").read_text(encoding="utf-8"))
    with torch.device("meta"):
        network = JointUNet.from_config(config)
    # Without a prompt, or with one that goes unheard, there is nothing to guide by.
    scales = (request.guidance if request.prompt and request.guidance else 1.0, request.layout_guidance)
    levels = noise_levels(request.steps)
    forwards = np.ones(request.steps, int)
    for scale in scales:
        # What mutes prompt or layout runs to the end, what strengthens them only while there is much noise.
        forwards += (scale < 1) | ((scale > 1) & (levels >= GUIDED_UNTIL))
    # The first step has no tile yet to surround, however it is spaced.
    surrounded = (levels < SURROUNDED_FROM) & (np.arange(request.steps) > 0)
    plain, wide = (flop_of_forward(network, side) for side in (SIDE_PX, SIDE_PX + 2 * MARGIN))
    flop = (forwards * np.where(surrounded, wide, plain)).sum()
    return CostReport(
        ours=NetworkCost(
            parameters=sum(p.numel() for p in network.parameters()),
            gflop_per_forward=round(flop / forwards.sum() / 1e9, 3),
            forwards_per_tile=forwards.sum(),
        ),
        steps=request.steps,
    )


def flop_of_forward(network: JointUNet, side_px: int = SIDE_PX) -> int:
    """Floating-point operations of one forward pass for one tile; ``network`` on the meta device."""
    config = network.config
    with torch.device("meta"):
        inputs = (
            torch.zeros(1, IMAGE_CHANNELS + 2 + config.n_classes, side_px, side_px),
            torch.zeros(1),
            torch.zeros(1, config.condition_channels, side_px, side_px),
            torch.zeros(1, 1, side_px, side_px),
            torch.zeros(1, dtype=torch.int64),
            torch.zeros(1, TOKENS, config.text_channels),
            torch.ones(1, TOKENS, dtype=torch.bool),
        )
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(*inputs)
    return counter.get_total_flops()
