"""Made tiles: asked for once, kept, and the same whoever asks."""

import numpy as np
import pytest

from napari_cosynth.classes import BUNDLED, Taxonomy
from napari_cosynth.evaluation import making
from napari_cosynth.evaluation.making import KeptTiles, MakingSettings, layout_of, made_samples, noise_seed
from napari_cosynth.synthesis import RequestError
from napari_cosynth.training.export import export_model
from napari_cosynth.training.loop import TrainedState


@pytest.fixture
def asked(monkeypatch, paint_request):
    """The requests that reach the model."""
    requests = []

    def run(request):
        requests.append(request)
        yield from paint_request(request)

    monkeypatch.setattr(making, "run", run)
    return requests


@pytest.fixture
def settings(model_folder):
    return MakingSettings(model=str(model_folder), steps=3, guidance=1.5, device="cpu", dtype="float32", threads=1)


def test_the_made_counterpart_has_the_layout_and_caption_of_the_real_sample(asked, settings, make_sample, tmp_path):
    real = [make_sample(0), make_sample(1, "brain")]
    made = list(made_samples(real, KeptTiles(settings, tmp_path / "tiles"), seed=4))
    for a, b, request in zip(real, made, asked, strict=True):
        assert (b.name, b.group, b.caption, b.tissue) == (a.name, a.group, a.caption, a.tissue)
        assert b.points is a.points and b.masked and not (b.image == a.image).all()
        assert request.layout == layout_of(a) and request.prompt == a.caption
        assert (request.steps, request.guidance, request.seed) == (3, 1.5, noise_seed(4, a.name))
        assert b.class_of == dict(enumerate(a.point_classes.tolist(), start=1))


def test_a_second_run_makes_nothing_anew(asked, settings, make_sample, tmp_path):
    real = [make_sample(0), make_sample(1)]
    first = list(made_samples(real, KeptTiles(settings, tmp_path)))
    again = list(made_samples(real, KeptTiles(settings, tmp_path)))
    assert len(asked) == 2 == len(list(tmp_path.glob("*.npz")))
    for a, b in zip(first, again, strict=True):
        assert (a.image == b.image).all() and (a.instances == b.instances).all() and a.class_of == b.class_of


def test_what_decides_the_tile_decides_the_file(asked, settings, make_sample, tmp_path):
    layout = layout_of(make_sample())
    make = KeptTiles(settings, tmp_path)
    make(layout, "colon", 1)
    make(layout, "brain", 1)
    make(layout, "colon", 2)
    make(layout.remove([0]), "colon", 1)
    make(layout, "colon", 1, guidance=1.0, layout_guidance=0.0)
    make(layout, "colon", 1, guidance=1.5)
    assert len(asked) == 5
    assert (asked[4].guidance, asked[4].layout_guidance, asked[4].steps) == (1.0, 0.0, 3)


def test_another_sampler_makes_tiles_anew(asked, settings, make_sample, tmp_path, monkeypatch):
    make = KeptTiles(settings, tmp_path)
    make(layout_of(make_sample()), "colon", 1)
    monkeypatch.setattr(making, "sampler_fingerprint", lambda: "another")
    make(layout_of(make_sample()), "colon", 1)
    assert len(asked) == 2 == len(list(tmp_path.glob("*.npz")))


def test_a_model_of_other_classes_is_refused_before_anything_is_made(
    asked, settings, make_sample, make_unet, minilm, tmp_path
):
    two = Taxonomy(classes=tuple(c for c in BUNDLED if c.name in ("neoplastic", "unspecified")))
    network = make_unet(text_channels=minilm.channels, n_classes=1, condition_channels=3)
    state = TrainedState(network.state_dict(), 1, 8, 1.0, {"colon": 1})
    export_model(state, dict(network.config), minilm, two, tmp_path / "two")
    make = KeptTiles(settings.model_copy(update={"model": str(tmp_path / "two")}), tmp_path / "tiles")
    for ask in (make.request, make):
        with pytest.raises(RequestError, match="the model's classes are neoplastic, unspecified; "):
            ask(layout_of(make_sample()), "colon", 1)
    assert not asked


def test_noise_depends_on_name_and_seed():
    assert len({noise_seed(0, "a"), noise_seed(0, "b"), noise_seed(1, "a")}) == 3
    assert noise_seed(0, "a") == noise_seed(0, "a")


def test_points_that_are_one_nucleus_become_one_point(make_sample):
    twice = make_sample(points=np.array([[10.0, 10], [10.4, 10.4], [40, 40]]), point_classes=np.array([2, 1, 0]))
    layout = layout_of(twice)
    assert layout.centroids.tolist() == [[10, 10], [40, 40]] and layout.class_ids.tolist() == [2, 0]
    assert (layout.height, layout.width, layout.taxonomy) == (96, 96, BUNDLED)
