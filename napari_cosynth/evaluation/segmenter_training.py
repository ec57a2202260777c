"""Trains the segmenter on labelled crops: a generator, like the model's own loop.

It sees real tiles of the sources that have masks; where labels are partial they
count only where they speak. Step n draws its crops from n alone, so a killed
run goes on as if nothing had happened.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from napari_cosynth.classes import Taxonomy
from napari_cosynth.data.crops import Crop, CropSampler
from napari_cosynth.data.labelled import LabelledTile
from napari_cosynth.data.stain import jitter_stain
from napari_cosynth.model.segmenter import Segmenter, image_tensor
from napari_cosynth.model.targets import UNSTATED, class_target, distance_target
from napari_cosynth.training.checkpoint import load_checkpoint, save_checkpoint
from napari_cosynth.training.ema import WeightAverage

DISTANCE_WEIGHT = 10.0
"""Brings the mean squared error of the distance to the size of the class loss."""


class SegmenterSettings(BaseModel):
    """What decides the course of a run, apart from data and network."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = Field(4000, ge=1)
    batch_size: int = Field(8, ge=1)
    crop: int = Field(128, ge=16)
    learning_rate: float = Field(1.5e-3, gt=0)
    warmup: int = Field(100, ge=0)
    stain_jitter: float = Field(0.2, ge=0)
    """Spread of the log factor on each stain: wider than real stains, so that made ones are no surprise."""
    ema_decay: float = Field(0.995, ge=0, lt=1)
    seed: int = 0
    checkpoint_every_s: float = Field(120, gt=0)
    precision: Literal["bf16", "float32"] = "bf16"
    """float32 is the faster one on processors without bf16 arithmetic."""

    def learning_rate_at(self, step: int) -> float:
        """Warm-up, then half a cosine down to 0 at the last step."""
        rise = min(1.0, (step + 1) / max(1, self.warmup))
        return self.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * min(1.0, step / self.steps)))


@dataclass(frozen=True)
class SegmenterProgress:
    """One finished step."""

    step: int
    steps: int
    seconds: float
    distance: float
    classes: float
    learning_rate: float


def segmenter_sampler(
    tiles: Sequence[LabelledTile],
    taxonomy: Taxonomy,
    settings: SegmenterSettings,
    source_weights: Mapping[str, float] | None = None,
) -> CropSampler:
    """Crops of the ``train`` tiles that have an image and masks.

    Parameters
    ----------
    tiles
        Of any split and kind; the others are left out.
    source_weights
        Factors on the share of each source, 1 where not named.

    Raises
    ------
    ValueError
        If there is none.
    """
    masked = [t for t in tiles if t.split == "train" and t.image is not None and t.instances is not None]
    if not masked:
        raise ValueError("no train tile has both an image and instance masks; the segmenter learns from nothing else")
    return CropSampler(masked, taxonomy, settings.crop, settings.seed, source_weights)


def train_segmenter(
    network: Segmenter, sampler: CropSampler, settings: SegmenterSettings, folder: Path, resume: bool = False
) -> Iterator[SegmenterProgress]:
    """Train in place; at the end, or when closed, the network holds the averaged weights.

    Parameters
    ----------
    network
        On the device where it shall be trained.
    sampler
        See `segmenter_sampler`.
    folder
        Where the checkpoint lives.
    resume
        Go on from the folder's checkpoint if there is one.
    """
    device = network.device
    network.to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=0.01, fused=True)
    average = WeightAverage(network, settings.ema_decay)
    first, seconds = 0, 0.0
    state = load_checkpoint(folder) if resume else None
    if state is not None:
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        average.weights = {k: v.to(device) for k, v in state["average"].items()}
        first, seconds = state["step"], state["seconds"]
    step, whole = first, True
    started = saved_at = time.monotonic()

    def save() -> None:
        state = {"network": network.state_dict(), "optimizer": optimizer.state_dict(), "average": average.weights}
        save_checkpoint(folder, {**state, "step": step, "seconds": seconds + time.monotonic() - started})

    try:
        while step < settings.steps:
            batch = [t.to(device) for t in segmenter_batch(sampler, settings, step)]
            with torch.autocast(device.type, torch.bfloat16, enabled=settings.precision == "bf16"):
                distance, logits = network(batch[0])
            distance_error, class_error = segmenter_losses(distance, logits, *batch[1:])
            rate = settings.learning_rate_at(step)
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.zero_grad(set_to_none=True)
            (DISTANCE_WEIGHT * distance_error + class_error).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            # Between these lines the state belongs to no step: an interrupt here must not save it.
            whole = False
            optimizer.step()
            average.update(network, step)
            step, whole = step + 1, True
            if time.monotonic() - saved_at > settings.checkpoint_every_s:
                save()
                saved_at = time.monotonic()
            elapsed = seconds + time.monotonic() - started
            yield SegmenterProgress(step, settings.steps, elapsed, distance_error.item(), class_error.item(), rate)
    finally:
        if whole and step > first:
            save()
        network.load_state_dict(average.weights)
        network.eval()


def segmenter_batch(sampler: CropSampler, settings: SegmenterSettings, step: int) -> tuple[Tensor, ...]:
    """Crops of a step: image (B, 3, H, W), distance (B, H, W), classes int64 (B, H, W), known bool (B, H, W)."""
    first = step * settings.batch_size
    rows = [_row(sampler, settings, index) for index in range(first, first + settings.batch_size)]
    return tuple(torch.stack(column) for column in zip(*rows, strict=True))


def _row(sampler: CropSampler, settings: SegmenterSettings, index: int) -> tuple[Tensor, ...]:
    crop: Crop = sampler.crop(index)
    rng = np.random.default_rng([settings.seed, index, 2])
    image = jitter_stain(crop.image, rng, settings.stain_jitter) if settings.stain_jitter else crop.image
    return (
        image_tensor(image),
        torch.from_numpy(distance_target(crop.instances, crop.distance)),
        torch.from_numpy(class_target(crop.instances, crop.fragment_class, sampler.taxonomy)),
        torch.from_numpy(crop.known),
    )


def segmenter_losses(
    distance: Tensor, logits: Tensor, wanted: Tensor, classes: Tensor, known: Tensor
) -> tuple[Tensor, Tensor]:
    """Errors of distance and class maps where the labels speak.

    Parameters
    ----------
    distance, logits
        Of `Segmenter.forward`.
    wanted
        float (B, H, W), from `targets.distance_target`.
    classes
        int64 (B, H, W), from `targets.class_target`. Where a nucleus has no
        stated class, only nucleus against background is scored.
    known
        bool (B, H, W).
    """
    log_p = logits.log_softmax(1)
    unstated = classes == UNSTATED
    stated = F.nll_loss(log_p, classes.clamp_min(0), reduction="none")
    class_error = torch.where(unstated, -log_p[:, 1:].logsumexp(1), stated)
    n = known.sum().clamp_min(1)
    squared = F.mse_loss(distance, wanted, reduction="none")
    return (squared * known).sum() / n, (class_error * known).sum() / n
