"""One evaluation of one model: make tiles, measure them, write the report.

A generator, so that progress and cancelling stay outside.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from napari_cosynth.classes import BUNDLED
from napari_cosynth.data.labelled import LabelledTile
from napari_cosynth.evaluation.agreement_table import AgreementTable, table_of
from napari_cosynth.evaluation.classical import ClassicalSegmenter
from napari_cosynth.evaluation.discriminator import DiscriminatorReport, real_versus_made
from napari_cosynth.evaluation.features import EfficientNetLite0
from napari_cosynth.evaluation.making import MakingSettings, made_samples
from napari_cosynth.evaluation.nucleus_shapes import NucleusReport, compare_nuclei
from napari_cosynth.evaluation.realism import RealismReport, realism_of_features
from napari_cosynth.evaluation.sample import Sample, real_samples
from napari_cosynth.evaluation.segmenter_folder import load_segmenter
from napari_cosynth.evaluation.texture import TextureReport, texture
from napari_cosynth.evaluation.tile_statistics import tile_statistics
from napari_cosynth.model.zoo import find_model


class Evaluation(BaseModel):
    """Everything that was measured of one model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = 1
    model: str
    model_hash: str
    settings: MakingSettings
    tiles: int
    sources: dict[str, int]
    """Evaluated tiles by source."""
    agreement: AgreementTable
    """By the trained segmenter."""
    witness: AgreementTable
    """By the classical segmenter, which learned nothing."""
    realism: RealismReport
    texture: TextureReport
    nuclei: tuple[NucleusReport, ...]
    discriminator: DiscriminatorReport
    """Features and statistics together: the sharpest eye."""
    statistics_discriminator: DiscriminatorReport
    seconds_making: float
    finished: str
    """ISO 8601, UTC."""


@dataclass(frozen=True)
class Stage:
    """Progress: a stage's name, and how much of it is done."""

    name: str
    done: int
    total: int


@dataclass(frozen=True)
class Evaluated:
    """The end: the figures and the samples that they are of."""

    evaluation: Evaluation
    real: list[Sample]
    made: list[Sample]


def evaluate(
    tiles: Sequence[LabelledTile],
    settings: MakingSettings,
    folder: Path,
    limit: int = 40,
    segmenter: Path | None = None,
) -> Iterator[Stage | Evaluated]:
    """Measure a model on the layouts and captions of real tiles.

    Parameters
    ----------
    tiles
        Real tiles that the model has not seen.
    folder
        Made tiles are kept in ``folder / "tiles"``.
    limit
        Number of 256 px windows.
    segmenter
        Folder of the segmenter; the bundled one if None.

    Raises
    ------
    ValueError
        If no tile is large enough, the model or the segmenter cannot be used.
    """
    model = find_model(settings.model)
    real = real_samples(tiles, BUNDLED, limit=limit, seed=settings.seed)
    started = time.monotonic()
    made: list[Sample] = []
    for sample in made_samples(real, settings, folder / "tiles"):
        made.append(sample)
        yield Stage("making tiles", len(made), len(real))
    seconds = time.monotonic() - started

    yield Stage("agreement", 0, 2)
    tables = []
    for judge in (load_segmenter(segmenter), ClassicalSegmenter()):
        segmented = [judge.segment([s.image for s in group]) for group in (real, made)]
        tables.append(table_of(real, segmented[0], made, segmented[1]))
        yield Stage("agreement", len(tables), 2)

    space = EfficientNetLite0()
    images = [[s.image for s in group] for group in (real, made)]
    blocks = []
    for i, group in enumerate(images):
        yield Stage("realism", i, 3)
        statistics = np.stack([tile_statistics(image) for image in group])
        blocks.append({space.name: space.features(group), "statistics": statistics})
    yield Stage("realism", 2, 3)
    groups = [f"{s.source}/{s.group}" for s in real]
    sources = [s.source for s in real]
    evaluation = Evaluation(
        model=model.name,
        model_hash=model.hash,
        settings=settings,
        tiles=len(real),
        sources={name: sources.count(name) for name in sorted(set(sources))},
        agreement=tables[0],
        witness=tables[1],
        realism=realism_of_features(
            blocks[0][space.name],
            blocks[1][space.name],
            groups,
            settings.seed,
            feature_space=space.name,
            made_groups=groups,
            real_strata=sources,
        ),
        texture=texture(*images, groups, settings.seed, made_groups=groups, real_strata=sources),
        nuclei=compare_nuclei(
            *[[(s.instances, s.class_of) for s in group if s.coverage == "complete"] for group in _masked(real, made)],
            [f"{s.source}/{s.group}" for s in real if s.masked and s.coverage == "complete"],
            BUNDLED,
            settings.seed,
        ),
        discriminator=real_versus_made(*blocks, groups, groups, settings.seed),
        statistics_discriminator=real_versus_made(
            *[{"statistics": b["statistics"]} for b in blocks], groups, groups, settings.seed
        ),
        seconds_making=round(seconds, 1),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    yield Stage("realism", 3, 3)
    yield Evaluated(evaluation, real, made)


def _masked(real: Sequence[Sample], made: Sequence[Sample]) -> tuple[list[Sample], list[Sample]]:
    """The samples whose real tile has masks: what shapes can be compared on."""
    kept = [i for i, s in enumerate(real) if s.masked]
    return [real[i] for i in kept], [made[i] for i in kept]
