"""Scores of instance labels: panoptic quality, aggregated Jaccard index, Dice.

All are ratios of sums, and the sums are added over tiles before the ratio is
taken. So a tile counts by what it holds: an empty tile with nothing found adds
nothing, an empty tile with something found adds its false positives, and where
neither side holds a nucleus in any tile the score is NaN, not 0 and not 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from napari_cosynth.evaluation.matching import InstanceMatches, Overlap

Number = float | np.ndarray
"""A sum, or an array of such sums (bootstrap draws)."""


def ratio(part: Number, whole: Number) -> Number:
    """``part / whole``, NaN where ``whole`` is 0."""
    part, whole = np.asarray(part, float), np.asarray(whole, float)
    result = np.full(np.broadcast(part, whole).shape, np.nan)
    np.divide(part, whole, out=result, where=whole > 0)
    return result[()]


@dataclass(frozen=True)
class PanopticCounts:
    """What panoptic quality is made of (Kirillov et al. 2019, arXiv 1801.00868, eq. 1).

    Parameters
    ----------
    tp, fp, fn
        Matched pairs, nuclei found that are not there, nuclei not found.
    iou
        Sum of the pairs' intersection over union.
    """

    tp: Number = 0.0
    fp: Number = 0.0
    fn: Number = 0.0
    iou: Number = 0.0

    def __add__(self, other: PanopticCounts) -> PanopticCounts:
        return PanopticCounts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn, self.iou + other.iou)

    @property
    def dq(self) -> Number:
        """Detection quality: the F1 of matching at IoU > 0.5."""
        return ratio(self.tp, self.tp + (self.fp + self.fn) / 2)

    @property
    def sq(self) -> Number:
        """Segmentation quality: mean IoU of the pairs; NaN without a pair."""
        return ratio(self.iou, self.tp)

    @property
    def pq(self) -> Number:
        """Panoptic quality; 0 where there are nuclei but no pair."""
        return ratio(self.iou, self.tp + (self.fp + self.fn) / 2)


@dataclass(frozen=True)
class AreaCounts:
    """A score that is one area over another, px."""

    part: Number = 0.0
    whole: Number = 0.0

    def __add__(self, other: AreaCounts) -> AreaCounts:
        return AreaCounts(self.part + other.part, self.whole + other.whole)

    @property
    def score(self) -> Number:
        """``part / whole``, NaN if there is no area."""
        return ratio(self.part, self.whole)


def panoptic_counts(matches: InstanceMatches) -> PanopticCounts:
    """Counts of one tile, whatever the classes."""
    return PanopticCounts(len(matches.pairs), len(matches.extra), len(matches.missed), float(matches.iou.sum()))


def class_counts(
    matches: InstanceMatches, truth_class: Mapping[int, int], made_class: Mapping[int, int]
) -> dict[int, PanopticCounts]:
    """Counts of one tile for each class that stands on either side.

    A pair is true if both sides are of the class. A nucleus found on one whose
    class nobody stated is neither right nor wrong. A tile without any stated
    class counts nothing, whatever was found in it.

    Parameters
    ----------
    truth_class, made_class
        Class id of instance ids; ids that are missing have no class.
    """
    if not truth_class:
        return {}
    counts: dict[int, PanopticCounts] = {}

    def add(class_id: int | None, **count: float) -> None:
        if class_id is not None:
            counts[class_id] = counts.get(class_id, PanopticCounts()) + PanopticCounts(**count)

    for (truth_id, made_id), iou in zip(matches.pairs.tolist(), matches.iou.tolist(), strict=True):
        wanted, got = truth_class.get(truth_id), made_class.get(made_id)
        if wanted is None:
            continue
        if wanted == got:
            add(wanted, tp=1, iou=iou)
        else:
            add(wanted, fn=1)
            add(got, fp=1)
    for truth_id in matches.missed.tolist():
        add(truth_class.get(truth_id), fn=1)
    for made_id in matches.extra.tolist():
        add(made_class.get(made_id), fp=1)
    return counts


def aji_counts(both: Overlap) -> AreaCounts:
    """Aggregated Jaccard index of one tile (Kumar et al. 2017, algorithm 1).

    Each true nucleus takes the found one of highest IoU, which may serve more
    than once; what serves nobody adds to the union.
    """
    iou = both.iou
    order = np.lexsort((both.col, -iou, both.row))  # by true nucleus, best first, ties by lower id
    _, first = np.unique(both.row[order], return_index=True)
    best = order[first]
    row, col, shared = both.row[best], both.col[best], both.shared[best]
    union = (both.truth_area[row] + both.made_area[col] - shared).sum()
    alone = np.delete(both.truth_area, row).sum() + np.delete(both.made_area, np.unique(col)).sum()
    return AreaCounts(float(shared.sum()), float(union + alone))


def dice_counts(both: Overlap) -> AreaCounts:
    """Dice of nucleus against background of one tile."""
    whole = both.truth_area.sum() + both.made_area.sum()
    return AreaCounts(2.0 * float(both.shared.sum()), float(whole))
