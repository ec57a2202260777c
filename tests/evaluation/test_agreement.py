"""Labels against segmentations, pooled over samples."""

from dataclasses import replace

import numpy as np
import pytest

from napari_cosynth.classes import BUNDLED
from napari_cosynth.evaluation.agreement import AgreementReport, agreement
from napari_cosynth.evaluation.sample import Sample
from napari_cosynth.interior import interior_points

CONNECTIVE, OTHER, POSITIVE = (BUNDLED.id_of(n) for n in ("connective", "other", "positive"))


def _sample(name="s", class_id=CONNECTIVE, n=16, group=None, **more):
    """n nuclei of 8 x 8 px on a grid, gaps between their ids."""
    side = max(1, int(np.ceil(np.sqrt(n))))
    order = np.arange(1, side * side + 1).reshape(side, side)
    grid = np.kron(np.where(order <= n, order, 0) * 300, np.pad(np.ones((8, 8), int), 4)).astype(np.int32)
    ids, points = interior_points(grid)
    return Sample(
        name=name,
        group=group or name,
        source="a",
        image=np.zeros((*grid.shape, 3), np.uint8),
        instances=grid,
        class_of={} if class_id is None else dict.fromkeys(ids.tolist(), class_id),
        points=points.astype(float),
        point_classes=np.full(len(ids), BUNDLED.unspecified if class_id is None else class_id),
        **more,
    )


def _found(sample, class_id=CONNECTIVE, without=()):
    labels = np.where(np.isin(sample.instances, without), 0, sample.instances + (sample.instances > 0) * 7)
    return labels, dict.fromkeys(np.unique(labels)[1:].tolist(), class_id)


def _by_name(report):
    return {c.name: c for c in report.classes}


def test_a_perfect_segmentation_scores_one():
    samples = [_sample("s"), _sample("t")]
    report = agreement(samples, [_found(s) for s in samples], draws=20)
    for score in (report.pq, report.dq, report.sq, report.aji, report.dice):
        assert (score.value, score.low, score.high) == (1, 1, 1)
    layout = report.layout
    assert layout.precision.value == layout.recall.value == layout.f1.value == layout.class_accuracy.value == 1
    assert layout.partial_recall.value is None
    assert report.groups == report.masked == 2


def test_sums_are_pooled_over_tiles():
    small, large = _sample("s", n=1), _sample("t", n=9)
    empty = (np.zeros_like(small.instances), {})
    report = agreement([small, large], [empty, _found(large)], draws=0)
    assert report.pq.value == pytest.approx(9 / 9.5) and report.layout.recall.value == pytest.approx(0.9)


def test_empty_tiles_add_nothing_and_nothing_at_all_is_not_measurable():
    full, empty = _sample("s"), _sample("e", n=0)
    blank = (np.zeros_like(empty.instances), {})
    alone = agreement([empty], [blank], draws=20)
    assert alone.pq.value is alone.aji.value is alone.dice.value is alone.layout.f1.value is None
    assert str(alone.pq) == "not measurable"
    with_empty = agreement([full, empty], [_found(full), blank], draws=0)
    assert with_empty.pq == agreement([full], [_found(full)], draws=0).pq
    assert AgreementReport.model_validate_json(alone.model_dump_json()) == alone


def test_partial_samples_count_for_recall_and_class_alone():
    partial = _sample("p", coverage="partial")
    labels, classes = _found(partial, OTHER, without=[300])
    report = agreement([partial], [(labels, classes)], draws=0)
    assert report.masked == 0 and report.pq.value is None and report.layout.precision.value is None
    assert report.layout.partial_recall.value == pytest.approx(15 / 16)
    assert report.layout.class_accuracy.value == 0


def test_points_without_masks_count_for_the_layout():
    sample = _sample("p", masked=False)
    found = _found(sample)
    report = agreement([replace(sample, instances=np.zeros_like(sample.instances))], [found], draws=0)
    assert report.pq.value is None and report.layout.f1.value == 1


def test_more_than_255_nuclei():
    sample = _sample("m", n=400)
    report = agreement([sample], [_found(sample)], draws=0)
    assert report.pq.value == 1 and _by_name(report)["connective"].nuclei == 400


def test_how_a_class_is_measured():
    masks = _sample("m", n=100)
    points = _sample("p", OTHER, n=100, masked=False)
    partial = _sample("q", POSITIVE, n=100, coverage="partial")
    few = _sample("f", BUNDLED.id_of("negative"), n=99)
    samples = [masks, points, partial, few]
    segmentations = [_found(s, s.point_classes[0]) for s in samples]
    classes = _by_name(agreement(samples, segmentations, draws=0))
    assert classes["connective"].measured_by == "masks" and classes["connective"].pq.value == 1
    assert classes["other"].measured_by == "points" and classes["other"].f1.value == 1
    assert classes["positive"].measured_by == "recall of points" and classes["positive"].recall.value == 1
    assert classes["negative"].measured_by == "not measurable" and classes["negative"].f1.value is None
    assert "unspecified" not in classes


def test_class_f1_counts_what_was_taken_for_another_class():
    sample = _sample("m", n=100)
    labels, classes = _found(sample)
    for i in list(classes)[:20]:
        classes[i] = OTHER
    connective = _by_name(agreement([sample], [(labels, classes)], draws=0))["connective"]
    assert connective.f1.value == pytest.approx(2 * 80 / 180) and connective.recall.value == pytest.approx(0.8)
    pointed = replace(sample, masked=False)
    by_points = _by_name(agreement([pointed], [(labels, classes)], draws=0))["connective"]
    assert by_points.measured_by == "points" and by_points.f1.value == connective.f1.value


def test_tiles_without_classes_say_nothing_about_classes():
    classed, plain = _sample("m", n=100), _sample("n", None, n=100)
    report = agreement([classed, plain], [_found(classed), _found(plain)], draws=0)
    assert _by_name(report)["connective"].pq.value == 1 and report.layout.class_accuracy.value == 1


def test_a_segmenter_without_classes_measures_none():
    sample = _sample(n=100)
    report = agreement([sample], [(sample.instances, {})], draws=0)
    assert report.pq.value == 1 and report.layout.class_accuracy.value is None
    assert {c.measured_by for c in report.classes} == {"not measurable"}
    nothing_found = agreement([sample], [(np.zeros_like(sample.instances), {})], draws=0)
    assert _by_name(nothing_found)["connective"].f1.value == 0


def test_every_sample_needs_its_segmentation():
    with pytest.raises(ValueError, match="1 samples and 0 segmentations"):
        agreement([_sample()], [])
