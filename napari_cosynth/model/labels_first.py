"""Labels first, the image from them: the two-stage process that the joint one is held against.

The same network, trained with a place on the path for the image and another one
for the labels. Labels are made while the image is noise; then they stand still
and the image is made. For comparison; the bundled model is a joint one.
"""

from __future__ import annotations

import torch
from torch import Tensor

from napari_cosynth.model.pipeline import CoSynthPipeline
from napari_cosynth.model.unet import IMAGE_CHANNELS, JointUNet

IMAGE, LABELS = slice(0, IMAGE_CHANNELS), slice(IMAGE_CHANNELS, None)


class LabelsFirstPipeline(CoSynthPipeline):
    """Runs a network whose ``process`` is "labels-first"; all else as in `CoSynthPipeline`.

    The number of steps is shared out: the first half makes the labels, the second the image.
    """

    stages = (LABELS, IMAGE)

    def _places(self, t: Tensor, part: slice, n: int) -> Tensor:
        """(n, 2) places of image and labels."""
        t = t.to(self.unet.device)
        pair = (torch.zeros_like(t), t) if part == LABELS else (t, torch.ones_like(t))
        return torch.stack(pair).expand(n, 2)


PIPELINES = {"joint": CoSynthPipeline, "labels-first": LabelsFirstPipeline}
"""By the process in a network's configuration."""


def pipeline_class(network: JointUNet) -> type[CoSynthPipeline]:
    """The pipeline that samples as the network was trained."""
    return PIPELINES[network.config.process]
