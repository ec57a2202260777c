"""How the tile goes from noise to clean in training: all channels together, or labels first.

Each process says what the network is shown at a drawn time, and which errors
count. It knows no data source and no optimizer.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import torch
from torch import Tensor

from napari_cosynth.model.unet import CleanTile
from napari_cosynth.training.batches import Batch
from napari_cosynth.training.losses import Losses, joint_losses, noisy_tile


class Process(Protocol):
    """What the training loop asks of a process."""

    def shown(self, batch: Batch, noise: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """The noisy tile (B, C, H, W), and the places on the path that the network is told."""
        ...

    def losses(self, estimate: CleanTile, batch: Batch, t: Tensor) -> Losses:
        """The errors that count."""
        ...

    def image_times(self, t: Tensor) -> Tensor:
        """(B,) how clean each row's image is; 0 where it is not learned from."""
        ...


class JointProcess:
    """Image and labels at the same place on the path, all errors count."""

    def shown(self, batch: Batch, noise: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        return noisy_tile(batch, noise, t), t

    def losses(self, estimate: CleanTile, batch: Batch, t: Tensor) -> Losses:
        return joint_losses(estimate, batch, t)

    def image_times(self, t: Tensor) -> Tensor:
        return t


class LabelsFirstProcess:
    """Even rows teach the labels beside an image of plain noise, odd rows the image beside clean labels.

    As many crops as in the joint process, so each half of the task sees half of
    them. Labels that nobody knows stay noise in both halves.
    """

    def shown(self, batch: Batch, noise: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        labels = noisy_tile(_rows(batch, 0), noise[0::2], t[0::2])
        image = noisy_tile(_rows(batch, 1), noise[1::2], t[1::2])
        clean = noisy_tile(_rows(batch, 1), noise[1::2], torch.ones_like(t[1::2]))
        z = torch.empty_like(noise)
        z[0::2] = torch.cat([noise[0::2, :3], labels[:, 3:]], dim=1)
        z[1::2] = torch.cat([image[:, :3], clean[:, 3:]], dim=1)
        places = torch.stack([self.image_times(t), torch.ones_like(t)], dim=1)
        places[0::2, 1] = t[0::2]
        return z, places

    def losses(self, estimate: CleanTile, batch: Batch, t: Tensor) -> Losses:
        halves = []
        for first in (0, 1):
            part = CleanTile(estimate.continuous[first::2], estimate.class_logits[first::2])
            halves.append(joint_losses(part, _rows(batch, first), t[first::2]))
        return replace(halves[0], image=halves[1].image)

    def image_times(self, t: Tensor) -> Tensor:
        times = t.clone()
        times[0::2] = 0
        return times


PROCESSES: dict[str, Process] = {"joint": JointProcess(), "labels-first": LabelsFirstProcess()}
"""By the process in a network's configuration."""


def _rows(batch: Batch, first: int) -> Batch:
    """Every second row of a batch."""
    tensors = {name: value[first::2] for name, value in vars(batch).items()}
    return Batch(**tensors)
