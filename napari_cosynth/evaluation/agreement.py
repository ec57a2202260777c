"""Is the label true of the image? Labels against a segmentation that never saw them.

What each kind of sample counts for:

=====================  =======================  ==============================
sample                 masks (PQ, AJI, Dice)    layout
=====================  =======================  ==============================
masks, complete        yes                      precision, recall, class
points only, complete  no                       precision, recall, class
partial                no: what is found        recall and class of the points
                       beside the labels may    that are there
                       be a nucleus
=====================  =======================  ==============================

A class is scored by masks where the samples with complete masks hold at least
`ENOUGH` nuclei of it; else by points where all layouts together do; else it is
not measurable; nor is any class by a segmenter that names none. It knows no
network.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from napari_cosynth.classes import BUNDLED, Taxonomy
from napari_cosynth.evaluation.adherence import adherence
from napari_cosynth.evaluation.bootstrap import Estimate, Sums, estimates
from napari_cosynth.evaluation.matching import match_instances, overlap
from napari_cosynth.evaluation.panoptic import (
    PanopticCounts,
    aji_counts,
    class_counts,
    dice_counts,
    panoptic_counts,
    ratio,
)
from napari_cosynth.evaluation.sample import Sample, Segmentation

ENOUGH = 100
"""Nuclei (or points) of a class from which its score is given."""

MeasuredBy = Literal["masks", "points", "recall of points", "not measurable"]


class ClassAgreement(BaseModel):
    """Agreement on one class.

    Parameters
    ----------
    nuclei, points
        How many the samples hold: in complete masks, and in all layouts.
    measured_by
        "masks": PQ and F1 of masks at IoU > 0.5. "points": F1 and recall of
        points within reach. "recall of points": only partial layouts have the
        class, so nothing found beside them is known to be wrong.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    nuclei: int
    points: int
    measured_by: MeasuredBy
    pq: Estimate = Estimate()
    f1: Estimate = Estimate()
    recall: Estimate = Estimate()


class LayoutAgreement(BaseModel):
    """Layout adherence: points against nuclei found within reach.

    ``precision``, ``recall`` and ``f1`` are of complete layouts;
    ``partial_recall`` of partial ones; ``class_accuracy`` of all points with a
    stated class and a nucleus. A segmenter that gives no classes has none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    precision: Estimate
    recall: Estimate
    f1: Estimate
    partial_recall: Estimate
    class_accuracy: Estimate


class AgreementReport(BaseModel):
    """Labels against segmentations, pooled over samples, intervals over groups."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    samples: int
    groups: int
    masked: int
    """Samples that count for the five scores below."""
    pq: Estimate
    dq: Estimate
    sq: Estimate
    aji: Estimate
    dice: Estimate
    layout: LayoutAgreement
    classes: tuple[ClassAgreement, ...]

    def scores(self) -> dict[str, Estimate]:
        """Those of masks by their name, then those of points: "layout f1"."""
        of_masks = {name: getattr(self, name) for name in ("pq", "dq", "sq", "aji", "dice")}
        return of_masks | {f"layout {name}": getattr(self.layout, name) for name in LayoutAgreement.model_fields}


def agreement(
    samples: Sequence[Sample],
    segmentations: Sequence[Segmentation],
    taxonomy: Taxonomy = BUNDLED,
    draws: int = 1000,
    seed: int = 0,
) -> AgreementReport:
    """Compare the labels of samples with segmentations of their images.

    Parameters
    ----------
    samples
        Real or made.
    segmentations
        One of each sample's image, in their order.
    taxonomy
        Of all class ids.
    draws, seed
        Of the bootstrap.

    Raises
    ------
    ValueError
        If there are not as many segmentations as samples, or none at all.
    """
    if len(samples) != len(segmentations) or not samples:
        raise ValueError(
            f"{len(samples)} samples and {len(segmentations)} segmentations; give one for each, at least one"
        )
    groups = [(s.source, s.group) for s in samples]
    tallies = [tally_of(s, g, taxonomy) for s, g in zip(samples, segmentations, strict=True)]
    score = estimates(tallies, groups, lambda sums: pooled_scores(sums, taxonomy), draws, seed)
    totals: Counter[str] = Counter()
    for tally in tallies:
        totals.update(tally)
    classless = any(g[0].any() for g in segmentations) and not any(g[1] for g in segmentations)
    return AgreementReport(
        samples=len(samples),
        groups=len(set(groups)),
        masked=sum(_counts_masks(s) for s in samples),
        **{name: score[name] for name in ("pq", "dq", "sq", "aji", "dice")},
        layout=LayoutAgreement(**{name: score[f"layout {name}"] for name in LayoutAgreement.model_fields}),
        classes=tuple(_class_agreement(taxonomy.names[c], totals, score, classless) for c in taxonomy.stated),
    )


def _counts_masks(sample: Sample) -> bool:
    return sample.masked and sample.coverage == "complete"


def tally_of(sample: Sample, segmentation: Segmentation, taxonomy: Taxonomy) -> dict[str, float]:
    """The sums of one sample, by name; `pooled_scores` makes scores of them."""
    tally: Counter[str] = Counter()
    if _counts_masks(sample):
        both = overlap(sample.instances, segmentation[0])
        matches = match_instances(both)
        _add(tally, "all", panoptic_counts(matches))
        for name, area in (("aji", aji_counts(both)), ("dice", dice_counts(both))):
            tally.update({f"{name} part": area.part, f"{name} whole": area.whole})
        stated = {i: c for i, c in sample.class_of.items() if c in taxonomy.stated}
        for class_id, counts in class_counts(matches, stated, segmentation[1]).items():
            _add(tally, f"masks {taxonomy.names[class_id]}", counts)
    _tally_points(tally, sample, segmentation, taxonomy)
    return dict(tally)


def _tally_points(tally: Counter[str], sample: Sample, segmentation: Segmentation, taxonomy: Taxonomy) -> None:
    found = adherence(sample, segmentation)
    complete = sample.coverage == "complete"
    kind = "complete" if complete else "partial"
    tally.update({f"{kind} placed": found.placed, f"{kind} matched": found.matched})
    if complete:
        tally.update({"complete found": found.found})
    stated = np.isin(found.wanted, taxonomy.stated) & (found.got >= 0)
    tally.update({"classed": int(stated.sum()), "class right": int((found.wanted == found.got)[stated].sum())})
    if not np.isin(found.wanted_all, taxonomy.stated).any():
        return
    # A nucleus found on a point of no stated class is neither right nor wrong for any class.
    unjudged = found.got[found.wanted == taxonomy.unspecified]
    for class_id in taxonomy.stated:
        name = taxonomy.names[class_id]
        right = int(((found.wanted == class_id) & (found.got == class_id)).sum())
        placed = int((found.wanted_all == class_id).sum())
        tally.update({f"points {name} {kind} placed": placed, f"points {name} {kind} right": right})
        if complete:
            made = int((found.got_all == class_id).sum() - (unjudged == class_id).sum())
            tally.update({f"points {name} complete found": made})


def _add(tally: Counter[str], name: str, counts: PanopticCounts) -> None:
    for part in ("tp", "fp", "fn", "iou"):
        tally[f"{name} {part}"] += getattr(counts, part)


def pooled_scores(sums: Sums, taxonomy: Taxonomy) -> dict[str, np.ndarray]:
    """All scores of pooled sums, element by element: "pq", "dice", "masks CLASS pq" and so on."""
    zero = np.zeros_like(next(iter(sums.values())))

    def sum_of(name: str) -> np.ndarray:
        return sums.get(name, zero)

    def panoptic(name: str) -> PanopticCounts:
        return PanopticCounts(*(sum_of(f"{name} {part}") for part in ("tp", "fp", "fn", "iou")))

    every = panoptic("all")
    placed, matched, made = (sum_of(f"complete {what}") for what in ("placed", "matched", "found"))
    scores = {
        "pq": every.pq,
        "dq": every.dq,
        "sq": every.sq,
        "aji": ratio(sum_of("aji part"), sum_of("aji whole")),
        "dice": ratio(sum_of("dice part"), sum_of("dice whole")),
        "layout precision": ratio(matched, made),
        "layout recall": ratio(matched, placed),
        "layout f1": ratio(2 * matched, placed + made),
        "layout partial_recall": ratio(sum_of("partial matched"), sum_of("partial placed")),
        "layout class_accuracy": ratio(sum_of("class right"), sum_of("classed")),
    }
    for name in taxonomy.names:
        masks = panoptic(f"masks {name}")
        scores |= {f"masks {name} pq": masks.pq, f"masks {name} f1": masks.dq}
        scores[f"masks {name} recall"] = ratio(masks.tp, masks.tp + masks.fn)
        right, placed, made = (sum_of(f"points {name} complete {what}") for what in ("right", "placed", "found"))
        scores[f"points {name} f1"] = ratio(2 * right, placed + made)
        all_right = right + sum_of(f"points {name} partial right")
        scores[f"points {name} recall"] = ratio(all_right, placed + sum_of(f"points {name} partial placed"))
    return scores


def _class_agreement(name: str, totals: Counter[str], score: dict[str, Estimate], classless: bool) -> ClassAgreement:
    nuclei = round(totals[f"masks {name} tp"] + totals[f"masks {name} fn"])
    complete = totals[f"points {name} complete placed"]
    points = complete + totals[f"points {name} partial placed"]
    measured_by: MeasuredBy = "not measurable"
    scored: dict[str, Estimate] = {}
    if classless:
        return ClassAgreement(name=name, nuclei=nuclei, points=points, measured_by=measured_by)
    if nuclei >= ENOUGH:
        measured_by = "masks"
        scored = {what: score[f"masks {name} {what}"] for what in ("pq", "f1", "recall")}
    elif complete >= ENOUGH:
        measured_by = "points"
        scored = {what: score[f"points {name} {what}"] for what in ("f1", "recall")}
    elif points >= ENOUGH:
        measured_by = "recall of points"
        scored = {"recall": score[f"points {name} recall"]}
    return ClassAgreement(name=name, nuclei=nuclei, points=points, measured_by=measured_by, **scored)
