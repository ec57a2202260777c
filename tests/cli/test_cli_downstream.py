"""`downstream`: from a folder of tiles to the report, and what is refused at once."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def write_tiles(make_tile, tmp_path):
    """A data set in the folder format: two training tiles and two held-out ones, or tiles of one split."""

    def write(name="tiles", splits=("train", "train", "val", "val"), size=256):
        folder = tmp_path / name
        for part in ("images", "instances"):
            (folder / part).mkdir(parents=True)
        nuclei, tiles = [], []
        for i, split in enumerate(splits):
            tile = make_tile(seed=i, size=(size, size))
            Image.fromarray(tile.image).save(folder / f"images/t{i}.png")
            Image.fromarray(tile.instances.astype(np.uint16)).save(folder / f"instances/t{i}.png")
            tiles.append((f"t{i}", "colon", 0.25, split, f"p{i}", "masks+classes"))
            where = zip(tile.ids, tile.centroids, tile.classes, strict=True)
            nuclei += [(f"t{i}", number, row, col, kind) for number, (row, col), kind in where]
        for table, header, rows in (
            ("tiles.csv", ("name", "organ", "um_per_px", "split", "group", "annotation"), tiles),
            ("nuclei.csv", ("name", "id", "row", "col", "class"), nuclei),
        ):
            with open(folder / table, "w", newline="") as stream:
                csv.writer(stream).writerows([header, *rows])
        return folder

    return write


FAST = ("--real", "2", "--seeds", 1, "--steps", 1, "--longer", 1, "--tiles", 2, "--channels", "8,8", "--batch-size", 1)


def test_a_report_with_tiles_of_the_model(cli, write_tiles, model_folder, tmp_path):
    data = write_tiles()
    model = ("--model", model_folder, "--sampler-steps", 1, "--device", "cpu", "--dtype", "float32", "--threads", 1)
    done = cli("downstream", "--data", data, "--out", "gain", *FAST, "--most-added", 1, *model)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == "gain/downstream.html"
    assert "not learning from few tiles alone" in done.output
    report = json.loads((tmp_path / "gain/downstream.json").read_text())
    assert report["held_out"] == 2 and report["model_hash"]
    assert [(a["arm"], a["added"]) for a in report["sizes"][0]["arms"]] == [
        ("real", 0),
        ("longer", 0),
        ("copy-paste", 1),
        ("synthetic", 1),
    ]
    assert len(list((tmp_path / "gain/tiles").iterdir())) == 1


def test_a_report_with_given_tiles(cli, write_tiles, tmp_path):
    made = write_tiles("made", splits=("made",), size=128)
    done = cli("downstream", "--data", write_tiles(), "--out", "gain", *FAST, "--synthetic", made)
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "gain/downstream.json").read_text())
    assert report["model_hash"] == "" and report["sizes"][0]["arms"][3]["added"] == 1


def test_wrong_input_is_said_at_once(cli, write_tiles, tmp_path):
    data = write_tiles(splits=("train",), size=64)
    asked = ("--data", data, "--out", "x")
    for arguments, message in (
        ((*asked, "--real", "8,many"), "--real '8,many' are not numbers above 0 or \"all\""),
        ((*asked, "--real", "0"), "--real '0'"),
        ((*asked, "--channels", "16,"), "--channels '16,'"),
        ((*asked, "--synthetic", data, "--no-chosen-classes"), "--no-chosen-classes are for tiles that are made here"),
        (asked, "no tile of the split 'val'"),
        (("--data", "nowhere", "--out", "x"), "nowhere is not a folder"),
    ):
        done = cli("downstream", *arguments)
        assert done.exit_code == 2 and message in done.stderr, done.output
    assert not (tmp_path / "x").exists()
