"""How a run was begun, and what its starts since have changed."""

from __future__ import annotations

import json

import pytest

from napari_cosynth.training.run_facts import read_facts, resumed, write_facts

BEGUN = {"settings": {"batch_size": 8, "uses": 1, "checkpoint_every_s": 300.0}, "crop": 128, "weights": {"a": 2.0}}
OTHER = {"settings": {"batch_size": 4, "uses": 2, "checkpoint_every_s": 60.0}, "crop": 64, "weights": {}}


def test_facts_hold_the_network_as_it_is(tmp_path, make_unet):
    network = make_unet()
    write_facts(tmp_path, network, {"crop": 128})
    facts = json.loads((tmp_path / "run.json").read_text())
    assert facts["crop"] == 128 and facts["starts"][0]["step"] == 0
    assert tuple(facts["network"]["channels"]) == tuple(network.config.channels)


def test_a_resumed_run_takes_what_is_given_and_keeps_the_rest(tmp_path, make_unet):
    write_facts(tmp_path, make_unet(), BEGUN)
    facts, changed = resumed(tmp_path, OTHER, set())
    # Only when to save is said with each start.
    assert facts == BEGUN | {"settings": BEGUN["settings"] | {"checkpoint_every_s": 60.0}} and not changed
    facts, changed = resumed(tmp_path, OTHER, {"crop", "settings.uses"})
    assert (facts["crop"], facts["settings"]["uses"], facts["settings"]["batch_size"]) == (64, 2, 8)
    assert changed == {"crop": (128, 64), "settings.uses": (1, 2)}
    assert resumed(tmp_path, BEGUN, {"crop", "weights"})[1] == {}


def test_each_start_adds_what_it_changes_and_the_beginning_stays(tmp_path, make_unet):
    network = make_unet()
    write_facts(tmp_path, network, BEGUN)
    begun = json.loads((tmp_path / "run.json").read_text())
    write_facts(tmp_path, network, BEGUN | {"crop": 64}, resumed_at=50)
    write_facts(tmp_path, network, BEGUN | {"crop": 64}, resumed_at=70)
    facts = json.loads((tmp_path / "run.json").read_text())
    assert {k: v for k, v in facts.items() if k != "starts"} == {k: v for k, v in begun.items() if k != "starts"}
    assert [(s["step"], s.get("changed")) for s in facts["starts"]] == [(0, None), (50, {"crop": 64}), (70, {})]
    # The last start counts.
    assert read_facts(tmp_path)["crop"] == 64 and resumed(tmp_path, OTHER, set())[0]["crop"] == 64


def test_a_run_of_before_goes_on(tmp_path):
    (tmp_path / "run.json").write_text(json.dumps({"network": {"channels": [32]}, "crop": 96}))
    facts, _ = resumed(tmp_path, OTHER, set())
    assert facts["crop"] == 96 and facts["settings"]["uses"] == 2


def test_what_cannot_be_read_is_said(tmp_path, make_unet):
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(ValueError, match=r"run\.json: cannot be read"):
        write_facts(tmp_path, make_unet(), BEGUN, resumed_at=5)
