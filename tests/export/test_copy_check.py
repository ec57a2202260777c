"""Tiles that may be copies of training tissue: counted, named, left out if asked."""

from __future__ import annotations

import json

import pytest

from napari_cosynth.export.copy_check import CopyCheck
from napari_cosynth.export.dataset import export
from napari_cosynth.export.plan import ExportOptions, folder_tiles
from napari_cosynth.tile_files import write_tile

DISTANCES = {"a far": 1.7, "b near": 0.42, "c not compared": None, "d nearer": 0.3, "e at the limit": 1.0}


@pytest.fixture
def tiles(make_ellipses, make_synthetic, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for seed, (name, distance) in enumerate(DISTANCES.items()):
        tile = make_synthetic(make_ellipses((64, 64), seed, 40), seed=seed, training_distance=distance)
        write_tile(tile, folder, name)
    return folder_tiles(folder)


def _written(tiles, folder, **options):
    *_, last = export(tiles, ["yolo"], folder, ExportOptions(**options))
    manifest = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    return manifest, (folder / "DATASHEET.md").read_text(encoding="utf-8"), last


def test_manifest_and_sheet_name_the_tiles_that_are_too_close(tiles, tmp_path):
    manifest, sheet, _ = _written(tiles, tmp_path / "out", leave_out_close=False)
    assert {t["name"]: t["training_distance"] for t in manifest["tiles"]} == DISTANCES
    assert {t["name"] for t in manifest["tiles"] if t["too_close"]} == {"b near", "d nearer"}
    close = [{"name": "d nearer", "distance": 0.3}, {"name": "b near", "distance": 0.42}]
    assert manifest["copy_check"] == {"compared": 4, "not_compared": 1, "nearest": 0.3, "too_close": close}
    assert "4 tiles were compared" in sheet and "1 were not" in sheet and "Too close: 2:" in sheet
    assert sheet.index("| d nearer | 0.30 |") < sheet.index("| b near | 0.42 |")


def test_they_are_left_out_unless_asked_otherwise(tiles, tmp_path):
    manifest, sheet, last = _written(tiles, tmp_path / "out")
    assert [t["name"] for t in manifest["tiles"]] == ["a far", "c not compared", "e at the limit"]
    assert {left.name: left.reason for left in last.left_out} == {
        "b near": "too close to training tissue: distance 0.42, under 1",
        "d nearer": "too close to training tissue: distance 0.30, under 1",
    }
    assert "Too close: none." in sheet and "| b near | too close to training tissue: distance 0.42, under 1 |" in sheet


def test_a_sheet_of_tiles_that_were_not_compared_says_so(five_layouts, tmp_path):
    _, sheet, _ = _written(folder_tiles(five_layouts), tmp_path / "out", leave_out_close=True)
    assert "Not known: no tile was compared" in sheet


def test_the_nearest_come_first():
    check = CopyCheck()
    assert check.facts() == {"compared": 0, "not_compared": 0, "nearest": None, "too_close": []}
    for name, distance in (("x", 0.9), ("y", 0.1), ("z", 2.0)):
        check.add(name, distance, distance < 1)
    assert [c["name"] for c in check.facts()["too_close"]] == ["y", "x"] and check.facts()["nearest"] == 0.1
