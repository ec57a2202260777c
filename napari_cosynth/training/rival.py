"""The critic as a rival of the network: each learns from what the other makes of the same images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from napari_cosynth.training.critic import Critic, critic_loss, persuasion_loss

if TYPE_CHECKING:
    from accelerate import Accelerator

    from napari_cosynth.training.looks import Looks


class Rival:
    """A critic with its optimizer.

    Parameters
    ----------
    widths
        Of the features that it judges, see `Critic`.
    learning_rate
        Of Adam without momentum: the network moves while it learns.
    """

    def __init__(self, widths: Sequence[int], learning_rate: float, accelerator: Accelerator) -> None:
        self.critic = Critic(widths).to(accelerator.device).train()
        optimizer = torch.optim.Adam(self.critic.parameters(), lr=learning_rate, betas=(0.0, 0.99))
        self._accelerator = accelerator
        self._taught, self._optimizer = accelerator.prepare(self.critic, optimizer)

    def persuasion_loss(self, seen: Looks) -> Tensor:
        """What the network is to make small; rows that are not looked at count 0. The critic learns nothing."""
        self.critic.requires_grad_(False)
        loss = persuasion_loss(self.critic(seen.made)).sum() / seen.rows
        self.critic.requires_grad_(True)
        return loss

    def learn(self, seen: Looks) -> Tensor:
        """One step of the critic; the network learns nothing.

        Returns
        -------
        Its hinge loss, a scalar: 2 if it cannot tell, 0 if it always can.
        """
        made = [feature.detach() for feature in seen.made]
        loss = critic_loss(self._taught(seen.real), self._taught(made))
        self._accelerator.backward(loss)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return loss.detach()

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"critic": self.critic.state_dict(), "optimizer": self._optimizer.state_dict()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.critic.load_state_dict(state["critic"])
        self._optimizer.load_state_dict(state["optimizer"])
