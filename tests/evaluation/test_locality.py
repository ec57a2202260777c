"""Edits that stay in their place, and edits that do not."""

import numpy as np
import pytest

from napari_cosynth.evaluation.locality import CLEAR_PX, LocalityReport, edit_locality, with_one_less, with_one_more
from napari_cosynth.evaluation.making import layout_of, noise_seed


def measured(samples, paint, **more):
    generator = edit_locality(samples, paint, **more)
    stages = []
    while True:
        try:
            stages.append(next(generator))
        except StopIteration as end:
            return stages, end.value


@pytest.fixture
def samples(make_sample):
    return [make_sample(i, size=160) for i in range(4)]


def test_a_local_model_changes_nothing_outside(samples, make_painter):
    stages, outcome = measured(samples, make_painter())
    report = outcome.report
    assert (report.added, report.removed, report.radius_px) == (2, 2, 40)
    assert report.inside.value > 0 and report.outside.value == report.ratio.value == 0
    assert [s.done for s in stages] == [1, 2, 3, 4]
    assert LocalityReport.model_validate_json(report.model_dump_json()) == report


def test_a_restless_model_changes_everywhere(samples, make_painter):
    report = measured(samples, make_painter(restless=True))[1].report
    assert report.outside.value > 1 and 0.2 < report.ratio.value < 1.5


def test_a_model_that_ignores_the_edit_has_no_ratio(samples, make_painter):
    paint = make_painter()

    def stubborn(layout, prompt, seed):
        return paint(layout.without_points(), prompt, seed)

    report = measured(samples, stubborn)[1].report
    assert report.inside.value == 0 and report.ratio.value is None


def test_before_and_after_share_prompt_and_noise_and_differ_by_one_nucleus(samples, make_painter):
    paint = make_painter()
    _, outcome = measured(samples, paint, seed=3)
    for sample, edit, before, after in zip(samples, outcome.edits, paint.asked[::2], paint.asked[1::2], strict=True):
        assert before[0] == layout_of(sample)
        assert before[1:3] == after[1:3] == (sample.caption, noise_seed(3, sample.name))
        assert len(after[0]) - len(before[0]) == {"added": 1, "removed": -1}[edit.kind]
        assert edit.change[round(edit.row), round(edit.col)] > 0


def test_same_seed_same_edits(samples, make_painter):
    first, again = (measured(samples, make_painter())[1] for _ in range(2))
    assert first.report == again.report
    assert [(e.row, e.col) for e in first.edits] == [(e.row, e.col) for e in again.edits]


def test_a_new_nucleus_stands_where_there_is_room_away_from_the_edge(make_sample):
    layout = layout_of(make_sample(size=160))
    for seed in range(20):
        edited, (row, col) = with_one_more(layout, np.random.default_rng(seed))
        assert np.hypot(*(layout.centroids - (row, col)).T).min() >= CLEAR_PX
        assert 40 <= row < 120 and 40 <= col < 120
        assert edited.remove([len(layout)]) == layout
        assert layout.class_ids.tolist().count(edited.class_ids[-1]) == np.bincount(layout.class_ids).max()


def test_a_crowded_layout_takes_one_more_all_the_same(make_sample):
    grid = np.mgrid[4:64:8, 4:64:8].reshape(2, -1).T.astype(float)
    layout = layout_of(make_sample(size=64, points=grid, point_classes=np.zeros(64, int)))
    assert len(with_one_more(layout, np.random.default_rng(0))[0]) == 65


def test_a_nucleus_is_taken_away_from_the_edge_if_possible(make_sample):
    points = np.array([[2.0, 2], [60, 60], [150, 80]])
    layout = layout_of(make_sample(size=160, points=points, point_classes=np.array([0, 1, 2])))
    edited, place = with_one_less(layout, np.random.default_rng(0))
    assert place == (60, 60) and edited == layout.remove([1])
    rim = layout.remove([1])
    assert len(with_one_less(rim, np.random.default_rng(0))[0]) == 1


def test_an_empty_layout_gets_a_nucleus(make_sample, make_painter):
    empty = [make_sample(i, size=160, n=0) for i in range(2)]
    report = measured(empty, make_painter())[1].report
    assert (report.added, report.removed) == (2, 0)


def test_what_cannot_be_measured_is_refused(make_sample, make_painter):
    with pytest.raises(ValueError, match="no layout to edit"):
        measured([], make_painter())
    with pytest.raises(ValueError, match="64 x 64 px lies within 80 px"):
        measured([make_sample(size=64)], make_painter(), radius_px=80)
