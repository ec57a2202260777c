"""What the network's images look like to a trained eye, as far as they can look like anything.

Early on the path the mean of many tiles is the right estimate, and one that
looks like tissue would settle too early which of them it becomes: those rows
are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from napari_cosynth.model.unet import CleanTile
from napari_cosynth.training.batches import Batch
from napari_cosynth.training.perception import TrainedEye, perceptual_distance

LOOKS_FROM = 0.6
"""Place on the path from which on an estimate is looked at. Before it an estimate that is to look like tissue shows
detail that nobody can know yet (docs/training.md, "Where does the error enter")."""


@dataclass(frozen=True)
class Looks:
    """Features of estimated and of real images, the rows that are looked at; ``rows`` of all in the batch."""

    made: tuple[Tensor, ...]
    real: tuple[Tensor, ...]
    rows: int

    def perceptual_loss(self) -> Tensor:
        """Mean perceptual distance to the real image; rows that are not looked at count 0."""
        return perceptual_distance(self.made, self.real).sum() / self.rows


def looks(eye: TrainedEye, estimate: CleanTile, batch: Batch, t: Tensor) -> Looks | None:
    """Look at the rows that are late enough; None if none is.

    Parameters
    ----------
    t
        (B,) how clean each row's image is; on the CPU, so that nobody waits for a GPU to count rows.
    """
    late = torch.nonzero(t > LOOKS_FROM)[:, 0].to(batch.clean.device, non_blocking=True)
    if len(late) == 0:
        return None
    with torch.no_grad():
        real = eye(batch.clean[late, :3])
    return Looks(tuple(eye(estimate.continuous[late, :3])), tuple(real), len(t))
