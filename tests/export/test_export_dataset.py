"""The whole: what is chosen, what is said about it, what else comes out."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from napari_cosynth.data.dataset import read_dataset
from napari_cosynth.export import FORMATS
from napari_cosynth.export.dataset import export
from napari_cosynth.export.exporter import ExportError
from napari_cosynth.export.manifest import ManifestError, read_manifest
from napari_cosynth.export.plan import ExportOptions, folder_tiles
from napari_cosynth.jitter import jittered
from napari_cosynth.tile_files import TileFileError, content_hashes, read_tile, read_tiles, write_tile

ANY_SIZE = [key for key, exporter in FORMATS.items() if exporter.tile_size is None]


@pytest.fixture
def decided(make_ellipses, make_synthetic, tmp_path):
    """accepted, rejected, undecided, one that is damaged, one whose points were mostly not met."""
    folder = tmp_path / "in"
    folder.mkdir()
    labels = make_ellipses((64, 64), 0, 40)
    for seed, verdict in enumerate(("accepted", "rejected", "undecided", "accepted")):
        tile = make_synthetic(make_ellipses((64, 64), seed, 40), seed=seed, verdict=verdict)
        write_tile(tile, folder, f"{seed} {verdict}")
    (folder / "3 accepted-semantic.png").unlink()
    poor = make_synthetic(labels, seed=9)
    few = np.where(labels <= 2, labels, 0)
    write_tile(type(poor)(poor.image, poor.semantic, few, poor.nuclei[:2], poor.request), folder, "9 poor")
    return folder


def _manifest(folder):
    return json.loads((folder / "dataset.json").read_text(encoding="utf-8"))


def test_everything_but_rejected_goes_in_and_the_rest_is_told(decided, tmp_path):
    *_, last = export(folder_tiles(decided), ["coco"], tmp_path / "out")
    manifest = _manifest(tmp_path / "out")
    assert [t["name"] for t in manifest["tiles"]] == ["0 accepted", "2 undecided", "9 poor"]
    left_out = {left["name"]: left["reason"] for left in manifest["left_out"]}
    assert left_out["1 rejected"] == "verdict rejected"
    assert left_out["3 accepted"].startswith("3 accepted-semantic.png: is not there")
    assert {left.name: left.reason for left in last.left_out} == left_out
    sheet = (tmp_path / "out/DATASHEET.md").read_text(encoding="utf-8")
    assert "| 1 rejected | verdict rejected |" in sheet


def test_another_export_into_the_folder_waits_its_turn(decided, tmp_path):
    refs, out = folder_tiles(decided), tmp_path / "out"
    running = export(refs, ["coco"], out)
    while next(running).stage != "tiles":
        pass
    for formats in (["coco"], ["yolo"]):
        with pytest.raises(ExportError, match="another export is writing there; wait until it has ended"):
            list(export(refs, formats, out, overwrite=True))
    assert [*running][-1].stage == "done" and len(_manifest(out)["tiles"]) == 3
    list(export(refs, ["yolo"], out, overwrite=True))
    assert not list(out.glob(".*"))


def test_verdict_and_quality_are_chosen(decided, tmp_path):
    options = ExportOptions(verdicts=("accepted", "rejected", "undecided"), min_placed=0.9)
    list(export(folder_tiles(decided), ["coco"], tmp_path / "out", options))
    manifest = _manifest(tmp_path / "out")
    assert [t["verdict"] for t in manifest["tiles"]] == ["accepted", "rejected", "undecided"]
    assert "points have a nucleus, fewer than 90%" in manifest["left_out"][0]["reason"]
    with pytest.raises(ExportError, match="no tile is left to export: all 5 were left out"):
        options = ExportOptions(verdicts=("rejected",), min_placed=1)
        refs = [ref for ref in folder_tiles(decided) if "rejected" not in ref.name]
        refs += folder_tiles(decided)[:1]
        list(export(refs, ["coco"], tmp_path / "none", options))
    assert not (tmp_path / "none").exists()


def test_labels_that_disagree_are_left_out(make_synthetic, awkward_tile, tmp_path):
    (tmp_path / "in").mkdir()
    write_tile(awkward_tile, tmp_path / "in", "good")
    odd = type(awkward_tile)(
        awkward_tile.image, awkward_tile.semantic, awkward_tile.instances, awkward_tile.nuclei[1:], awkward_tile.request
    )
    write_tile(odd, tmp_path / "in", "odd")
    *_, last = export(folder_tiles(tmp_path / "in"), ANY_SIZE, tmp_path / "out")
    (left,) = last.left_out
    assert (left.name, left.reason[:35]) == ("odd", "nucleus 1 is only in the label map ")


def test_the_manifest_tells_all_and_gives_requests_back(five_layouts, tmp_path):
    list(export(folder_tiles(five_layouts), ANY_SIZE, tmp_path, ExportOptions(split=(0.6, 0.2, 0.2))))
    manifest = read_manifest(tmp_path / "dataset.json")
    tiles = {p.stem: read_tile(p) for p in five_layouts.glob("*.json")}
    assert (manifest["synthetic"], manifest["schema_version"]) == (True, 1)
    assert manifest["models"] == [
        {"name": "none", "hash": "0" * 16, "tiles": 10, "licence": manifest["models"][0]["licence"], "licence_text": ""}
    ]
    assert manifest["prompts"] == {"colon, H&E": 10}
    assert manifest["seeds"] == {"lowest": 0, "highest": 41}
    assert {split: c["tiles"] for split, c in manifest["counts"].items()} == {"train": 6, "val": 2, "test": 2}
    assert sum(sum(c["nuclei"].values()) for c in manifest["counts"].values()) == sum(
        len(t.nuclei) for t in tiles.values()
    )
    assert len(manifest["tiles"]) == 10
    for entry in manifest["tiles"]:
        assert entry["request"] == tiles[entry["name"]].request
        assert entry["sha256"] == content_hashes(tiles[entry["name"]])
        assert (entry["verdict"], entry["edited"]) == ("undecided", False)
        assert entry["source"].startswith("gland ")
    splits = {}
    for entry in manifest["tiles"]:
        splits.setdefault(entry["source"], set()).add(entry["split"])
    assert all(len(found) == 1 for found in splits.values())


def test_the_sheet_and_the_sums(five_layouts, tmp_path, content):
    list(export(folder_tiles(five_layouts), ANY_SIZE, tmp_path))
    files = content(tmp_path)
    sums = dict(reversed(line.split("  ", 1)) for line in files["SHA256SUMS"].decode().splitlines())
    assert sums == {
        name: hashlib.sha256(data).hexdigest()
        for name, data in files.items()
        if name not in ("SHA256SUMS", "dataset.json")
    }
    sheet = files["DATASHEET.md"].decode()
    assert "| train | 10 | 5 |" in sheet
    for part in ("not for diagnosis", "| neoplastic | malignant epithelial |", "colon, H&E", "`coco/`", "Nothing."):
        assert part.lower() in sheet.lower()
    with Image.open(tmp_path / "contact-sheet.png") as picture:
        assert picture.width > picture.height > 200
        assert "trainedAlgorithmicMedia" in picture.text["XML:com.adobe.xmp"]


def test_what_an_exporter_says_of_its_files_is_true(five_layouts, tmp_path, content):
    for key in ANY_SIZE:
        list(export(folder_tiles(five_layouts), [key], tmp_path / key))
        names = content(tmp_path / key / key)
        assert all(name.endswith(FORMATS[key].suffixes) for name in names)
        assert all(any(name.endswith(suffix) for name in names) for suffix in FORMATS[key].suffixes)


def test_a_set_of_several_formats_is_read_once(five_layouts, tmp_path):
    list(export(folder_tiles(five_layouts), ["coco", "folder", "hovernet", "yolo"], tmp_path / "all"))
    for place in (tmp_path / "all", tmp_path):
        assert sorted(t.name for t in read_dataset(place)) == sorted(ref.name for ref in folder_tiles(five_layouts))
        assert {t.source for t in read_dataset(place)} == {"folder"}
    list(export(folder_tiles(five_layouts), ["coco", "hovernet"], tmp_path / "one"))
    assert {t.source for t in read_dataset(tmp_path / "one")} == {"hovernet"}
    (tmp_path / "one/hovernet").rename(tmp_path / "one/first")
    shutil.copytree(tmp_path / "one/first", tmp_path / "one/second")
    with pytest.raises(ValueError, match="holds the same tiles in 2 formats; give one of them: .*first or .*second"):
        read_dataset(tmp_path / "one")


def test_progress_goes_on_to_the_end(five_layouts, tmp_path):
    seen = list(export(folder_tiles(five_layouts), ["coco"], tmp_path))
    stages = list(dict.fromkeys(p.stage for p in seen))
    assert stages == ["reading", "tiles", "finishing", "done"]
    assert [p.done for p in seen if p.stage == "tiles"] == list(range(10))
    assert seen[-1].done == seen[-1].total == 10


def test_unknown_formats_and_folders(five_layouts, tmp_path):
    with pytest.raises(ExportError, match="no format cocoa; there are: folder, coco"):
        list(export(folder_tiles(five_layouts), ["coco", "cocoa"], tmp_path))
    with pytest.raises(ExportError, match="no format given"):
        list(export(folder_tiles(five_layouts), [], tmp_path))
    with pytest.raises(TileFileError, match="holds no tiles"):
        folder_tiles(tmp_path)


def test_variants_of_a_layout_are_in_one_split(make_ellipses, make_synthetic, tmp_path):
    (tmp_path / "in").mkdir()
    for layout in range(3):
        tile = make_synthetic(make_ellipses((64, 64), layout, 40))
        points = tile.request.layout
        variants = [points, points.mirrored().remove([0]), jittered(points.rotated(), np.random.default_rng(0))]
        for i, variant in enumerate(variants):
            request = tile.request.model_copy(update={"layout": variant})
            write_tile(replace(tile, request=request), tmp_path / "in", f"{layout}-{i}")
    list(export(folder_tiles(tmp_path / "in"), ["coco"], tmp_path / "out", ExportOptions(split=(0.4, 0.3, 0.3))))
    found = {}
    for tile in _manifest(tmp_path / "out")["tiles"]:
        found.setdefault(tile["name"][0], []).append((tile["split"], tile["group"]))
    assert [len(set(sets)) for sets in found.values()] == [1, 1, 1]
    assert {sets[0][0] for sets in found.values()} == {"train", "val", "test"}


@pytest.mark.parametrize(
    "split", [(0.5, 0.6), (1.0,), (-0.5, 1.5), (0.4, 0.2, 0.2, 0.2), (math.nan, 1), (1, math.nan), (math.inf, 0)]
)
def test_wrong_shares_are_refused(split):
    with pytest.raises(ValueError, match="two or three shares"):
        ExportOptions(split=split)


def test_reading_is_lazy(five_layouts, tmp_path):
    """No more than one tile is asked for between two reports."""
    asked = []
    refs = folder_tiles(five_layouts)
    watched = [type(r)(r.name, r.path, r.record, lambda r=r: asked.append(r.name) or r.tile()) for r in refs]
    before = 0
    for progress in export(watched, ["coco"], tmp_path):
        if progress.stage == "tiles":
            assert len(asked) <= before + 1
            before = len(asked)
    assert before == 9


def test_damaged_manifests_are_told_by_name(five_layouts, tmp_path):
    list(export(folder_tiles(five_layouts), ["coco"], tmp_path))
    good = _manifest(tmp_path)
    path = tmp_path / "dataset.json"
    for change, message in (
        ({"kind": "other"}, "is not the manifest"),
        ({"schema_version": 2}, "has schema version 2; this program reads 1"),
        ({"tiles": [{"name": "a"}]}, "is damaged"),
        ({"tiles": [good["tiles"][0] | {"request": {"seed": -1}}]}, "is damaged"),
    ):
        path.write_text(json.dumps(good | change))
        with pytest.raises(ManifestError, match=f"dataset.json: {message}"):
            read_manifest(path)
    path.write_text("{")
    with pytest.raises(ManifestError, match="is not JSON"):
        read_manifest(path)


def test_tiles_of_a_read_folder_match(five_layouts):
    assert len(list(read_tiles(five_layouts))) == len(folder_tiles(five_layouts)) == 10
