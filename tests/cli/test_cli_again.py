"""`synth --from`: the same tile once more."""

from __future__ import annotations

import json

import numpy as np
import pytest
from skimage.io import imread

from napari_cosynth.relabel import relabelled
from napari_cosynth.tile_files import read_tile, write_tile


@pytest.fixture
def record(synth, write_csv, tmp_path):
    """The record of a tile in ``out``."""
    assert synth(write_csv("20,20,neoplastic"), "--prompt", "colon", "--seed", 5, steps=2).exit_code == 0
    return tmp_path / "out" / "gland-5.json"


def test_the_tile_is_identical(cli, record, names, tmp_path):
    done = cli("synth", "--from", record, "--out", "again")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "again/gland-5.png",
        "identical: image, instances and semantic are the same, bit for bit",
    ]
    assert names(tmp_path / "again") == names(record.parent)
    for name in ("gland-5.png", "gland-5-instances.png", "gland-5-semantic.png", "gland-5-overlay.png"):
        assert np.array_equal(imread(tmp_path / "again" / name), imread(record.parent / name))
    again = json.loads((tmp_path / "again" / "gland-5.json").read_text())
    assert again == json.loads(record.read_text())


def test_other_pixels_are_told_by_name(cli, record):
    content = json.loads(record.read_text())
    content["sha256"]["image"] = "0" * 64
    del content["sha256"]["semantic"]
    record.write_text(json.dumps(content))
    done = cli("synth", "--from", record, "--out", "again")
    assert done.exit_code == 1
    assert done.stdout.splitlines()[-1].startswith("different: image, semantic. ")


@pytest.fixture
def edited(record):
    """The record of the same tile, its labels painted over by hand."""
    tile = read_tile(record)
    painted = tile.instances.copy()
    painted[40:50, 40:50] = painted.max() + 1
    return write_tile(relabelled(tile, painted, 0), record.parent, "edited")["record"]


def test_edits_are_told_from_another_tile(cli, edited):
    done = cli("synth", "--from", edited, "--out", "again")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[1:] == [
        "the labels of edited.json were edited by hand, and edits cannot be made again: the image is compared",
        "identical: the image is the same, bit for bit",
    ]


def test_another_image_of_an_edited_tile_is_told(cli, edited):
    content = json.loads(edited.read_text())
    content["sha256"]["image"] = "0" * 64
    edited.write_text(json.dumps(content))
    done = cli("synth", "--from", edited, "--out", "again")
    assert done.exit_code == 1
    assert "edited by hand" in done.stdout and done.stdout.splitlines()[-1].startswith("different: image. ")


def test_a_name_that_is_too_long_is_told_before_the_tile_is_made(cli, record, names, tmp_path):
    long = record.rename(record.with_name("x" * 245 + ".json"))
    done = cli("synth", "--from", long, "--out", "again")
    assert done.exit_code == 2 and "259 bytes; the name of a file can have at most 255. Shorten" in done.stderr
    assert names(tmp_path / "again") == []


def test_the_record_itself_is_never_overwritten(cli, record):
    before = record.read_bytes()
    done = cli("synth", "--from", record, "--out", record.parent)
    assert done.exit_code == 0
    assert "stays as it is" in done.stdout and "identical" in done.stdout
    assert record.read_bytes() == before


def test_a_model_that_moved_may_be_named(cli, record, model_copy, tmp_path):
    content = json.loads(record.read_text())
    content["request"]["model"] = str(tmp_path / "gone")
    record.write_text(json.dumps(content))
    done = cli("synth", "--from", record, "--out", "again")
    assert done.exit_code == 2 and "there is no model folder" in done.stderr
    done = cli("synth", "--from", record, "--out", "again", "--model", model_copy)
    assert done.exit_code == 0 and "identical" in done.stdout


def test_another_model_than_recorded_is_refused(cli, record):
    content = json.loads(record.read_text())
    content["request"]["model_hash"] = "0" * 16
    record.write_text(json.dumps(content))
    done = cli("synth", "--from", record, "--out", "again")
    assert done.exit_code == 2
    assert f"with hash {'0' * 16}; the one found here has" in done.stderr


@pytest.mark.parametrize("option", [("--seed", 3), ("--prompt", "x"), ("--fast",), ("--steps", 4), ("other.csv",)])
def test_options_that_would_make_another_tile_are_refused(cli, record, option):
    done = cli("synth", *option, "--from", record)
    assert done.exit_code == 2
    assert f"{'layouts' if option[0] == 'other.csv' else option[0]} cannot go with --from" in done.stderr


def test_what_is_no_record(cli, tmp_path):
    (tmp_path / "a.json").write_text("{}")
    for name, reason in (("a.json", "is not the record of a tile"), ("b.json", "cannot be read")):
        done = cli("synth", "--from", name)
        assert done.exit_code == 2 and f"{name}: {reason}" in done.stderr
    assert not (tmp_path / "out").exists()
