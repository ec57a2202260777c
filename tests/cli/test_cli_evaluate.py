"""`evaluate`: from a folder of tiles to a report and a scored reader study."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("sklearn")
pytest.importorskip("efficientnet_lite_pytorch")


@pytest.fixture
def write_tiles(make_tile, tmp_path):
    """A data set in the folder format; each tile is of a patient of its own."""

    def write(n: int, size: int = 256, split: str = "val"):
        folder = tmp_path / "tiles"
        for part in ("images", "instances"):
            (folder / part).mkdir(parents=True)
        nuclei, tiles = [], []
        for i in range(n):
            tile = make_tile(seed=i, size=(size, size))
            Image.fromarray(tile.image).save(folder / f"images/t{i}.png")
            Image.fromarray(tile.instances.astype(np.uint16)).save(folder / f"instances/t{i}.png")
            tiles.append((f"t{i}", "colon", 0.25, split, f"p{i}", "masks+classes"))
            where = zip(tile.ids, tile.centroids, tile.classes, strict=True)
            nuclei += [(f"t{i}", number, row, col, name) for number, (row, col), name in where]
        for name, header, rows in (
            ("tiles.csv", ("name", "organ", "um_per_px", "split", "group", "annotation"), tiles),
            ("nuclei.csv", ("name", "id", "row", "col", "class"), nuclei),
        ):
            with open(folder / name, "w", newline="") as stream:
                csv.writer(stream).writerows([header, *rows])
        return folder

    return write


def test_report_and_reader_study(cli, write_tiles, model_folder, tmp_path):
    data = write_tiles(12)
    fast = ("--steps", 1, "--guidance", 1, "--device", "cpu", "--dtype", "float32", "--threads", 1)
    asked = ("--data", data, "--out", "report", "--model", model_folder, "--tiles", 12, "--partial", "tiles")
    done = cli("evaluate", *asked, *fast, "--reader-study", "study")
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "report/report.json").read_text())
    assert report["tiles"] == 12 and report["prompts"] is None and report["locality"]["added"] == 4
    # Partial tiles count for no mask score.
    assert report["agreement"]["ceiling"]["masked"] == 0
    assert "<h1>tiny</h1>" in (tmp_path / "report/report.html").read_text()
    assert "tiny, 12 tiles" in done.output

    key = json.loads((tmp_path / "study/key/key.json").read_text())
    assert sorted(t["answer"] for t in key["tiles"]) == ["made"] * 6 + ["real"] * 6
    with open(tmp_path / "study/readers/sheet-ann.csv", "w", newline="") as stream:
        rows = [(t["number"], t["answer"], 4, "") for t in key["tiles"]]
        csv.writer(stream).writerows([("number", "answer", "confidence", "remark"), *rows])
    done = cli("evaluate", "--score-reader-study", "study")
    assert done.exit_code == 0 and "ann" in done.output
    assert json.loads((tmp_path / "study/key/score.json").read_text())["mean_auc"] == 1


def test_wrong_input_is_said_at_once(cli, write_tiles, tmp_path):
    data = write_tiles(1, size=64)
    (tmp_path / "taken/readers").mkdir(parents=True)
    for arguments, message in (
        ((), "--data FOLDER"),
        (("--data", data), "--out FOLDER"),
        (("--data", data, "--out", "x", "--split", "test"), "no tile of the split 'test'"),
        (("--data", data, "--out", "x", "--partial", "tile"), "no tile is of the source 'tile'; sources here: tiles"),
        (("--data", data, "--out", "x", "--reader-study", "taken"), "taken holds a reader study already"),
        (("--data", data, "--out", "x", "--tiles", 4), "12"),
        (("--score-reader-study", "none"), "key.json is not there"),
    ):
        done = cli("evaluate", *arguments)
        assert done.exit_code == 2 and message in done.output, done.output
    assert not (tmp_path / "x").exists()
