"""`synth` and whatever is wrong with what it is given: exit code, and a message that helps."""

from __future__ import annotations

import errno
import json
import os
import sys

import pytest

GOOD = "20,20,neoplastic"
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def refused(done, *parts, code=2):
    """One line on standard error with all parts in their order, and nothing else."""
    assert done.exit_code == code, done.output
    assert done.stderr.startswith("Error: ") and done.stdout == ""
    rest = done.stderr
    for part in parts:
        assert part in rest, f"{part!r} is not in {done.stderr!r}"
        rest = rest.split(part, 1)[1]


@pytest.mark.parametrize(
    ("row", "parts"),
    [
        ("64,20,neoplastic", ("line 3, column row", "outside the tile of 64 x 64 px", "move or remove")),
        ("20,-1,neoplastic", ("line 3, column col", "outside the tile", "move or remove")),
        ("nan,20,neoplastic", ("line 3, column row", "must be a number", "correct or remove")),
        ("20,inf,neoplastic", ("line 3, column col", "must be a number", "correct or remove")),
        ("20.5,20,neoplastic", ("line 3, column row", "same nucleus", "remove one of them")),
        ("30,30,neoplasic", ("line 3, column class", "'neoplasic'", "known classes", "Did you mean 'neoplastic'?")),
        ("30,x,neoplastic", ("line 3, column col", "'x' is not a number", "give it in px")),
        ("30,30", ("line 3", "2 fields", "row,col,class")),
    ],
)
def test_a_bad_point(synth, write_csv, names, tmp_path, row, parts):
    refused(synth(write_csv(GOOD, row)), "gland.csv: ", *parts)
    assert names(tmp_path / "out") == []


def test_wrong_column_names(synth, write_csv):
    refused(synth(write_csv(GOOD, header="y,x,class")), "gland.csv: line 1", "'y,x,class'", "'row,col,class'")


def test_binary_junk_and_zero_bytes(synth, tmp_path):
    (tmp_path / "junk.csv").write_bytes(bytes(range(256)))
    refused(synth("junk.csv"), "junk.csv: ", "line ", "UTF-8")
    (tmp_path / "nothing.csv").write_bytes(b"")
    refused(synth("nothing.csv"), "nothing.csv: the file is empty", "header row,col,class alone")


def test_a_prompt_that_is_not_utf8(synth, write_csv, names, tmp_path):
    refused(synth(write_csv(GOOD), "--prompt", "caf\udce9"), "character 4", "no valid Unicode", "UTF-8")
    assert names(tmp_path / "out") == []


def test_a_layout_that_is_not_there_or_of_another_kind(synth):
    refused(synth("none.csv"), "none.csv: cannot be read", "No such file")
    refused(synth("none.txt"), "none.txt: ", "'.txt'", ".csv and .geojson")


def test_all_layouts_are_read_before_the_first_tile_is_made(synth, write_csv, names, tmp_path):
    refused(synth(write_csv(GOOD), write_csv("99,1,neoplastic", name="bad.csv")), "bad.csv: line 2")
    assert names(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("size", "parts"),
    [
        ("250,256", ("--size 250,256", "height of 250 px", "multiples of 16 from 64 to 1024", "240 or 256")),
        ("256,2048", ("--size 256,2048", "width of 2048 px", "1024")),
        ("256", ("--size '256' is not HEIGHT,WIDTH", "--size 256,256")),
        ("a,b", ("--size 'a,b' is not HEIGHT,WIDTH",)),
        ("-64,64", ("--size '-64,64' is not",)),
        ("\u00b2,64", ("is not HEIGHT,WIDTH",)),
    ],
)
def test_a_bad_size(synth, write_csv, size, parts):
    refused(synth(write_csv(GOOD), size=size), *parts)


@pytest.mark.parametrize("size", ["64,80", "64x80", " 64 , 80 "])
def test_sizes_may_be_written_so(size):
    from napari_cosynth.cli.size import parse_size

    assert parse_size(size) == (64, 80)


def test_layouts_whose_tiles_would_overwrite_each_other(synth, write_csv, tmp_path):
    (tmp_path / "other").mkdir()
    first, second = write_csv(GOOD), write_csv(GOOD, name="other/Gland.csv")
    refused(synth(first, second), str(first), str(second), "overwrite each other", "rename one")


def test_no_layout_at_all(synth):
    refused(synth(), "no layout given", "--from FILE.json")


@pytest.mark.parametrize("option", [("--seed", "-1"), ("--count", 0), ("--steps", 0), ("--guidance", 99)])
def test_numbers_outside_their_range(synth, write_csv, option):
    done = synth(write_csv(GOOD), *option)
    assert done.exit_code == 2 and option[0] in done.stderr


def test_other_settings_that_cannot_be(synth, write_csv):
    layout = write_csv(GOOD)
    refused(synth(layout, "--seed", 2**63 - 1, "--count", 2), "--seed", "highest seed", "start lower")
    refused(synth(layout, "--device", "tpu"), "no device 'tpu'", "choose one of", "cpu")
    refused(synth(layout, "--dtype", "int8"), "dtype", "'float32' or 'bfloat16'", "int8")
    refused(synth(layout, "--prompt", "long " * 300), "characters", "shorten it")


def test_models_that_cannot_be_used(synth, write_csv, model_copy, tmp_path):
    def refuse(*parts, model="model"):
        refused(synth(write_csv(GOOD), model=model), *parts)
        assert not (tmp_path / "out").exists()

    weights = model_copy / "unet" / "diffusion_pytorch_model.safetensors"
    content = weights.read_bytes()

    refuse("no model folder nowhere", "bundled models", model="nowhere")
    weights.unlink()
    refuse(str(weights.relative_to(tmp_path)), "is missing", "fetch the folder anew")
    for part in (content[: len(content) // 2], content[:4], b""):
        weights.write_bytes(part)
        refuse(str(weights.relative_to(tmp_path)), "truncated or damaged", "fetch the folder anew")
    weights.write_bytes(content)

    config = model_copy / "unet" / "config.json"
    settings = config.read_text()
    config.write_text(json.dumps(json.loads(settings) | {"channels": [32, 64]}))
    refuse("diffusion_pytorch_model.safetensors", "does not match", "config.json", "tensors differ")
    config.write_text(settings)

    (model_copy / "extra.pkl").write_bytes(b"\x80\x04N.")
    refuse("extra.pkl", "may run foreign code", "refused", "safetensors")
    (model_copy / "extra.pkl").unlink()

    index = model_copy / "model_index.json"
    index.write_text(json.dumps({"_class_name": "StableDiffusionPipeline"}))
    refuse("model", "StableDiffusionPipeline", "another project's model", "CoSynthPipeline")
    index.unlink()
    refuse("model", "not a model folder", "model_index.json")


def test_no_space_left_keeps_finished_tiles_and_nothing_half_written(synth, write_csv, names, tmp_path, monkeypatch):
    fsync, written = os.fsync, []

    def full(number):
        written.append(number)
        if len(written) > 7:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(number)

    monkeypatch.setattr(os, "fsync", full)
    done = synth(write_csv(GOOD), "--count", 2)
    assert done.exit_code == 1
    assert "out/gland-1-semantic.png: No space left on device; free some space" in done.stderr
    assert len(names(tmp_path / "out")) == 5 and all("gland-0" in name for name in names(tmp_path / "out"))


def test_an_output_folder_that_cannot_be(synth, write_csv, tmp_path):
    (tmp_path / "file").write_text("")
    layout = write_csv(GOOD)
    for place in ("file", "file/below"):
        refused(synth(layout, "--out", place), f"--out {place}: files cannot be written there", "choose a folder")
    if sys.platform == "linux":
        refused(synth(layout, "--out", "/proc/tiles"), "--out /proc/tiles", "choose a folder")


@pytest.mark.skipif(ROOT or sys.platform == "win32", reason="for root, and on Windows, every folder can be written")
def test_an_output_folder_without_permission(synth, write_csv, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    refused(synth(write_csv(GOOD), "--out", "locked"), "--out locked", "Permission denied", "choose a folder")


def test_a_failure_of_the_model_is_exit_code_1(synth, write_csv, names, tmp_path, monkeypatch):
    from napari_cosynth.model.pipeline import CoSynthPipeline

    def fail(*_args, **_options):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(CoSynthPipeline, "denoise", fail)
    refused(synth(write_csv(GOOD)), "not enough memory on cpu", "64 x 64 px", "smaller tile", code=1)
    assert names(tmp_path / "out") == []


@pytest.mark.parametrize(("stem", "count"), [("x" * 240, 1), ("ü" * 120, 1), ("x" * 239, 11)])
def test_a_name_too_long_for_the_tile_s_files(synth, write_csv, names, tmp_path, stem, count):
    done = synth(write_csv(GOOD, name=f"{stem}.csv"), "--count", count)
    refused(done, f"{stem}-{count - 1}-instances.png: 256 bytes", "at most 255", "Shorten", "by 1 bytes")
    assert names(tmp_path / "out") == []


def test_the_longest_name_that_a_tile_can_have(synth, write_csv, names, tmp_path):
    assert synth(write_csv(GOOD, name=f"{'x' * 239}.csv")).exit_code == 0
    assert max(map(len, names(tmp_path / "out"))) == 255 and len(names(tmp_path / "out")) == 5
