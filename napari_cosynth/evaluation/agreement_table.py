"""Agreement of made tiles between its floor and its ceiling.

The ceiling is the same segmenter on the real tiles whose layouts were used; the
floor is the made tiles' segmentations, each held against the labels of another
made tile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict

from napari_cosynth.classes import BUNDLED, Taxonomy
from napari_cosynth.evaluation.agreement import AgreementReport, agreement
from napari_cosynth.evaluation.sample import Sample, Segmentation, labelled_like


class NucleusSegmenter(Protocol):
    """Finds nuclei in images alone."""

    def segment(self, images: Sequence[np.ndarray]) -> list[Segmentation]:
        """One segmentation for each uint8 (H, W, 3) image."""


class AgreementTable(BaseModel):
    """Three reports on the same layouts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    made: AgreementReport
    ceiling: AgreementReport
    floor: AgreementReport

    def of_ceiling(self) -> dict[str, float | None]:
        """Each score of the made tiles over that of the real ones; None where either is missing."""
        of_real = self.ceiling.scores()
        return {name: _over(score.value, of_real[name].value) for name, score in self.made.scores().items()}


def agreement_table(
    real: Sequence[Sample], made: Sequence[Sample], segmenter: NucleusSegmenter, taxonomy: Taxonomy = BUNDLED
) -> AgreementTable:
    """Segment all images, then `table_of`."""
    return table_of(
        real, segmenter.segment([s.image for s in real]), made, segmenter.segment([s.image for s in made]), taxonomy
    )


def table_of(
    real: Sequence[Sample],
    real_segmentations: Sequence[Segmentation],
    made: Sequence[Sample],
    made_segmentations: Sequence[Segmentation],
    taxonomy: Taxonomy = BUNDLED,
    draws: int = 1000,
    seed: int = 0,
) -> AgreementTable:
    """Compose made, ceiling and floor.

    A made tile that has the name of a real one is scored for what that one's
    labels allow: where the real tile has no masks, is partial, or states no
    classes, its counterpart counts as if it were the same. Otherwise the two
    reports would be of different layouts.

    Parameters
    ----------
    real, made
        At least one and two samples; made ones all of one size.
    real_segmentations, made_segmentations
        In the same order.
    draws, seed
        Of the bootstrap; the seed also of the floor's pairing.

    Raises
    ------
    ValueError
        If there are too few samples.
    """
    counterparts = {s.name: s for s in real}
    made = [labelled_like(s, counterparts[s.name]) if s.name in counterparts else s for s in made]
    others = [made_segmentations[i] for i in derangement(len(made), seed)]
    return AgreementTable(
        made=agreement(made, made_segmentations, taxonomy, draws, seed),
        ceiling=agreement(real, real_segmentations, taxonomy, draws, seed),
        floor=agreement(made, others, taxonomy, draws, seed),
    )


def derangement(n: int, seed: int = 0) -> list[int]:
    """A random order of 0..n-1 in which nothing stays in its place (Sattolo 1986: one cycle).

    Raises
    ------
    ValueError
        If n < 2: a single tile has no other.
    """
    if n < 2:
        raise ValueError(f"the floor pairs each tile with another one, and there is only {n}; give at least two")
    rng = np.random.default_rng(seed)
    order = list(range(n))
    for i in range(n - 1, 0, -1):
        j = int(rng.integers(i))
        order[i], order[j] = order[j], order[i]
    return order


def _over(made: float | None, ceiling: float | None) -> float | None:
    return None if made is None or not ceiling else made / ceiling
