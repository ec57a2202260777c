"""A whole evaluation with a painter for a model: what comes out, that it is repeatable, what it refuses."""

import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sklearn")
from napari_cosynth.classes import BUNDLED
from napari_cosynth.evaluation import evaluate as module
from napari_cosynth.evaluation import making
from napari_cosynth.evaluation.evaluate import Evaluated, Evaluation, evaluate
from napari_cosynth.evaluation.making import MakingSettings, noise_seed
from napari_cosynth.evaluation.report import write_report
from napari_cosynth.evaluation.sample import real_samples
from napari_cosynth.evaluation.sections import sections
from napari_cosynth.evaluation.stage import Stage
from napari_cosynth.model.instances import Labels
from napari_cosynth.synthesis import Finished, tile_of

ORGANS = ("colon", "brain")
SHAPES = ("area_px", "eccentricity", "neighbour_px")


@pytest.fixture(scope="module")
def tiles(make_tile):
    """Fourteen windows of as many patients, of two organs in two sources; the last two are partial."""
    return [
        make_tile(
            seed=i,
            size=(256, 256),
            name=f"t{i}",
            group=f"p{i}",
            organ=ORGANS[i % 2],
            source=f"source {i % 2}",
            split="val",
            coverage="partial" if i > 11 else "complete",
        )
        for i in range(14)
    ]


@pytest.fixture
def settings(model_folder):
    return MakingSettings(
        model=str(model_folder), steps=2, layout_guidance=1.25, device="cpu", dtype="float32", threads=1
    )


@pytest.fixture
def requests(monkeypatch, counter, mean_colours, paint_request):
    """Everything heavy replaced; the requests that reach the model."""
    asked = []

    def run(request):
        asked.append(request)
        yield from paint_request(request)

    monkeypatch.setattr(making, "run", run)
    monkeypatch.setattr(module, "EfficientNetLite0", lambda: mean_colours)
    monkeypatch.setattr(module, "load_segmenter", lambda folder: counter)
    monkeypatch.setattr(module, "ClassicalSegmenter", lambda: counter)
    return asked


@pytest.fixture
def perfect_model(requests, monkeypatch):
    """Evaluates a model that makes the real windows themselves, with classes where real labels state none at all."""

    def evaluation_of(tiles, settings, folder):
        real = {noise_seed(0, s.name): s for s in real_samples(tiles, BUNDLED, limit=14)}

        def run(request):
            sample = real[request.seed]
            unstated = BUNDLED.unspecified if sample.class_of else BUNDLED.id_of("connective")
            classes = {i: sample.class_of.get(i, unstated) for i in range(1, len(sample.points) + 1)}
            semantic = np.array([0, *(c + 1 for c in classes.values())], np.uint8)[sample.instances]
            yield Finished(tile_of(request, sample.image, Labels(sample.instances, semantic, classes)))

        monkeypatch.setattr(making, "run", run)
        *_, end = evaluate(tiles, settings, folder, limit=14, edits=1)
        return end.evaluation

    return evaluation_of


def test_quick_run_and_its_continuation(tiles, settings, requests, tmp_path):
    *stages, end = evaluate(tiles, settings, tmp_path, limit=14, edits=2)
    assert all(isinstance(s, Stage) and 0 <= s.done <= s.total for s in stages) and isinstance(end, Evaluated)
    first = end.evaluation
    assert first.tiles == 14 and first.sources == {"source 0": 7, "source 1": 7}
    # The tiles before the edits are those that were made anyway.
    assert len(requests) == 14 + 2 and first.locality.added + first.locality.removed == 2
    assert first.prompts is None and end.pictures == () and len(end.edits) == 2
    assert first.cost.ours.forwards_per_tile == 2 + 1  # the first step is guided
    assert (first.likeness.realism.n_made, first.agreement.made.samples) == (14, 14)
    # Two of them are partial: their made tiles lack the nuclei that their layouts do.
    complete = first.complete
    assert (complete.realism.n_made, complete.discriminator.n_real, complete.discriminator.n_groups) == (12, 12, 12)
    assert Evaluation.model_validate_json(first.model_dump_json()) == first

    *_, again = evaluate(tiles, settings, tmp_path, limit=14, edits=2)
    assert len(requests) == 16
    assert again.evaluation.model_dump(exclude={"seconds_making", "finished"}) == first.model_dump(
        exclude={"seconds_making", "finished"}
    )


def test_prompts_and_the_written_report(tiles, settings, requests, tmp_path, make_tile):
    train = (make_tile(seed=i, size=(512, 512), organ=ORGANS[i % 2], name=f"t{i}") for i in range(4))
    *_, end = evaluate(tiles, settings, tmp_path, 14, edits=2, prompts=2, train_tiles=train)
    prompts = end.evaluation.prompts
    assert prompts.layouts == 2 and prompts.tissue.names == ("brain", "colon") and prompts.words
    assert end.pictures

    write_report(end, tmp_path)
    assert Evaluation.model_validate(json.loads((tmp_path / "report.json").read_text())) == end.evaluation
    page = (tmp_path / "report.html").read_text()
    found = sections(end.evaluation)
    assert [s.key for s in found] == ["agreement", "likeness", "told", "nuclei", "prompts", "edits", "cost"]
    for text in ("<h2>Tiles</h2>", "DAB density", "tissue asked for", "tiny", *(f"<h2>{s.title}</h2>" for s in found)):
        assert text in page
    # One file that can be mailed: nothing is fetched.
    assert "<script" not in page and 'src="http' not in page
    assert page.count('<img alt="') == page.count("<img") == page.count("data:image/jpeg") + 4
    assert page.count("data:image/svg+xml") == 4

    for section in found:
        for header, rows in section.tables:
            assert rows and all(len(row) == len(header) and all(isinstance(c, str) for c in row) for row in rows)
    names = [row[0] for s in found for t in s.tables for row in t.rows]
    for part in ("all tiles at once", "tissue asked for is recognised [mean colours]", "TFLOP"):
        assert sum(part in name for name in names) == 1, part
    assert sum("layouts that hold every nucleus" in name for name in names) == 3
    kernel = next(row for row in found[1].tables[0].rows if "all tiles at once" in row[0])
    assert float(kernel[1]) == pytest.approx(end.evaluation.likeness.realism.kernel_distance.all_tiles, rel=0.01)


def test_too_few_groups_are_refused_before_anything_is_made(tiles, settings, requests, tmp_path):
    with pytest.raises(ValueError, match="8 windows of 8 groups .* halves of at least 6"):
        list(evaluate(tiles, settings, tmp_path, limit=8))
    alike = [replace(t, group="one", source="x") for t in tiles]
    with pytest.raises(ValueError, match="14 windows of 1 groups"):
        list(evaluate(alike, settings, tmp_path, limit=14))
    assert not requests


def test_partial_tiles_are_left_out_of_shapes(tiles, settings, requests, tmp_path):
    *_, end = evaluate(tiles, settings, tmp_path, limit=14, edits=1)
    whole = [s for s in end.real if s.coverage == "complete"]
    nuclei = end.evaluation.nuclei[0]
    assert nuclei.class_name == "all" and nuclei.n_real == sum(len(np.unique(s.instances)) - 1 for s in whole)
    assert end.evaluation.agreement.ceiling.masked == 12


def test_real_tiles_in_place_of_made_ones_have_no_other_nuclei(tiles, settings, perfect_model, tmp_path):
    unclassed = [replace(t, classes=("unspecified",) * len(t.classes)) for t in tiles[:4]]
    found = perfect_model([*unclassed, *tiles[4:]], settings, tmp_path).nuclei
    assert "unspecified" in [r.class_name for r in found] and sum(r.area_px is not None for r in found) >= 2
    for report in found:
        assert report.n_real == report.n_made
        for figure in (getattr(report, name) for name in SHAPES):
            assert figure is None or figure.excess == 0 < figure.floor
