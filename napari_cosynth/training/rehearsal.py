"""Rehearsal: the network's last steps together are judged, not each by itself.

In training each step begins from a real tile with noise. A sampler begins each from
what the step before left, and passes on whatever that got a little wrong: made tiles
were told from real ones by what adds up over the last five steps (docs/training.md,
tenth run). So real tiles are brought to a place on the path and made anew from there;
critics learn to tell them from the real ones, of the same nuclei, and the network
learns to persuade the critics, through its steps. Distillation to few steps does so
(Sauer et al. 2023, arXiv 2311.17042), also with the network's own steps before the
last (Yin et al. 2024, arXiv 2405.14867).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import cached

from napari_cosynth.model.detail import detail_of
from napari_cosynth.training.continuation import Predict, continued, place_before
from napari_cosynth.training.critic import Critic, GrainCritic, paired_loss
from napari_cosynth.training.losses import noisy_tile
from napari_cosynth.training.perception import KINDS, TrainedEye

if TYPE_CHECKING:
    from accelerate import Accelerator

    from napari_cosynth.training.batches import Batch

FIRST_STEPS = (0, 4, 6, 7, 8, 9)
"""Steps, of 12, at which a rehearsal may begin. Mostly a third to two thirds of the path lie behind them: it is settled
then what stands where; how it looks is not. Some begin from noise, as a sampler does."""
MOST_SLOPED = 3
"""Steps at the end that learn, at most: each more costs as much memory as a step of training."""
GRAIN_SHARE = 0.5
"""Length of what the critic of pixels asks of an image; that of each eye has 1. Each by its own measure: its slopes are
the steepest by far."""
DETAIL_SHARE = 0.5
"""Length of what an image is asked that misses its detail by a standard deviation of training sources, or by more."""


@dataclass(frozen=True)
class Rehearsed:
    """What the critics see of one rehearsal: each eye's features, and last the image; of real and of made tiles."""

    real: tuple[Sequence[Tensor] | Tensor, ...]
    made: tuple[Sequence[Tensor] | Tensor, ...]


class Rehearsal:
    """Critics of tiles that are made anew, with their optimizer.

    Parameters
    ----------
    learning_rate
        Of Adam without momentum: the network moves while they learn.
    looking
        Entered while eyes and critics look, such as autocast.
    """

    def __init__(
        self, learning_rate: float, accelerator: Accelerator, looking: Callable[[], AbstractContextManager]
    ) -> None:
        device = accelerator.device
        self.eyes = [TrainedEye(kind).to(device) for kind in KINDS]
        self.critics = nn.ModuleList([*(Critic(eye.widths) for eye in self.eyes), GrainCritic()]).to(device).train()
        optimizer = torch.optim.Adam(self.critics.parameters(), lr=learning_rate, betas=(0.0, 0.99), fused=True)
        self._accelerator, self._looking = accelerator, looking
        self._optimizer = accelerator.prepare(optimizer)
        self._ratio: Tensor | None = None

    def perform(self, predict: Predict, batch: Batch, noise: Tensor, chance: torch.Generator) -> Rehearsed:
        """Make a batch's tiles anew from a place on the path.

        Parameters
        ----------
        predict
            The network, told of the batch's layouts and prompts.
        noise
            (B, C, H, W), standard normal.
        chance
            On the CPU; decides where the rehearsal begins and how many of its steps learn.
        """
        first = FIRST_STEPS[int(torch.randint(len(FIRST_STEPS), (), generator=chance))]
        sloped = 1 + int(torch.randint(MOST_SLOPED, (), generator=chance))
        t = torch.full((len(noise),), place_before(first), device=noise.device)
        made = continued(predict, noisy_tile(batch, noise, t), first, sloped)[:, :3]
        image, real = _as_written(made), batch.clean[:, :3]
        with self._looking():
            with torch.no_grad():
                seen = (*(eye(real) for eye in self.eyes), real)
            return Rehearsed(seen, (*(eye(image) for eye in self.eyes), image))

    def teach(self, parameters: Sequence[nn.Parameter], rehearsed: Rehearsed, length: float) -> None:
        """Add to the parameters' gradients what persuades the critics; these learn nothing.

        Parameters
        ----------
        parameters
            Of the network, with the gradients of its other losses.
        length
            Of what is added, over that of these gradients: critics get stronger and weaker, and an
            even weight would follow them.
        """
        others = [parameter.grad for parameter in parameters]
        for parameter in parameters:
            parameter.grad = None
        self.critics.requires_grad_(False)
        image = rehearsed.made[-1]
        asked = torch.zeros_like(image)
        shares = (*[1.0] * len(self.eyes), GRAIN_SHARE)
        for share, critic, made, real in zip(shares, self.critics, rehearsed.made, rehearsed.real, strict=True):
            with self._looking(), cached():
                loss = paired_loss(critic(made), _without_slopes(critic, real))
            (slope,) = torch.autograd.grad(loss, image)
            asked += share * slope / slope.norm().clamp_min(1e-12)
        asked += _asked_of_detail(image, rehearsed.real[-1])
        self.critics.requires_grad_(True)
        image.backward(asked)
        added = [parameter.grad for parameter in parameters]
        ratio = _length(others) / _length(added).clamp_min(1e-12)
        # As it was on average: that of a single batch varies twofold.
        self._ratio = ratio if self._ratio is None else self._ratio.lerp(ratio, 0.1)
        weight = self._ratio * length
        for parameter, other, more in zip(parameters, others, added, strict=True):
            parameter.grad = other if more is None else weight * more + (0 if other is None else other)

    def learn(self, rehearsed: Rehearsed) -> Tensor:
        """One step of the critics; the network learns nothing.

        Returns
        -------
        Their mean `paired_loss`, a scalar: log 2 if they cannot tell, 0 if they always can.
        """
        with self._looking(), cached():
            losses = [
                paired_loss(critic(real), critic(_detached(made)))
                for critic, real, made in zip(self.critics, rehearsed.real, rehearsed.made, strict=True)
            ]
        loss = torch.stack(losses).sum()
        self._accelerator.backward(loss)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return loss.detach() / len(losses)

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {
            "critics": self.critics.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "ratio": self._ratio,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.critics.load_state_dict(state["critics"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._ratio = None if state["ratio"] is None else state["ratio"].to(self._accelerator.device)


def _asked_of_detail(image: Tensor, real: Tensor) -> Tensor:
    """What brings the detail of images (B, 3, H, W) to that of the real ones, down to a length of `DETAIL_SHARE`."""
    missed = (detail_of(image) - detail_of(real)).square().mean()
    (slope,) = torch.autograd.grad(missed, image)
    return DETAIL_SHARE * missed.detach().sqrt().clamp_max(1) * slope / slope.norm().clamp_min(1e-12)


def _as_written(image: Tensor) -> Tensor:
    """In the 256 steps of a file, which real images have: else that alone would tell them. Slopes pass."""
    return image + (((image + 1) * 127.5).round() / 127.5 - 1 - image).detach()


def _without_slopes(critic: nn.Module, seen: Sequence[Tensor] | Tensor) -> list[Tensor]:
    with torch.no_grad():
        return critic(seen)


def _detached(seen: Sequence[Tensor] | Tensor) -> Sequence[Tensor] | Tensor:
    return seen.detach() if isinstance(seen, Tensor) else [feature.detach() for feature in seen]


def _length(gradients: Sequence[Tensor | None]) -> Tensor:
    """Of all gradients as one vector."""
    return torch.stack(torch._foreach_norm([gradient for gradient in gradients if gradient is not None])).norm()
