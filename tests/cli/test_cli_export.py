"""`export` and `reproduce`: from tiles to a data set, and back to the same tiles."""

from __future__ import annotations

import json

import pytest

from napari_cosynth.data.dataset import read_dataset


@pytest.fixture
def tiles(synth, write_csv, tmp_path):
    """``out``: three layouts, two seeds each, of the tiny model."""
    rows = [[f"{10 + 8 * i},{12 + 15 * j},neoplastic" for i in range(3)] for j in range(3)]
    layouts = [write_csv(*rows[j], name=f"gland {j}.csv") for j in range(3)]
    assert synth(*layouts, "--prompt", "colon, H&E", "--count", 2).exit_code == 0
    return tmp_path / "out"


def test_a_data_set_that_train_reads(cli, tiles, names, tmp_path):
    done = cli("export", tiles, "--format", "folder", "--format", "coco", "--out", "my set", "--split", "0.4,0.3,0.3")
    assert done.exit_code == 0, done.output
    assert "my set: 6 tiles (train 2, val 2, test 2) as folder, coco" in done.stdout
    assert names(tmp_path / "my set") == [
        *("DATASHEET.md", "SHA256SUMS", "coco", "contact-sheet.png", "dataset.json", "folder"),
    ]
    assert len(list(read_dataset(tmp_path / "my set/folder", "train"))) == 2


def test_reproduce_says_how_many_are_identical(cli, tiles, tmp_path):
    assert cli("export", tiles, "--format", "coco", "--out", "set").exit_code == 0
    done = cli("reproduce", "set/dataset.json", "--sample", 3)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "gland 0-0  identical",
        "gland 1-0  identical",
        "gland 2-0  identical",
        "3 of 3 tiles identical (of 6 in the data set)",
    ]
    path = tmp_path / "set/dataset.json"
    manifest = json.loads(path.read_text())
    manifest["tiles"][0]["sha256"]["image"] = "0" * 64
    manifest["tiles"][1]["edited"] = True
    path.write_text(json.dumps(manifest))
    done = cli("reproduce", path)
    assert done.exit_code == 1
    assert "gland 0-0  different: image" in done.stdout
    assert "4 of 5 tiles identical (of 6 in the data set; 1 edited by hand" in done.stdout


def test_long_names_do_not_break_lines(cli, synth, write_csv, tmp_path):
    name = "a gland of the transverse colon with dense lymphocytes in its stroma, drawn by hand"
    assert synth(write_csv("20,20,neoplastic", name=f"{name}.csv")).exit_code == 0
    done = cli("export", "out", "--format", "coco", "--out", name)
    assert done.stdout == f"{name}: 1 tile (train 1) as coco; see {name}/DATASHEET.md\n"
    assert cli("reproduce", f"{name}/dataset.json").stdout.startswith(f"{name}-0  identical\n1 of 1 tiles")


def test_tables_and_what_is_left_out_are_shown(cli, tiles):
    record = tiles / "gland 0-1.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"verdict": "rejected"}))
    classes = ("neoplastic", "epithelial", "unspecified", "positive", "negative")
    mapped = [option for name in classes for option in ("--map", f"hovernet:{name}=other")]
    done = cli("export", tiles, "--format", "hovernet", "--out", "set", *mapped)
    assert done.exit_code == 0, done.output
    assert [line.split() for line in done.stdout.splitlines() if line.startswith("  neoplastic")] == [
        ["neoplastic", "other"]
    ]
    assert "left out: gland 0-1: verdict rejected" in done.stderr
    assert "set: 5 tiles" in done.stdout


def test_a_damaged_tile_is_left_out_of_the_count_and_comes_in_when_it_is_whole(cli, tiles):
    picture = tiles / "gland 0-1.png"
    whole = picture.read_bytes()
    picture.write_bytes(whole[:100])
    for _ in range(2):
        done = cli("export", tiles, "--format", "coco", "--out", "set")
        assert done.exit_code == 0 and "set: 5 tiles (train 5) as coco" in done.stdout, done.output
        assert "left out: gland 0-1: gland 0-1.png" in done.stderr
    picture.write_bytes(whole)
    done = cli("export", tiles, "--format", "coco", "--out", "set", "--overwrite")
    assert done.exit_code == 0 and "set: 6 tiles (train 6) as coco" in done.stdout, done.output
    assert "left out" not in done.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "no format given; there are: folder, coco"),
        (("--format", "cocoa"), "no format cocoa"),
        (("--format", "coco", "--split", "a,b"), "are not shares parted by commas"),
        (("--format", "coco", "--split", "nan,1"), "two or three shares"),
        (("--format", "coco", "--split", "0.5,0.1"), "two or three shares"),
        (("--format", "coco", "--split", "0.2,0.4,0.4", "--verdict", "accepted"), "no tile is left to export"),
        (("--format", "coco", "--verdict", "good"), "'accepted' or 'rejected'"),
        (("--format", "coco", "--map", "other"), "is not CLASS=CLASS"),
        (("--format", "coco", "--out", "out"), "is the folder of the tiles themselves"),
        (("--format", "pannuke"), "--size 256,256"),
    ],
)
def test_wrong_input_is_told_and_writes_nothing(cli, make_record, tmp_path, options, message):
    done = cli("export", make_record, "--out", "set", *options)
    assert done.exit_code == 2
    assert message in done.stderr
    assert not (tmp_path / "set").exists()


@pytest.fixture
def make_record(tmp_path):
    """``out`` with one tile, made without a model."""
    import numpy as np

    from napari_cosynth.layout import Layout
    from napari_cosynth.request import SynthesisRequest
    from napari_cosynth.tile import SyntheticTile
    from napari_cosynth.tile_files import write_tile

    (tmp_path / "out").mkdir()
    request = SynthesisRequest(layout=Layout(height=64, width=64), model="none", model_hash="0")
    empty = np.zeros((64, 64), np.int32)
    tile = SyntheticTile(np.zeros((64, 64, 3), np.uint8), empty.astype(np.uint8), empty, (), request)
    write_tile(tile, tmp_path / "out", "a")
    return tmp_path / "out"


def test_other_files_and_no_tiles(cli, make_record, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set/thesis.txt").write_text("mine")
    done = cli("export", make_record, "--format", "coco", "--out", "set")
    assert done.exit_code == 2 and "holds other files (thesis.txt)" in done.stderr
    done = cli("export", tmp_path / "set", "--format", "coco", "--out", "new")
    assert done.exit_code == 2 and "holds no tiles" in done.stderr
    done = cli("export", make_record, "--format", "coco", "--out", "set/thesis.txt")
    assert done.exit_code == 2 and "a folder is needed, not a file" in done.stderr


def test_reproduce_needs_a_manifest(cli, tmp_path):
    done = cli("reproduce", "nowhere.json")
    assert done.exit_code == 2 and "nowhere.json: cannot be read" in done.stderr
    done = cli("reproduce", tmp_path)
    assert done.exit_code == 2 and "is a folder; give the dataset.json in it" in done.stderr
    (tmp_path / "a.json").write_text("[]")
    done = cli("reproduce", "a.json")
    assert done.exit_code == 2 and "is not the manifest of a data set" in done.stderr


def test_tiles_that_may_be_copies_of_training_tissue_stay_out_unless_they_are_kept(cli, tiles):
    record = tiles / "gland 1-1.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"training_distance": 0.4}))
    done = cli("export", tiles, "--format", "coco", "--out", "set")
    assert done.exit_code == 0 and "set: 5 tiles" in done.stdout, done.output
    assert "left out: gland 1-1: too close to training tissue" in " ".join(done.stderr.split())
    done = cli("export", tiles, "--format", "coco", "--out", "all", "--keep-close")
    assert done.exit_code == 0 and "all: 6 tiles" in done.stdout, done.output
