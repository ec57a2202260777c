"""Exponential moving average of the weights, warmed up."""

from __future__ import annotations

import torch
from torch import nn


class WeightAverage:
    """Average of a network's weights: the one that is shipped.

    The decay at step n is min(decay, (1 + n) / (10 + n)), so that early weights
    are forgotten soon.
    """

    def __init__(self, network: nn.Module, decay: float = 0.999) -> None:
        self.decay = decay
        self.weights = {k: v.detach().clone().float() for k, v in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Move towards the network's weights."""
        keep = min(self.decay, (1 + step) / (10 + step))
        for mean, value in zip(self.weights.values(), network.state_dict().values(), strict=True):
            mean.lerp_(value.detach().float(), 1 - keep)
