from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from napari_cosynth.data.dataset import read_dataset
from napari_cosynth.export import FORMATS
from napari_cosynth.export.dataset import export
from napari_cosynth.export.plan import ExportOptions, folder_tiles
from napari_cosynth.request import SynthesisRequest
from napari_cosynth.tile_files import TileFileError, read_tiles, write_tile
from napari_cosynth.tile_png import REQUEST_KEY


def test_the_training_reader_gets_everything_back(awkward_tile, empty_tile, tmp_path):
    (tmp_path / "in").mkdir()
    write_tile(awkward_tile, tmp_path / "in", "a, b.c")
    write_tile(empty_tile, tmp_path / "in", "empty")
    list(export(folder_tiles(tmp_path / "in"), ["folder"], tmp_path / "out"))
    first, second = read_dataset(tmp_path / "out/folder", "train")
    assert (first.name, first.organ, first.stain, first.um_per_px) == ("a, b.c", "breast", "H&E", 0.25)
    assert np.array_equal(first.image, awkward_tile.image)
    assert np.array_equal(first.instances, awkward_tile.instances)
    names = awkward_tile.request.layout.taxonomy.names
    assert dict(zip(first.ids, first.classes, strict=True)) == {n.id: names[n.class_id] for n in awkward_tile.nuclei}
    rows, cols = first.centroids.astype(int).T
    assert np.array_equal(first.instances[rows, cols], first.ids)
    assert len(second.ids) == 0
    semantic = np.array(Image.open(tmp_path / "out/folder/semantic/a, b.c.png"))
    assert np.array_equal(semantic, awkward_tile.semantic)


@pytest.mark.parametrize("key", ["folder", "ometiff"])
def test_a_label_id_that_does_not_fit_is_refused(awkward_tile, make_item, key):
    instances = awkward_tile.instances.copy()
    first = awkward_tile.nuclei[0]
    instances[instances == first.id] = 70_000
    nuclei = (first.model_copy(update={"id": 70_000}), *awkward_tile.nuclei[1:])
    tile = replace(awkward_tile, instances=instances, nuclei=nuclei)
    with pytest.raises(TileFileError, match="label id 70000 does not fit into a 16-bit PNG"):
        FORMATS[key].encode(make_item(tile), {})


def test_splits_and_groups_stand_in_the_table(five_layouts, tmp_path):
    list(export(folder_tiles(five_layouts), ["folder"], tmp_path, ExportOptions(split=(0.6, 0.4))))
    with open(tmp_path / "folder/tiles.csv", newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    of_layout = {(row["name"].split("-")[0], row["group"], row["split"]) for row in rows}
    assert len(rows) == 10
    assert len(of_layout) == 5
    assert [len(list(read_dataset(tmp_path / "folder", split))) for split in ("train", "val")] == [6, 4]


def test_each_png_says_what_it_is(five_layouts, tmp_path):
    list(export(folder_tiles(five_layouts), ["folder"], tmp_path))
    tile = next(read_tiles(five_layouts))
    for kind in ("images", "instances", "semantic"):
        with Image.open(tmp_path / "folder" / kind / "gland 0-0.png") as picture:
            assert SynthesisRequest.model_validate_json(picture.text[REQUEST_KEY]) == tile.request
            assert "trainedAlgorithmicMedia" in picture.text["XML:com.adobe.xmp"]
