"""From request to tile, and that every failure arrives as a sentence."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from napari_cosynth import synthesis
from napari_cosynth.layout import Layout
from napari_cosynth.model.nearest_file import write_index
from napari_cosynth.presets import STANDARD
from napari_cosynth.request import Order
from napari_cosynth.synthesis import (
    PREVIEW_SECONDS,
    Finished,
    Loading,
    Preview,
    RequestError,
    Started,
    SynthesisError,
    make,
    make_request,
    run,
    taxonomy_of,
    unseen_words,
)

LAYOUT = Layout(centroids=[(20, 20), (40, 44.5)], classes=["neoplastic", "connective"], height=64, width=80)


@pytest.fixture
def request_for(model_folder):
    """A request to the tiny model; options as of `make_request`."""

    def make(layout=LAYOUT, prompt="colon", **options):
        return make_request(
            layout,
            prompt,
            **{"model": str(model_folder), "steps": 2, "device": "cpu", "dtype": "float32", "threads": 1} | options,
        )

    return make


def tile_made(request):
    *_, last = run(request)
    return last.tile


def test_events_come_in_order(request_for):
    started, *previews, finished = run(request_for(steps=3))
    assert started == Started(3)
    assert [(p.step, p.steps) for p in previews] == [(1, 3), (2, 3), (3, 3)]
    assert all(p.image.shape == (64, 80, 3) and p.image.dtype == np.uint8 for p in previews)
    assert isinstance(finished, Finished)
    assert np.array_equal(finished.tile.image, previews[-1].image)
    assert finished.tile.report.placed == 2


def test_the_same_request_gives_the_same_tile_and_another_seed_another(request_for):
    first, again, other = (tile_made(request_for(seed=seed)) for seed in (3, 3, 4))
    for name in ("image", "semantic", "instances"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
    assert first.nuclei == again.nuclei
    assert not np.array_equal(first.image, other.image)


def test_a_tile_lists_the_nuclei_of_its_map(request_for):
    from napari_cosynth.model.instances import Labels

    instances = np.zeros((64, 80), np.int32)
    instances[18:23, 18:23], instances[50:52, 60:64] = 1, 3
    semantic = np.where(instances == 1, 1, np.where(instances == 3, 3, 0)).astype(np.uint8)
    tile = synthesis.tile_of(request_for(), np.zeros((64, 80, 3), np.uint8), Labels(instances, semantic, {1: 0, 3: 2}))
    first, extra = tile.nuclei
    assert (first.id, first.row, first.col, first.area_px, first.requested) == (1, 20, 20, 25, True)
    assert (extra.id, extra.row, extra.col, extra.area_px, extra.requested) == (3, 50.5, 61.5, 8, False)
    assert (tile.report.missing, tile.report.extra, tile.report.other_class) == ((2,), (3,), ())


def test_closing_the_generator_cancels(request_for, monkeypatch):
    from napari_cosynth.model.unet import JointUNet

    passes, forward = [], JointUNet.forward

    def counted(self, *inputs):
        passes.append(1)
        return forward(self, *inputs)

    monkeypatch.setattr(JointUNet, "forward", counted)
    events = run(request_for(steps=5))
    while not isinstance(next(events), Preview):
        pass
    events.close()
    assert len(passes) == 1
    with pytest.raises(StopIteration):
        next(events)


@pytest.mark.parametrize(
    ("error", "kind", "advice"),
    [
        (RuntimeError("CUDA out of memory. Tried to allocate 9 GiB"), SynthesisError, "64 x 80 px.*smaller tile"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), SynthesisError, "smaller tile"),
        (MemoryError(), SynthesisError, "smaller tile"),
        (RuntimeError("shapes differ"), SynthesisError, "shapes differ.*another device"),
        (OSError("gone"), SynthesisError, "gone"),
        (ValueError("of another taxonomy"), RequestError, "of another taxonomy"),
    ],
)
@pytest.mark.parametrize("step", ["draw_noise", "denoise", "decode"])
def test_no_error_of_the_model_leaves_as_it_is(request_for, monkeypatch, error, kind, advice, step):
    from napari_cosynth.model.pipeline import CoSynthPipeline

    def fail(*_args, **_options):
        raise error

    monkeypatch.setattr(CoSynthPipeline, step, fail)
    with pytest.raises(SynthesisError, match=advice) as caught:
        list(run(request_for(steps=1)))
    assert type(caught.value) is kind and caught.value.__cause__ is error


def test_a_model_that_changed_since_the_request_is_refused(request_for, model_copy):
    request = request_for(model=str(model_copy))
    index = model_copy / "model_index.json"
    index.write_text(json.dumps(json.loads(index.read_text()) | {"comment": "changed"}))
    with pytest.raises(RequestError, match=f"hash {request.model_hash}; the one found here has"):
        next(run(request))
    with pytest.raises(RequestError, match="there is no model folder"):
        next(run(request.model_copy(update={"model": "gone"})))


@pytest.mark.parametrize("part", ["scheduler/scheduler_config.json", "text_encoder/text_encoder.json"])
@pytest.mark.parametrize("damage", ["removed", "truncated"])
def test_a_damaged_part_of_a_model_folder_is_told(request_for, model_copy, part, damage):
    file = model_copy / part
    if damage == "removed":
        shutil.rmtree(file.parent)
    else:
        file.write_text(file.read_text()[:20])
    with pytest.raises(RequestError, match=r"fetch the (folder|model) anew"):
        list(run(request_for(model=str(model_copy))))


def test_another_text_encoder_than_in_training_is_told(request_for, model_copy):
    file = model_copy / "text_encoder" / "text_encoder.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"sha256": "0" * 64}))
    with pytest.raises(RequestError, match="is not the one that the model was trained with.*pip install"):
        list(run(request_for(model=str(model_copy))))


def test_a_device_that_is_not_there_is_told_with_those_that_are(request_for):
    with pytest.raises(RequestError, match="no device 'cuda:77' on this machine; choose one of: .*cpu"):
        request_for(device="cuda:77")


def test_a_model_that_is_not_there_is_told(request_for):
    with pytest.raises(RequestError, match="there is no model folder nowhere; bundled models:"):
        request_for(model="nowhere")


def test_a_bundled_model_is_recorded_by_its_name_any_other_by_its_place(request_for, model_folder, monkeypatch):
    assert request_for().model == str(model_folder.resolve())
    monkeypatch.chdir(model_folder)
    assert request_for(model=".").model == str(model_folder.resolve())
    monkeypatch.chdir(model_folder.parent)
    assert request_for(model=model_folder.name).model == str(model_folder.resolve())
    for module in ("napari_cosynth.synthesis", "napari_cosynth.model.zoo"):
        monkeypatch.setattr(f"{module}.models_dir", lambda: model_folder.parent)
    for model in (None, model_folder.name, str(model_folder)):
        assert request_for(model=model).model == model_folder.name


def test_what_is_left_open_is_decided(model_folder, monkeypatch, tmp_path):
    monkeypatch.setenv("NAPARI_COSYNTH_CACHE", str(tmp_path))
    request = make_request(LAYOUT, model=str(model_folder), device="cpu")
    assert request.dtype in ("float32", "bfloat16") and request.threads >= 1
    assert (request.steps, request.guidance, request.layout_guidance) == STANDARD


def test_a_model_with_an_index_tells_how_near_to_training_tissue_a_tile_is(
    request_for, model_copy, make_training_index
):
    layout = Layout(height=128, width=144)
    request = request_for(layout, model=str(model_copy))
    before = tile_made(request)
    write_index(make_training_index(), model_copy)
    made = tile_made(request)
    assert before.training_distance is None and made.training_distance > 0
    assert np.array_equal(before.image, made.image)


@pytest.mark.parametrize("segmenter", ["another", None])
def test_an_index_that_cannot_be_used_is_told_before_the_first_step(
    request_for, model_copy, make_training_index, segmenter
):
    path = write_index(make_training_index(segmenter), model_copy)
    if segmenter is None:
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RequestError, match="nearest.safetensors .*make it anew with  napari-cosynth nearest"):
        next(run(request_for(model=str(model_copy))))


def test_words_that_training_never_showed(request_for, model_folder):
    assert unseen_words(request_for(prompt="dense glia in the colon")) == ("glia",)
    assert taxonomy_of(str(model_folder)) == LAYOUT.taxonomy


def test_without_terms_no_word_is_called_unseen(request_for, model_copy):
    (model_copy / "prompt_terms.json").unlink()
    assert unseen_words(request_for(prompt="glia", model=str(model_copy))) == ()


def test_a_layout_of_other_classes_than_the_model_s_is_told(request_for):
    from napari_cosynth.classes import Taxonomy

    # The model's classes without the last one.
    taxonomy = Taxonomy.model_validate({"classes": LAYOUT.taxonomy.model_dump()["classes"][:-1]})
    with pytest.raises(RequestError, match="Choose a model of that taxonomy"):
        list(run(request_for(Layout(height=64, width=64, taxonomy=taxonomy))))


@pytest.fixture
def order_for(model_folder, monkeypatch):
    """An order to the tiny model; options as of `Order`."""
    # Measuring takes longer than the tiny model's tile.
    monkeypatch.setattr("napari_cosynth.model.zoo.choose_dtype", lambda *_: "float32")

    def order(layout=LAYOUT, **options):
        return Order(layout, **{"prompt": "colon", "steps": 2, "model": str(model_folder), "device": "cpu"} | options)

    return order


@pytest.fixture
def forwards(monkeypatch):
    """Counts passes of the network; each takes ``seconds`` of a clock that `synthesis` reads."""
    from napari_cosynth.model.unet import JointUNet

    class Forwards:
        count, seconds, now = 0, 1.0, 100.0

        def monotonic(self):
            return self.now

    counted, forward = Forwards(), JointUNet.forward

    def pass_through(self, *inputs):
        counted.count += 1
        counted.now += counted.seconds
        return forward(self, *inputs)

    monkeypatch.setattr(JointUNet, "forward", pass_through)
    monkeypatch.setattr(synthesis, "time", counted)
    return counted


def test_an_order_is_loaded_started_shown_and_finished(order_for):
    loading, started, *previews, finished = make(order_for(steps=3, seed=5))
    assert (loading, started) == (Loading(), Started(3))
    assert [(p.step, p.steps) for p in previews] == [(1, 3), (2, 3), (3, 3)]
    tile = finished.tile
    assert (tile.request.seed, tile.request.device, tile.request.layout) == (5, "cpu", LAYOUT)
    again = tile_made(tile.request)
    assert np.array_equal(tile.image, again.image) and np.array_equal(tile.instances, again.instances)


def test_a_preview_shows_the_nuclei_of_the_predicted_tile(order_for, forwards):
    def labels(**options):
        return [e.instances for e in make(order_for(steps=3, **options)) if isinstance(e, Preview)]

    *shown, last = labels()
    assert all(i.shape == (64, 80) and i.dtype == np.int32 for i in shown)
    # The tile itself comes right after the last preview.
    assert last is None
    assert labels(preview=False) == [None] * 3


def test_the_command_line_s_previews_cost_no_labels(request_for, forwards):
    assert all(e.instances is None for e in run(request_for(steps=3)) if isinstance(e, Preview))


@pytest.mark.parametrize(("seconds", "shown"), [(0.03, 4), (0.07, 9), (0.19, 14), (0.21, 29), (3.0, 29)])
def test_labels_are_shown_at_most_five_times_a_second(order_for, forwards, seconds, shown):
    forwards.seconds = seconds
    times = []
    for event in make(order_for(steps=30, layout_guidance=1)):
        if isinstance(event, Started):
            times.append(forwards.now)
        if isinstance(event, Preview) and event.instances is not None:
            times.append(forwards.now)
    assert len(times) == 1 + shown
    # From the start on: several short runs in a row stay below it too.
    assert np.diff(times).min() >= PREVIEW_SECONDS - 1e-9


@pytest.mark.parametrize("heard", range(1, 7))
def test_closing_cancels_at_any_event(order_for, forwards, heard):
    events = make(order_for(steps=3, layout_guidance=1))
    kinds = [type(next(events)) for _ in range(heard)]
    events.close()
    assert kinds == [Loading, Started, Preview, Preview, Preview, Finished][:heard]
    assert forwards.count == kinds.count(Preview)
    with pytest.raises(StopIteration):
        next(events)


def test_an_order_can_be_made_after_one_that_was_cancelled(order_for):
    (*_, alone) = make(order_for())
    events = make(order_for())
    while not isinstance(next(events), Preview):
        pass
    events.close()
    (*_, after) = make(order_for())
    assert np.array_equal(alone.tile.image, after.tile.image)


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({"seed": -1}, "seed"),
        ({"steps": 0}, "steps"),
        ({"guidance": 99.0}, "guidance"),
        ({"prompt": "x" * 1001}, "1001 characters; at most 1000 are allowed: shorten it"),
        ({"layout": "a gland"}, "layout"),
        ({"model": "nowhere"}, "no model folder nowhere"),
        ({"device": "cuda:77"}, "no device 'cuda:77'"),
    ],
)
def test_an_order_that_cannot_be_met_is_told_in_words(order_for, options, advice):
    events = make(order_for(**options))
    assert next(events) == Loading()
    with pytest.raises(RequestError, match=advice) as caught:
        next(events)
    assert "pydantic" not in str(caught.value) and "validation error" not in str(caught.value)


ERRORS = [
    RuntimeError("CUDA out of memory"),
    RuntimeError("shapes differ"),
    MemoryError(),
    OSError("gone"),
    ImportError("no torch here"),
    ValueError("of another taxonomy"),
    TypeError("not a tensor"),
    KeyError("unet"),
    AssertionError(),
    StopIteration(),
    RecursionError("too deep"),
    ZeroDivisionError("division by zero"),
]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
@pytest.mark.parametrize(
    "place",
    [
        "zoo.find_model",
        "zoo.available_devices",
        "zoo.choose_dtype",
        "zoo.load",
        "pipeline.CoSynthPipeline.draw_noise",
        "unet.JointUNet.forward",
        "pipeline.decode",
    ],
)
def test_whatever_fails_wherever_it_arrives_as_a_sentence(order_for, monkeypatch, error, place):
    def fail(*_args, **_options):
        raise error

    synthesis._loaded.cache_clear()
    monkeypatch.setattr(f"napari_cosynth.model.{place}", fail)
    with pytest.raises(SynthesisError) as caught:
        list(make(order_for()))
    if synthesis.is_out_of_memory(error):
        assert "64 x 80 px. Choose a smaller tile" in str(caught.value)
    else:
        assert str(error) in str(caught.value)
