"""The training objective.

The paper weighs image, distance and class losses 9 : 1 : 3 over 1000 steps of
two processes (sec. 4.1). Here all channels lie on one straight path from noise
to tile (Lipman et al. 2023, arXiv 2210.02747) and the network predicts its end.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from napari_cosynth.model.targets import UNSTATED
from napari_cosynth.model.unet import SIGMA_DATA, CleanTile
from napari_cosynth.training.batches import Batch

IMAGE_WEIGHT, DISTANCE_WEIGHT, CLASS_WEIGHT = 1.0, 0.15, 0.15
PERCEPTUAL_WEIGHT = 0.05
"""Makes its gradient on the network's weights about as long as that of the image's squared error."""
TIMES = ((0.55, -0.5, 1.4), (0.13, -4.5, 1.3), (0.22, 1.2, 1.0), (0.1, 2.5, 1.0))
"""Share of the crops, mean and spread of t = sigmoid(N(mean, spread)), Esser et al. 2024 (arXiv 2403.03206), eq. 19.

Most lie where nuclei take shape, and more than a fifth where their texture does, from t = 0.5 to 0.9. Staining and
tissue are settled before that, within the first hundredths of the path, where only the prompt knows them; the grain
of single pixels after it.
"""


@dataclass(frozen=True)
class Losses:
    """Scalars of one step."""

    image: Tensor
    distance: Tensor
    classes: Tensor

    @property
    def total(self) -> Tensor:
        """The weighted sum that is minimised."""
        return IMAGE_WEIGHT * self.image + DISTANCE_WEIGHT * self.distance + CLASS_WEIGHT * self.classes


def draw_times(n: int, generator: torch.Generator) -> Tensor:
    """(n,) float32 places on the path, as many in each part of `TIMES` as its share says, in any order."""
    # Stratified: a batch covers the path evenly, so the loss varies less.
    uniform = (torch.arange(n) + torch.rand(n, generator=generator)) / n
    shares, means, spreads = torch.tensor(TIMES, dtype=torch.float64).T
    ends = shares.cumsum(0)
    part = torch.bucketize(uniform.double(), ends, right=True).clamp_max(len(TIMES) - 1)
    within = 1 - (ends[part] - uniform) / shares[part]
    times = torch.sigmoid(means[part] + spreads[part] * torch.special.ndtri(within.clamp(1e-4, 1 - 1e-4))).float()
    # Shuffled: a process that treats even and odd rows apart would teach them different stretches.
    return times[torch.randperm(n, generator=generator)]


def noisy_tile(batch: Batch, noise: Tensor, t: Tensor) -> Tensor:
    """z = t x + (1 - t) e; label channels without labels are noise alone.

    Parameters
    ----------
    batch
        Its ``clean`` tile is x.
    noise
        (B, C, H, W), standard normal.
    t
        (B,).
    """
    t = t[:, None, None, None]
    z = t * batch.clean + (1 - t) * noise
    return torch.cat([z[:, :3], torch.where(batch.known > 0, z[:, 3:], noise[:, 3:])], dim=1)


def joint_losses(estimate: CleanTile, batch: Batch, t: Tensor) -> Losses:
    """Errors of the estimated clean tile, each only where its labels speak.

    RGB and distance: squared error over c_out(t)^2, which weighs all times alike
    (Karras et al. 2022, sec. 5). Classes: cross-entropy; where a nucleus has no
    stated class, of nucleus against background.
    """
    s = t[:, None, None, None]
    c_out2 = ((1 - s) * SIGMA_DATA) ** 2 / ((s * SIGMA_DATA) ** 2 + (1 - s) ** 2)
    # Very clean tiles would weigh without bound; 8-bit images carry nothing there.
    error = (estimate.continuous - batch.clean[:, :4]) ** 2 / c_out2.clamp_min(4e-4)
    spoken = batch.known.sum().clamp_min(1)
    log_p = F.log_softmax(estimate.class_logits, dim=1)
    nucleus = torch.logsumexp(log_p[:, 1:], dim=1)
    stated = log_p.gather(1, batch.classes.clamp_min(0)[:, None])[:, 0]
    entropy = -torch.where(batch.classes == UNSTATED, nucleus, stated)
    return Losses(
        image=error[:, :3].mean(),
        distance=(error[:, 3:] * batch.known).sum() / spoken,
        classes=(entropy * batch.class_weight[:, 0]).sum() / batch.class_weight.sum().clamp_min(1),
    )
