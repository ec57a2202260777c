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
        self.weights = {k: v.detach().float().clone() for k, v in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Move towards the network's weights."""
        keep = min(self.decay, (1 + step) / (10 + step))
        now = [value.detach().float() for value in network.state_dict().values()]
        # All at once: hundreds of small calls would keep a GPU waiting.
        torch._foreach_lerp_(list(self.weights.values()), now, 1 - keep)
