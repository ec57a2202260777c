from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from pycocotools.coco import COCO
from skimage.io import imread

from napari_cosynth.export.dataset import export
from napari_cosynth.export.plan import ExportOptions, folder_tiles
from napari_cosynth.tile_files import read_tile, write_tile


@pytest.fixture
def quiet():
    with contextlib.redirect_stdout(io.StringIO()):
        yield


def test_pycocotools_reads_every_nucleus_back(awkward_tile, empty_tile, tmp_path, quiet):
    (tmp_path / "in").mkdir()
    write_tile(awkward_tile, tmp_path / "in", "a")
    write_tile(empty_tile, tmp_path / "in", "b")
    list(export(folder_tiles(tmp_path / "in"), ["coco"], tmp_path / "out"))
    coco = COCO(tmp_path / "out/coco/annotations/instances_train.json")
    names = {c["id"]: c["name"] for c in coco.loadCats(coco.getCatIds())}
    first, second = (coco.loadImgs(i)[0] for i in coco.getImgIds())
    assert (first["file_name"], first["height"], first["width"]) == ("a.png", 64, 96)
    assert np.array_equal(imread(tmp_path / "out/coco/train" / first["file_name"]), awkward_tile.image)
    annotations = coco.loadAnns(coco.getAnnIds(first["id"]))
    assert coco.getAnnIds(second["id"]) == []
    classes = {n.id: awkward_tile.request.layout.taxonomy.names[n.class_id] for n in awkward_tile.nuclei}
    assert {a["nucleus"]: names[a["category_id"]] for a in annotations} == classes
    for a in annotations:
        mask = awkward_tile.instances == a["nucleus"]
        assert np.array_equal(coco.annToMask(a), mask)
        rows, cols = np.nonzero(mask)
        assert a["area"] == mask.sum()
        assert a["bbox"] == [cols.min(), rows.min(), np.ptp(cols) + 1, np.ptp(rows) + 1]


def test_says_that_it_is_synthetic_and_under_which_licence(five_layouts, tmp_path, quiet):
    list(export(folder_tiles(five_layouts), ["coco"], tmp_path))
    coco = COCO(tmp_path / "coco/annotations/instances_train.json")
    assert coco.dataset["info"]["synthetic"] is True
    assert coco.dataset["licenses"][0]["name"].startswith("not stated")
    assert all(image["license"] == 1 for image in coco.dataset["images"])


def test_a_file_a_split_with_ids_of_its_own(five_layouts, tmp_path, quiet):
    list(export(folder_tiles(five_layouts), ["coco"], tmp_path, ExportOptions(split=(0.6, 0.2, 0.2))))
    seen = []
    for split in ("train", "val", "test"):
        coco = COCO(tmp_path / f"coco/annotations/instances_{split}.json")
        ids = [a["id"] for a in coco.dataset["annotations"]]
        assert ids == list(range(1, len(ids) + 1))
        for image in coco.dataset["images"]:
            seen.append(image["file_name"])
            tile = read_tile(five_layouts / image["file_name"].replace(".png", ".json"))
            assert len(coco.getAnnIds(image["id"])) == len(tile.nuclei)
            assert (tmp_path / "coco" / split / image["file_name"]).is_file()
    assert len(seen) == len(set(seen)) == 10
