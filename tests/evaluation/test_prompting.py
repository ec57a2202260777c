"""The prompt experiment on a painter that hears prompts, and on one that is deaf."""

import pytest

pytest.importorskip("sklearn")
from napari_cosynth.evaluation.directed_words import WORD_PAIRS, WordPair
from napari_cosynth.evaluation.making import layout_of
from napari_cosynth.evaluation.prompting import PromptReport, prompt_experiment, prompt_layouts
from napari_cosynth.evaluation.tissue import TissueClassifier
from napari_cosynth.evaluation.tissue_exam import TissueExam

ORGANS = ("colon", "brain", "breast")


def drained(generator):
    """(what it yielded, what it returned)."""
    stages = []
    while True:
        try:
            stages.append(next(generator))
        except StopIteration as end:
            return stages, end.value


@pytest.fixture
def samples(make_sample):
    return [make_sample(i, ORGANS[i % 3]) for i in range(6)]


@pytest.fixture
def exam(make_painter, make_sample, mean_colours):
    """Taught on what the painter takes the organs for."""
    paint = make_painter()
    tiles = [(paint(layout_of(make_sample(i)), f"{o}, H&E, 40x", i).image, o) for i in range(8) for o in ORGANS]
    images, names = zip(*tiles, strict=True)
    features = mean_colours.features(images)
    return TissueExam(TissueClassifier(features, names), ORGANS, (features, list(names), list(names)))


def experiment(samples, paint, counter, mean_colours, exam=None, **more):
    return drained(prompt_experiment(samples, paint, counter, mean_colours, exam, **more))


def test_a_model_that_hears_its_prompt_passes(samples, make_painter, counter, mean_colours, exam):
    stages, outcome = experiment(samples, make_painter(), counter, mean_colours, exam)
    report = outcome.report
    assert report.tissue.made.accuracy.value == report.tissue.real.accuracy.value == report.balanced_ratio == 1
    assert report.tissue.made.n == 18 and report.tissue.feature_space == "mean colours"
    for effect in report.words:
        if effect.expected == "rises":
            assert effect.share_rising == 1 and effect.p == pytest.approx(0.5**6) and effect.difference.value > 0
        else:
            assert effect.difference.value == 0 and effect.p == 1
    assert report.prompt_over_seed.value > 1 and not report.changes_nothing
    assert stages[-1].done == stages[-1].total == len(stages)
    assert PromptReport.model_validate_json(report.model_dump_json()) == report


def test_a_deaf_model_is_found_out(samples, make_painter, counter, mean_colours, exam):
    _, outcome = experiment(samples, make_painter(deaf=True), counter, mean_colours, exam)
    report = outcome.report
    assert report.tissue.made.accuracy.value == pytest.approx(1 / 3)
    assert all(effect.share_rising == 0 and effect.change == 0 for effect in report.words)
    assert report.change_by_prompt.value == report.prompt_over_seed.value == 0 and report.changes_nothing
    assert report.change_by_seed.value > 0


def test_prompts_of_a_layout_share_points_and_noise(samples, make_painter, counter, mean_colours):
    paint = make_painter()
    experiment(samples[:1], paint, counter, mean_colours)
    layout = layout_of(samples[0])
    given = [(x, seed) for x, prompt, seed, guidance, free in paint.asked if free is None]
    assert all((x.centroids == layout.centroids).all() for x, _ in given)
    # Classes are left open: a class could contradict the prompt.
    assert all(set(x.names) == {"unspecified"} for x, _ in given)
    seeds = [seed for _, seed in given]
    assert len(set(seeds)) == 2 and seeds.count(seeds[0]) == len(seeds) - 1
    dropped = [(len(x), guidance, free) for x, _, _, guidance, free in paint.asked if free is not None]
    assert dropped == [(0, 1.0, 0.0)] * 2


def test_a_tile_that_two_questions_need_is_made_once(samples, make_painter, counter, mean_colours, exam):
    paint = make_painter()
    experiment(samples, paint, counter, mean_colours, exam)
    asked = [(x, prompt, seed, guidance) for x, prompt, seed, guidance, _ in paint.asked]
    assert len(set(asked)) == len(asked)


def test_pictures_show_the_first_layout_with_captions(samples, make_painter, counter, mean_colours):
    _, outcome = experiment(samples, make_painter(), counter, mean_colours)
    captions = [caption for caption, _ in outcome.pictures]
    assert captions[:2] == ["colon, H&E, 40x", "colon, H&E, 40x (other noise)"]
    assert "colon, H&E, 40x, crowded nuclei (no points)" in captions and len(set(captions)) == len(captions)
    assert all(image.shape == (96, 96, 3) for _, image in outcome.pictures)


def test_without_an_exam_tissue_is_not_measured(samples, make_painter, counter, mean_colours):
    _, outcome = experiment(samples, make_painter(), counter, mean_colours, pairs=WORD_PAIRS[:1])
    assert outcome.report.tissue is None and outcome.report.balanced_ratio is None
    assert len(outcome.report.words) == 1


def test_a_model_that_makes_one_tile_whatever_the_noise(samples, counter, mean_colours, make_painter):
    paint = make_painter(deaf=True)
    pair = (WordPair("a", "b", "share of white pixels"),)
    fixed = lambda layout, prompt, seed, **more: paint(samples_layout, prompt, 0)  # noqa: E731
    samples_layout = layout_of(samples[0])
    report = experiment(samples, fixed, counter, mean_colours, pairs=pair)[1].report
    assert report.prompt_over_seed.value is None and report.changes_nothing


def test_whole_layouts_of_known_tissue_come_first(make_sample):
    real = [
        make_sample(0, coverage="partial"),
        make_sample(1, ""),
        make_sample(2, n=0),
        make_sample(3),
        make_sample(4),
    ]
    assert [s.name for s in prompt_layouts(real, 4)] == ["s3", "s4", "s2", "s1"]
    assert len(prompt_layouts(real, 9)) == 5


def test_no_layout_is_refused(make_painter, counter, mean_colours):
    with pytest.raises(ValueError, match="no layout"):
        experiment([], make_painter(), counter, mean_colours)
