"""The folder of a run: what may begin there, which network, where the learning rate falls."""

from __future__ import annotations

import json

import pytest

from napari_cosynth.classes import BUNDLED
from napari_cosynth.training.loop import TrainingSettings
from napari_cosynth.training.run_facts import write_facts
from napari_cosynth.training.run_folder import check_run, finished_steps, network_of, with_decay


def test_a_run_begins_where_there_is_none_and_goes_on_where_there_is_one(tmp_path, make_unet):
    check_run(tmp_path, resume=False)
    with pytest.raises(ValueError, match="holds no run to resume"):
        check_run(tmp_path, resume=True)
    write_facts(tmp_path, make_unet(), {})
    check_run(tmp_path, resume=True)
    # Killed before its first checkpoint: nothing is lost by beginning anew.
    check_run(tmp_path, resume=False)
    (tmp_path / "checkpoint.pt").write_bytes(b"")
    with pytest.raises(ValueError, match="holds a run already; give --resume"):
        check_run(tmp_path, resume=False)


def test_a_resumed_run_has_the_network_of_its_facts_and_no_other(tmp_path, make_unet, minilm):
    write_facts(tmp_path, make_unet(text_channels=minilm.channels), {})
    (tmp_path / "checkpoint.pt").write_bytes(b"")
    network = network_of(tmp_path, True, None, (64, 64, 64), 3, minilm, BUNDLED)
    assert tuple(network.config.channels) == (32, 32)


def test_without_a_checkpoint_a_resumed_run_begins_as_it_was_begun(tmp_path, make_unet, minilm, model_folder):
    write_facts(tmp_path, make_unet(text_channels=minilm.channels), {})
    begun = network_of(tmp_path, True, str(model_folder), (64, 64), 1, minilm, BUNDLED).state_dict()
    again = network_of(tmp_path, False, str(model_folder), (64, 64), 1, minilm, BUNDLED).state_dict()
    assert all(begun[name].equal(again[name]) for name in again)
    fresh = network_of(tmp_path, True, None, (64, 64), 1, minilm, BUNDLED)
    assert tuple(fresh.config.channels) == (64, 64)
    assert (fresh.config.n_classes, fresh.config.condition_channels) == (len(BUNDLED.stated), len(BUNDLED) + 1)


def test_a_network_is_told_of_the_detail_of_what_it_trains_on(tmp_path, minilm, model_folder):
    for init in (None, str(model_folder)):
        network = network_of(tmp_path, False, init, (32, 32), 1, minilm, BUNDLED)
        assert network.config.told_detail and network.detail is not None


def test_a_model_of_other_classes_or_another_text_encoder_is_no_start(tmp_path, minilm, model_copy, monkeypatch):
    monkeypatch.setattr(minilm, "sha256", "0" * 64)
    with pytest.raises(ValueError, match="was trained with another text encoder"):
        network_of(tmp_path, False, str(model_copy), (), 1, minilm, BUNDLED)
    index = model_copy / "model_index.json"
    content = json.loads(index.read_text())
    content["taxonomy"]["classes"][0]["name"] = "glial"
    index.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="its classes are glial, .*training needs neoplastic, "):
        network_of(tmp_path, False, str(model_copy), (), 1, minilm, BUNDLED)


def test_a_fall_of_the_learning_rate_goes_on_where_it_began():
    plain = TrainingSettings()
    assert with_decay(plain, 500, None) == plain
    assert with_decay(plain, 0, 100).decay_from == 0
    falling = with_decay(plain, 500, 100)
    assert (falling.decay_from, falling.decay_steps) == (500, 100)
    assert with_decay(falling, 560, 100) == with_decay(falling, 560, None) == falling
    assert with_decay(falling, 560, 200).decay_from == 560
    # Begun by the clock and killed before the next checkpoint: it begins where it did.
    assert with_decay(falling, 490, None) == falling
    # What has fallen to the end begins anew, or not at all.
    assert with_decay(falling, 600, 100).decay_from == 600
    assert with_decay(falling, 600, None) == plain


@pytest.mark.parametrize("content", ["", "[1]", '{"network": 3}', "{}"])
def test_damaged_facts_are_told(tmp_path, content, minilm):
    (tmp_path / "run.json").write_text(content)
    (tmp_path / "checkpoint.pt").write_bytes(b"")
    with pytest.raises(ValueError, match=r"run\.json: .*begin the run anew"):
        network_of(tmp_path, True, None, (32,), 1, minilm, BUNDLED)


def test_steps_behind_a_run(tmp_path):
    assert finished_steps(tmp_path) == 0
    (tmp_path / "checkpoint.pt").write_bytes(b"junk")
    with pytest.raises(ValueError, match=r"checkpoint\.pt: is no checkpoint of a run, or damaged"):
        finished_steps(tmp_path)
