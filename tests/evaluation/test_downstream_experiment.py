"""A whole experiment with a painter for a model: what is trained on, resuming, what is refused."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from napari_cosynth.classes import BUNDLED  # noqa: E402
from napari_cosynth.evaluation import making  # noqa: E402
from napari_cosynth.evaluation.downstream import experiment as module  # noqa: E402
from napari_cosynth.evaluation.downstream.experiment import downstream  # noqa: E402
from napari_cosynth.evaluation.downstream.outcome import Downstream  # noqa: E402
from napari_cosynth.evaluation.downstream.settings import ARMS, DownstreamSettings  # noqa: E402
from napari_cosynth.evaluation.downstream.trial import ADDED, REAL, labelled, run_trial, trial_sampler  # noqa: E402
from napari_cosynth.evaluation.making import MakingSettings  # noqa: E402
from napari_cosynth.evaluation.stage import Stage  # noqa: E402


@pytest.fixture(scope="module")
def tiles(make_tile):
    """Three training tiles, one of them partial, and two held-out ones."""
    train = [make_tile(seed=i, size=(256, 256), name=f"t{i}", group=f"p{i}") for i in range(3)]
    train[2] = replace(train[2], coverage="partial")
    held_out = [make_tile(seed=9 + i, size=(256, 256), name=f"v{i}", group=f"q{i}", split="val") for i in range(2)]
    return train, held_out


@pytest.fixture
def settings(model_folder):
    return DownstreamSettings(
        real=(1, "all"),
        seeds=1,
        steps=2,
        most=2,
        added_per_real=1,
        tiles=2,
        channels=(8, 8),
        batch_size=1,
        crop=32,
        making=MakingSettings(model=str(model_folder), steps=1, device="cpu", dtype="float32", threads=1),
    )


@pytest.fixture
def requests(monkeypatch, paint_request):
    asked = []

    def run(request):
        asked.append(request)
        yield from paint_request(request)

    monkeypatch.setattr(making, "run", run)
    return asked


def test_all_arms_are_trained_and_a_second_run_only_reads(tiles, settings, requests, tmp_path, monkeypatch):
    events = list(downstream(*tiles, settings, tmp_path))
    outcomes = [e for e in events if isinstance(e, Downstream)]
    assert all(isinstance(e, Stage | Downstream) for e in events) and len(outcomes) == 2
    # After each N the outcome so far.
    assert [[s.asked for s in o.sizes] for o in outcomes] == [["1"], ["1", "all"]]
    assert [s.windows for s in outcomes[1].sizes] == [1, 2]
    arms = {a.arm: a for a in outcomes[1].sizes[1].arms}
    assert [arms[a].steps for a in ARMS] == [2, 4, 4, 4]
    assert [arms[a].added for a in ARMS] == [0, 0, 2, 2]
    # The tile of the smaller N is not made again for the larger one.
    assert len(requests) == 2
    assert sorted(p.name for p in (tmp_path / "trials").iterdir()) == sorted(
        f"{n}-{arm}-0.json" for n in (1, "all") for arm in ARMS
    )

    monkeypatch.setattr(module, "pasted_tiles", None)
    *_, again = downstream(*tiles, settings, tmp_path)
    assert again == outcomes[1] and len(requests) == 2


def test_all_means_at_most_so_many_beside_a_larger_number_too(tiles, settings, requests, tmp_path):
    *_, end = downstream(*tiles, settings.model_copy(update={"real": (2, "all"), "most": 1}), tmp_path)
    assert [(s.asked, s.windows) for s in end.sizes] == [("2", 2), ("all", 1)]


def test_a_trial_is_the_same_in_another_folder(tiles, settings, requests, tmp_path):
    small = settings.model_copy(update={"real": (1,)})
    outcomes = [list(downstream(*tiles, small, tmp_path / name))[-1] for name in ("a", "b")]
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("chosen", [True, False])
def test_classes_that_the_model_chose_are_taught_or_not(tiles, settings, requests, tmp_path, monkeypatch, chosen):
    (train, held_out), taught = tiles, {}

    def spy(size, arm, seed, real, added, *rest):
        taught[arm] = [name for tile in added for name in tile.classes]
        return run_trial(size, arm, seed, real, added, *rest)

    class Choosing(making.KeptTiles):
        def __call__(self, *asked):
            tile = super().__call__(*asked)
            return replace(tile, class_of=dict.fromkeys(tile.class_of, BUNDLED.id_of("epithelial")))

    monkeypatch.setattr(module, "KeptTiles", Choosing)
    monkeypatch.setattr(module, "run_trial", spy)
    unclassed = [replace(t, classes=("unspecified",) * len(t.classes)) for t in train]
    one = settings.model_copy(update={"real": (1,), "chosen_classes": chosen})
    list(downstream(unclassed, held_out, one, tmp_path))
    assert set(taught["synthetic"]) == {"epithelial" if chosen else "unspecified"}


def test_given_tiles_are_used_as_they_are(tiles, settings, requests, tmp_path, make_tile):
    given = [make_tile(seed=20 + i, size=(64, 64), name=f"made-{i}", split="test") for i in range(3)]
    *_, end = downstream(*tiles, settings, tmp_path, given)
    assert not requests and end.model_hash == ""
    assert [a.added for a in end.sizes[0].arms] == [0, 0, 1, 3]


def test_given_tiles_that_cannot_be_used_are_left_out_or_said_before_anything(tiles, settings, tmp_path, make_tile):
    one = settings.model_copy(update={"real": (1,)})
    small = [make_tile(seed=20 + i, size=(16, 64), name=f"small-{i}") for i in range(2)]
    with pytest.raises(ValueError, match="none of the 2 made tiles .* at least 32 x 32 px"):
        next(downstream(*tiles, one, tmp_path, small))
    coarse = replace(make_tile(seed=22, size=(16, 16), name="coarse"), um_per_px=0.5)
    points = replace(make_tile(seed=23, size=(64, 64), name="points"), instances=None)
    *_, end = downstream(*tiles, one, tmp_path, [*small, coarse, points])
    assert [a.added for a in end.sizes[0].arms] == [0, 0, 1, 1]


def test_given_tiles_with_the_same_names_and_another_content_are_another_experiment(
    tiles, settings, tmp_path, make_tile
):
    one = settings.model_copy(update={"real": (1,)})
    given = [make_tile(seed=20, size=(64, 64), name="made-0")]
    list(downstream(*tiles, one, tmp_path, given))
    *_, again = downstream(*tiles, one, tmp_path, given)
    assert isinstance(again, Downstream)
    reclassed = replace(given[0], classes=(*given[0].classes[1:], "other"))
    for other in (make_tile(seed=21, size=(64, 64), name="made-0"), reclassed):
        with pytest.raises(ValueError, match="trials of another experiment .made differ"):
            next(downstream(*tiles, one, tmp_path, [other]))


def test_what_cannot_be_done_is_said(tiles, settings, requests, tmp_path, monkeypatch):
    train, held_out = tiles
    partial = [replace(t, coverage="partial") for t in train]
    with pytest.raises(ValueError, match="no training tile has an image and masks of all its nuclei"):
        next(downstream(partial, held_out, settings, tmp_path))
    many = settings.model_copy(update={"real": (5, "all")})
    with pytest.raises(ValueError, match="5 real tiles are asked for, but the data hold 2 windows"):
        next(downstream(train, held_out, many, tmp_path))
    next(downstream(train, held_out, settings, tmp_path))
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert len(plan["held out"]) == 2 and all(name.startswith("made-v") for name in plan["held out"])
    with pytest.raises(ValueError, match="trials of another experiment .settings differ"):
        next(downstream(train, held_out, settings.model_copy(update={"steps": 3}), tmp_path))
    monkeypatch.setattr(module, "sampler_fingerprint", lambda: "another")
    with pytest.raises(ValueError, match="trials of another experiment .made differ"):
        next(downstream(train, held_out, settings, tmp_path))
    monkeypatch.undo()
    # More seeds and other N may be added to an experiment.
    next(downstream(train, held_out, settings.model_copy(update={"seeds": 2, "real": (2,)}), tmp_path))


def test_trials_of_other_real_tiles_are_refused_before_anything_is_made(tiles, settings, requests, tmp_path, make_tile):
    (train, held_out), most = tiles, settings.model_copy(update={"real": ("all",), "most": 3})
    list(downstream(train, held_out, most, tmp_path))
    asked = len(requests)
    more = [*train, make_tile(seed=7, size=(256, 256), name="t7", group="p7")]
    with pytest.raises(ValueError, match=r"all-real-0\.json: was trained on 2 real tiles that are not the 3 of now"):
        next(downstream(more, held_out, most, tmp_path))

    # As the message says: without the trials another experiment begins, whatever was planned before.
    shutil.rmtree(tmp_path / "trials")
    other = most.model_copy(update={"steps": 3})
    assert isinstance(next(downstream(more, held_out, other, tmp_path)), Stage)
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert plan["settings"]["steps"] == 3
    shutil.rmtree(tmp_path / "trials")
    list(downstream(train, held_out, most, tmp_path))

    file = tmp_path / "trials" / "all-longer-0.json"
    of_before = json.loads(file.read_text()) | {"windows": 2}
    file.write_text(json.dumps(of_before))
    with pytest.raises(ValueError, match=r"all-longer-0\.json: does not say which real tiles .*another --out"):
        next(downstream(train, held_out, most, tmp_path))
    assert len(requests) == asked


def test_added_tiles_have_their_share_of_the_crops(make_tile, settings):
    real = [make_tile(seed=0, size=(96, 96), source=REAL)]
    added = [make_tile(seed=i, size=(64, 64), source=ADDED) for i in range(1, 6)]
    sampler = trial_sampler(real, added, settings.model_copy(update={"added_share": 0.3}), "synthetic", 0)
    of_added = [t.source == ADDED for t in sampler.tiles]
    assert sampler.share[of_added].sum() == pytest.approx(0.3)


def test_a_sample_becomes_a_tile_with_its_classes(make_sample):
    instances = np.zeros((96, 96), np.int32)
    instances[4:12, 4:12], instances[40:50, 40:50] = 2, 7
    tile = labelled(replace(make_sample(0), instances=instances, class_of={7: 2}, masked=True), ADDED)
    assert tile.ids.tolist() == [2, 7] and tile.classes == ("unspecified", "connective")
    assert (tile.source, tile.split, tile.coverage) == (ADDED, "train", "complete")
    assert instances[tuple(tile.centroids.astype(int).T)].tolist() == [2, 7]
