"""Real windows whose nuclei are all outlined, and the clean joint tiles that a network should make of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
import typer
from torch import Tensor

from napari_cosynth.classes import BUNDLED
from napari_cosynth.data.dataset import read_dataset
from napari_cosynth.evaluation.sample import Sample, real_samples
from napari_cosynth.model.pipeline import CoSynthPipeline
from napari_cosynth.model.targets import DISTANCES, class_target, joint_tile


def masked_windows(data: Sequence[Path], split: str, tiles: int) -> list[Sample]:
    """At most so many windows of 256 px, from folders of which some may have points or partial labels.

    Raises
    ------
    typer.BadParameter
        If none has masks of all nuclei.
    """
    # More than are wanted: those without masks take their turns too.
    windows = real_samples([t for folder in data for t in read_dataset(folder, split)], BUNDLED, limit=3 * tiles)
    masked = [s for s in windows if s.masked and s.coverage == "complete"][:tiles]
    if not masked:
        raise typer.BadParameter(f"none of {len(windows)} windows of split {split!r} has masks of all nuclei")
    return masked


def clean_tile(pipe: CoSynthPipeline, sample: Sample) -> Tensor:
    """float32 (1, C, H, W) in -1..1: the sample's joint tile for this model.

    Raises
    ------
    typer.BadParameter
        If the model makes labels first: its image and labels are not at one place on the path.
    """
    if pipe.unet.config.process != "joint":
        raise typer.BadParameter(f"the model's process is {pipe.unet.config.process!r}; only 'joint' is measured here")
    distance = DISTANCES[pipe.unet.config.distance](sample.instances, None)
    classes = class_target(sample.instances, sample.class_of, pipe.taxonomy)
    return torch.from_numpy(joint_tile(sample.image, distance, classes, pipe.taxonomy))[None]
