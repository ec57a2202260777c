"""One trial: a segmenter trained on the tiles of one arm, and what it found on the held-out windows."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import time
from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, ValidationError

from napari_cosynth.classes import BUNDLED
from napari_cosynth.data.crops import CropSampler
from napari_cosynth.data.labelled import LabelledTile
from napari_cosynth.evaluation.agreement import tally_of
from napari_cosynth.evaluation.downstream.settings import Arm, DownstreamSettings
from napari_cosynth.evaluation.sample import Sample
from napari_cosynth.evaluation.segmenter_training import segmenter_sampler, train_segmenter
from napari_cosynth.evaluation.stage import Stage
from napari_cosynth.interior import interior_points
from napari_cosynth.model.segmenter import Segmenter
from napari_cosynth.writing import write_together

REAL, ADDED = "real", "added"
"""The two sources of a trial's crops."""


class Trial(BaseModel):
    """What one trained segmenter found.

    Parameters
    ----------
    asked
        N as it was asked for: a number or "all".
    windows
        Names of the real windows that it was trained on.
    added
        Number of tiles added to them.
    tallies
        Of each held-out window, in their order: `agreement.tally_of`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    asked: str
    arm: Arm
    seed: int
    windows: tuple[str, ...]
    added: int
    steps: int
    seconds: float
    tallies: tuple[dict[str, float], ...]


def finished_trial(asked: str, arm: Arm, seed: int, real: Sequence[Sample], folder: Path) -> Trial | None:
    """The trial that stands in a folder; None if it is still to be run.

    Parameters
    ----------
    real
        The windows that it must have been trained on.

    Raises
    ------
    ValueError
        If it was trained on others, or does not say on which.
    """
    file = folder / _file_name(asked, arm, seed)
    if not file.is_file():
        return None
    advice = f"choose another --out, or delete {folder} to train anew"
    try:
        trial = Trial.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise ValueError(
            f"{file}: does not say which real tiles it was trained on (of an earlier version, or damaged); {advice}"
        ) from error
    if trial.windows != tuple(s.name for s in real):
        raise ValueError(
            f"{file}: was trained on {len(trial.windows)} real tiles that are not the {len(real)} of now: the data or "
            f"--most differ; {advice}"
        )
    return trial


def run_trial(
    asked: str,
    arm: Arm,
    seed: int,
    real: Sequence[LabelledTile],
    added: Sequence[LabelledTile],
    held_out: Sequence[Sample],
    settings: DownstreamSettings,
    folder: Path,
) -> Generator[Stage, None, Trial]:
    """Train, segment, and write the trial into a folder.

    Parameters
    ----------
    real, added
        What it is trained on, from `labelled`.
    held_out
        What it is measured on.
    folder
        Of the trials; must exist. A killed trial goes on from its checkpoint.

    Yields
    ------
    A `Stage` after each step. The generator's return value is the trial.
    """
    windows = tuple(t.name for t in real)
    file = folder / _file_name(asked, arm, seed)
    started = time.monotonic()
    training = settings.training(arm, seed)
    sampler = trial_sampler(real, added, settings, arm, seed)
    torch.manual_seed(seed)
    network = Segmenter(BUNDLED.model_dump(mode="json"), settings.channels)
    # One that was left by a trial on other windows is not gone on from.
    checkpoint = folder / f"{file.stem}-{hashlib.sha256(json.dumps(windows).encode()).hexdigest()[:8]}"
    title = f"N = {asked}, {arm}, seed {seed}"
    for step in train_segmenter(network, sampler, training, checkpoint, resume=True):
        yield Stage(title, step.step, step.steps)
    tallies = []
    for sample in held_out:
        tallies.append(tally_of(sample, network.segment([sample.image])[0], BUNDLED))
        yield Stage(f"{title}, measured", len(tallies), len(held_out))
    trial = Trial(
        asked=asked,
        arm=arm,
        seed=seed,
        windows=windows,
        added=len(added),
        steps=training.steps,
        seconds=round(time.monotonic() - started, 1),
        tallies=tuple(tallies),
    )
    write_together({file: trial.model_dump_json().encode()})
    shutil.rmtree(checkpoint)
    return trial


def _file_name(asked: str, arm: Arm, seed: int) -> str:
    return f"{asked}-{arm}-{seed}.json"


def trial_sampler(
    real: Sequence[LabelledTile],
    added: Sequence[LabelledTile],
    settings: DownstreamSettings,
    arm: Arm,
    seed: int,
) -> CropSampler:
    """Crops of real and added tiles, the added ones at their set share.

    Raises
    ------
    ValueError
        If no tile is as large as a crop.
    """
    weights = {}
    if added:
        # The sampler weighs a source by the square root of its area.
        areas = [math.sqrt(sum(t.shape[0] * t.shape[1] for t in tiles)) for tiles in (real, added)]
        weights[ADDED] = areas[0] / areas[1] * settings.added_share / (1 - settings.added_share)
    return segmenter_sampler([*real, *added], BUNDLED, settings.training(arm, seed), weights)


def labelled(sample: Sample, source: str) -> LabelledTile:
    """A sample as a tile to train on, under one of the two sources."""
    ids, points = interior_points(sample.instances)
    classes = [sample.class_of.get(int(i), BUNDLED.unspecified) for i in ids]
    return LabelledTile(
        name=sample.name,
        image=sample.image,
        instances=sample.instances,
        ids=ids,
        centroids=points.astype(np.float64),
        classes=tuple(BUNDLED.names[c] for c in classes),
        source=source,
        split="train",
        group=sample.group,
    )
