"""One evaluation of one model: make tiles, measure them, compose the figures.

A generator, so that progress and cancelling stay outside.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from napari_cosynth.classes import BUNDLED
from napari_cosynth.data.labelled import LabelledTile
from napari_cosynth.evaluation.agreement_table import AgreementTable, table_of
from napari_cosynth.evaluation.classical import ClassicalSegmenter
from napari_cosynth.evaluation.cost import CostReport, cost
from napari_cosynth.evaluation.features import EfficientNetLite0
from napari_cosynth.evaluation.likeness import STATISTICS, Likeness, likeness
from napari_cosynth.evaluation.locality import Edit, LocalityReport, edit_locality
from napari_cosynth.evaluation.making import KeptTiles, MakingSettings, layout_of, made_samples
from napari_cosynth.evaluation.nucleus_shapes import NucleusReport, compare_nuclei
from napari_cosynth.evaluation.prompting import PromptReport, prompt_experiment, prompt_layouts
from napari_cosynth.evaluation.sample import Sample, labelled_like, real_samples
from napari_cosynth.evaluation.split_half import random_halves
from napari_cosynth.evaluation.stage import Stage
from napari_cosynth.evaluation.texture import TextureReport, texture
from napari_cosynth.evaluation.tile_statistics import tile_statistics
from napari_cosynth.evaluation.tissue_exam import tissue_exam
from napari_cosynth.model.segmenter_folder import load_segmenter
from napari_cosynth.model.zoo import find_model

HALF_AT_LEAST = 6
"""Tiles on each side of a split-half: the fifth neighbour of a tile must exist."""


class Evaluation(BaseModel):
    """Everything that was measured of one model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = 2
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
    likeness: Likeness
    complete: Likeness | None = None
    """Of the windows whose layouts hold every nucleus; None if all do, or too few."""
    texture: TextureReport
    nuclei: tuple[NucleusReport, ...]
    locality: LocalityReport
    cost: CostReport
    prompts: PromptReport | None = None
    """None where they were not tried."""
    seconds_making: float
    finished: str
    """ISO 8601, UTC."""


@dataclass(frozen=True, eq=False)
class Evaluated:
    """The end: the figures, and the tiles that they are of.

    ``pictures`` is one layout under several prompts: (caption, uint8 (H, W, 3)).
    """

    evaluation: Evaluation
    real: list[Sample]
    made: list[Sample]
    edits: tuple[Edit, ...] = ()
    pictures: tuple[tuple[str, np.ndarray], ...] = ()


def evaluate(
    tiles: Sequence[LabelledTile],
    settings: MakingSettings,
    folder: Path,
    limit: int = 40,
    segmenter: Path | None = None,
    *,
    edits: int = 8,
    prompts: int = 0,
    train_tiles: Iterable[LabelledTile] = (),
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
    edits
        Layouts that edit locality is measured on, one more tile each.
    prompts
        Layouts that prompts are tried on, about 17 more tiles each; 0 = none.
    train_tiles
        Real training tiles, which teach the examiner of tissue prompts; read
        once, and only if there are prompts to try.

    Raises
    ------
    ValueError
        If there are too few tiles, the model or the segmenter cannot be used.
    """
    model = find_model(settings.model)
    real = real_samples(tiles, BUNDLED, limit=limit, seed=settings.seed)
    groups = [s.origin for s in real]
    sources = [s.source for s in real]
    _check_enough(groups, sources, settings.seed)
    judge = load_segmenter(segmenter)
    make = KeptTiles(settings, folder / "tiles")
    started = time.monotonic()
    made: list[Sample] = []
    for sample in made_samples(real, make, settings.seed):
        made.append(sample)
        yield Stage("making tiles", len(made), len(real))
    seconds = time.monotonic() - started
    chosen = real[: max(1, edits)]
    locality = yield from edit_locality(chosen, make, settings.seed)

    yield Stage("agreement", 0, 2)
    tables = []
    for witness in (judge, ClassicalSegmenter()):
        segmented = [witness.segment([s.image for s in group]) for group in (real, made)]
        tables.append(table_of(real, segmented[0], made, segmented[1]))
        yield Stage("agreement", len(tables), 2)

    space = EfficientNetLite0()
    images = [[s.image for s in group] for group in (real, made)]
    blocks = []
    for i, group in enumerate(images):
        yield Stage("realism", i, 3)
        statistics = np.stack([tile_statistics(image) for image in group])
        blocks.append({space.name: space.features(group), STATISTICS: statistics})
    yield Stage("realism", 2, 3)
    figures = {
        "likeness": likeness(*blocks, groups, sources, space.name, settings.seed),
        "complete": _of_complete(real, blocks, space.name, settings.seed),
        "texture": texture(*images, groups, settings.seed, made_groups=groups, real_strata=sources),
        "nuclei": _nuclei(real, made, settings.seed),
    }
    yield Stage("realism", 3, 3)

    prompting = None
    if prompts:
        yield Stage("learning tissues", 0, 1)
        exam = tissue_exam(train_tiles, real, blocks[0][space.name], space, settings.seed)
        layouts = prompt_layouts(real, prompts)
        prompting = yield from prompt_experiment(layouts, make, judge, space, exam, settings.seed)
    evaluation = Evaluation(
        model=model.name,
        model_hash=model.hash,
        settings=settings,
        tiles=len(real),
        sources={name: sources.count(name) for name in sorted(set(sources))},
        agreement=tables[0],
        witness=tables[1],
        locality=locality.report,
        cost=cost(model, make.request(layout_of(real[0]), real[0].caption, 0)),
        prompts=None if prompting is None else prompting.report,
        seconds_making=round(seconds, 1),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        **figures,
    )
    pictures = () if prompting is None else prompting.pictures
    yield Evaluated(evaluation, real, made, locality.edits, pictures)


def _check_enough(groups: Sequence[str], sources: Sequence[str], seed: int) -> None:
    """Refuse before an hour of work what could not be measured after it."""
    if _enough(groups, sources, seed):
        return
    raise ValueError(
        f"{len(groups)} windows of {len(set(groups))} groups (patients, slides) cannot be parted by group into "
        f"halves of at least {HALF_AT_LEAST}; give more tiles, of more groups, or a higher number of --tiles"
    )


def _enough(groups: Sequence[str], sources: Sequence[str], seed: int) -> bool:
    """Whether windows can be parted by group into halves that are large enough."""
    if len(set(groups)) < 2:
        return False
    halves = random_halves(groups, len(groups), groups, strata=sources, seed=seed)
    return min(len(part) for half in halves for part in half) >= HALF_AT_LEAST


def _of_complete(
    real: Sequence[Sample], blocks: Sequence[Mapping[str, np.ndarray]], feature_space: str, seed: int
) -> Likeness | None:
    """Likeness of the windows whose layouts hold every nucleus; None if all do, or too few."""
    kept = [i for i, s in enumerate(real) if s.coverage == "complete"]
    groups, sources = [real[i].origin for i in kept], [real[i].source for i in kept]
    if len(kept) == len(real) or not _enough(groups, sources, seed):
        return None
    of_kept = [{name: rows[kept] for name, rows in block.items()} for block in blocks]
    return likeness(*of_kept, groups, sources, feature_space, seed)


def shaped(real: Sequence[Sample], made: Sequence[Sample]) -> tuple[list[Sample], list[Sample]]:
    """Those whose nuclei can be compared: real tiles with complete masks, and made ones that say no more."""
    kept = [i for i, s in enumerate(real) if s.masked and s.coverage == "complete"]
    return [real[i] for i in kept], [labelled_like(made[i], real[i]) for i in kept]


def _nuclei(real: Sequence[Sample], made: Sequence[Sample], seed: int) -> tuple[NucleusReport, ...]:
    """Shapes, and of classes where the real tile states them."""
    pairs = shaped(real, made)
    groups = [s.origin for s in pairs[0]]
    shapes = [[(s.instances, s.class_of) for s in group] for group in pairs]
    return compare_nuclei(*shapes, groups, BUNDLED, seed, made_groups=groups)
