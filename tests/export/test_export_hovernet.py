from __future__ import annotations

import io
import json

import numpy as np
from scipy.io import loadmat

from napari_cosynth.data.folder import read_folder
from napari_cosynth.data.hovernet import read_hovernet
from napari_cosynth.export import FORMATS
from napari_cosynth.export.dataset import export
from napari_cosynth.export.plan import ExportOptions, folder_tiles
from napari_cosynth.tile_files import write_tile


def test_the_mat_is_in_the_published_layout(awkward_tile, make_item, identity):
    exporter = FORMATS["hovernet"]
    table = identity(exporter.classes)
    files = exporter.encode(make_item(awkward_tile), table).files
    content = loadmat(io.BytesIO(files["Train/Labels/Drüse 1.mat"]))
    n = len(awkward_tile.nuclei)
    assert content["inst_type"].shape == (n, 1)
    assert content["inst_centroid"].shape == (n, 2)
    assert np.array_equal(content["inst_map"], awkward_tile.instances)
    # As HoVer-Net's metrics go over it: by ascending id, centroids as x, y.
    for i, label in enumerate(np.unique(content["inst_map"])[1:]):
        rows, cols = np.nonzero(content["inst_map"] == label)
        assert set(content["type_map"][rows, cols]) == {content["inst_type"][i, 0]}
        assert np.allclose(content["inst_centroid"][i], (cols.mean(), rows.mean()), atol=0.01)
        class_name = awkward_tile.request.layout.taxonomy.names[awkward_tile.nuclei[i].class_id]
        assert content["inst_type"][i, 0] == exporter.classes.values[table[class_name]]


def test_an_empty_tile(empty_tile, make_item, identity):
    exporter = FORMATS["hovernet"]
    files = exporter.encode(make_item(empty_tile), identity(exporter.classes)).files
    content = loadmat(io.BytesIO(files["Train/Labels/Drüse 1.mat"]))
    assert (content["inst_type"].shape[0], content["inst_centroid"].shape[0]) == (0, 0)


def test_our_reader_gets_the_tiles_back(awkward_tile, tmp_path):
    (tmp_path / "in").mkdir()
    write_tile(awkward_tile, tmp_path / "in", "Drüse.1")
    list(export(folder_tiles(tmp_path / "in"), ["hovernet"], tmp_path / "out"))
    (tile,) = read_hovernet(tmp_path / "out/hovernet")
    assert (tile.name, tile.split) == ("Drüse.1", "train")
    assert np.array_equal(tile.image, awkward_tile.image)
    assert np.array_equal(tile.instances, awkward_tile.instances)
    names = awkward_tile.request.layout.taxonomy.names
    assert tile.classes == tuple(names[n.class_id] for n in awkward_tile.nuclei)
    info = json.loads((tmp_path / "out/hovernet/type_info.json").read_text())
    assert {int(number): name for number, (name, _) in info.items()} == {
        number: name for name, number in FORMATS["hovernet"].classes.values.items()
    }


def test_our_reader_gets_the_splits_back(five_layouts, tmp_path):
    options = ExportOptions(split=(0.6, 0.2, 0.2))
    list(export(folder_tiles(five_layouts), ["folder", "hovernet"], tmp_path, options))
    written = {tile.name: tile.split for tile in read_folder(tmp_path / "folder")}
    assert {tile.name: tile.split for tile in read_hovernet(tmp_path / "hovernet")} == written
    for split in ("train", "val", "test"):
        assert {t.name for t in read_hovernet(tmp_path / "hovernet", split)} == {
            n for n in written if written[n] == split
        }
