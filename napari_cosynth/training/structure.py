"""Trains the generator of structure: a generator of finished steps, like the model's own loop."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from napari_cosynth.model.text import TextEncoder
from napari_cosynth.structure.density_net import DensityNet
from napari_cosynth.structure.density_targets import CELL_UM, maps_of, smoothed
from napari_cosynth.structure.generator import WINDOW_UM, mean_states
from napari_cosynth.structure.traits import TRAITS
from napari_cosynth.training.ema import WeightAverage
from napari_cosynth.training.structure_windows import StructureWindow

_CAPTIONS_AT_ONCE = 64
_LARGE, _LARGE_WEIGHT = 4, 4.0


class StructureSettings(BaseModel):
    """What decides the course of a run, apart from data and network."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    batch_size: int = Field(32, ge=1)
    """Of the smallest windows; larger ones come in batches of as many cells."""
    learning_rate: float = Field(1e-3, gt=0)
    warmup: int = Field(100, ge=0)
    ema_decay: float = Field(0.998, ge=0, lt=1)
    no_text: float = Field(0.15, ge=0, le=1)
    """Share of windows that are shown without caption and traits, for guidance."""
    traits_alone: float = Field(0.3, ge=0, le=1)
    """Share of the others that are shown without their caption."""
    text_alone: float = Field(0.15, ge=0, le=1)
    """Share of the others that are shown without their traits."""
    traits_kept: float = Field(1.0, ge=0, le=1)
    """Share of its traits that a window tells, at most: a prompt names one or two of them."""
    precision: Literal["bf16", "float32"] = "float32"
    """Of the network in training; bf16 is faster on processors that have it."""
    time_mean: float = -1.2
    """Of the normal whose sigmoid is the time: below 0, since smooth maps are decided on early."""
    seed: int = 0

    def learning_rate_at(self, step: int, share_done: float) -> float:
        """Warm-up, then half a cosine down to 0 at the end of the run."""
        rise = min(1.0, (step + 1) / max(1, self.warmup))
        return self.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * share_done))


@dataclass(frozen=True)
class StructureProgress:
    """One finished step."""

    step: int
    seconds: float
    loss: float


@dataclass(frozen=True)
class StructureData:
    """Windows of one size as tensors.

    ``maps`` (N, C, H, W) standardised, ``per_area`` (N, C) nuclei in 64 x 64 um,
    ``text`` (N, D), ``has_text`` (N,) bool, ``traits`` (N, T), NaN where not known.
    """

    maps: Tensor
    per_area: Tensor
    text: Tensor
    has_text: Tensor
    traits: Tensor


def structure_data(windows: Sequence[StructureWindow], n_classes: int, encoder: TextEncoder) -> StructureData:
    """Tensors of windows that are all of one size."""
    cells = round(windows[0].pattern.size[0] / CELL_UM)
    patterns = [w.pattern for w in windows]
    maps = np.stack([maps_of(smoothed(p.points, p.marks, n_classes, (cells, cells))) for p in patterns])
    counts = np.stack([p.counts(n_classes) for p in patterns]) * (WINDOW_UM / (cells * CELL_UM)) ** 2
    captions = sorted({w.caption for w in windows}, key=lambda c: (len(c), c))  # like lengths together: less padding
    states = {}
    for first in range(0, len(captions), _CAPTIONS_AT_ONCE):
        some = captions[first : first + _CAPTIONS_AT_ONCE]
        states.update(zip(some, mean_states(encoder, some), strict=True))
    text = torch.stack([states[w.caption] for w in windows])
    has_text = torch.tensor([bool(w.caption.strip()) for w in windows])
    traits = torch.from_numpy(np.stack([w.traits for w in windows]))
    return StructureData(torch.from_numpy(maps), torch.from_numpy(counts).float(), text, has_text, traits)


def train_structure(
    network: DensityNet,
    data: Sequence[StructureData],
    settings: StructureSettings,
    *,
    steps: int | None = None,
    seconds: float | None = None,
) -> Iterator[StructureProgress]:
    """Train in place; at the end, or when closed, the network holds the averaged weights.

    Parameters
    ----------
    network
        On the CPU.
    data
        One of each size of windows; they take turns.
    steps, seconds
        End of the run, whichever comes first; at least one is given.

    Raises
    ------
    ValueError
        If neither ``steps`` nor ``seconds`` is given.
    """
    if steps is None and seconds is None:
        raise ValueError("training without an end; give steps or seconds")
    network.train()
    if (network.text_spread == 1).all():  # not so in one that goes on from older weights
        network.standardise_text(torch.cat([d.text[d.has_text] for d in data]))
        if network.config.n_traits:
            network.standardise_traits(torch.cat([d.traits for d in data]))
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=0.01)
    average = WeightAverage(network, settings.ema_decay)
    smallest = min(d.maps[0].numel() for d in data)
    random = torch.Generator().manual_seed(settings.seed)
    started, step, done = time.monotonic(), 0, 0.0
    try:
        while done < 1:
            part = data[step % len(data)]
            size = max(1, settings.batch_size * smallest // part.maps[0].numel())
            with torch.autocast("cpu", torch.bfloat16, enabled=settings.precision == "bf16"):
                loss = flow_loss(network, *_batch(part, size, settings, random), random, settings.time_mean)
            for group in optimizer.param_groups:
                group["lr"] = settings.learning_rate_at(step, done)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            average.update(network, step)
            step += 1
            spent = time.monotonic() - started
            done = max(step / steps if steps else 0.0, spent / seconds if seconds is not None else 0.0)
            yield StructureProgress(step, spent, loss.item())
    finally:
        network.load_state_dict(average.weights)
        network.eval()


def flow_loss(
    network: DensityNet,
    maps: Tensor,
    per_area: Tensor,
    text: Tensor,
    has_text: Tensor,
    traits: Tensor,
    random: torch.Generator,
    time_mean: float,
) -> Tensor:
    """Mean squared error of the velocity (Lipman et al. 2023, eq. 23) at times drawn from a logit-normal.

    The error of means over `_LARGE` cells is added: the words are about what is
    large, of which the error cell by cell, most of it noise, says little.
    """
    t = torch.sigmoid(torch.randn(len(maps), generator=random) + time_mean)
    noise = torch.randn(maps.shape, generator=random)
    s = t[:, None, None, None]
    velocity = network(s * maps + (1 - s) * noise, t, per_area, text, has_text, traits).float()
    error = velocity - (maps - noise)
    return error.square().mean() + _LARGE_WEIGHT * F.avg_pool2d(error, _LARGE).square().mean()


def _batch(part: StructureData, size: int, settings: StructureSettings, random: torch.Generator) -> tuple[Tensor, ...]:
    """Windows drawn at random, each batch mirrored and turned: tissue has no up and no left."""
    index = torch.randint(len(part.maps), (size,), generator=random)
    flip, turns = (int(torch.randint(n, (), generator=random)) for n in (2, 4))
    maps = part.maps[index]
    maps = torch.rot90(maps.flip(-1) if flip else maps, turns, (-2, -1)).contiguous()
    nothing, no_text, no_traits, keep = (torch.rand(size, generator=random) for _ in range(4))
    nothing = nothing < settings.no_text
    has_text = part.has_text[index] & ~nothing & (no_text >= settings.traits_alone)
    hidden = torch.rand(size, len(TRAITS), generator=random) >= (keep * settings.traits_kept)[:, None]
    hidden |= (nothing | (no_traits < settings.text_alone))[:, None]
    traits = part.traits[index].masked_fill(hidden, torch.nan)
    return maps, part.per_area[index], part.text[index], has_text, traits
