from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from napari_cosynth.export import FORMATS
from napari_cosynth.export.dataset import export
from napari_cosynth.export.plan import ExportOptions, folder_tiles


def _read(text: str, height: int, width: int, scale: int = 8) -> list[tuple[int, np.ndarray]]:
    """A label file by its description: class x1 y1 x2 y2 ..., shares of width and height. Filled on a finer grid."""
    found = []
    for line in text.splitlines():
        number, *values = line.split()
        points = np.array(values, float).reshape(-1, 2)
        assert points.min() >= 0
        assert points.max() <= 1
        canvas = Image.new("1", (width * scale, height * scale))
        ImageDraw.Draw(canvas).polygon([tuple(p) for p in points * [width * scale, height * scale]], fill=1)
        mask = np.array(canvas).reshape(height, scale, width, scale)
        found.append((int(number), mask[:, scale // 2, :, scale // 2]))
    return found


def test_lines_fill_the_nuclei(awkward_tile, make_item):
    files = FORMATS["yolo"].encode(make_item(awkward_tile), {}).files
    read = _read(files["labels/train/Drüse 1.txt"].decode(), 64, 96)
    assert len(read) == len(awkward_tile.nuclei)
    for (class_id, mask), nucleus in zip(read, awkward_tile.nuclei, strict=True):
        wanted = awkward_tile.instances == nucleus.id
        assert class_id == nucleus.class_id
        # A drawn outline covers some pixels that it merely touches.
        assert (mask & wanted).sum() / (mask | wanted).sum() >= 0.99


def test_the_yaml_names_sets_and_classes(five_layouts, tmp_path):
    list(export(folder_tiles(five_layouts), ["yolo"], tmp_path, ExportOptions(split=(0.6, 0.2, 0.2))))
    yaml = (tmp_path / "yolo/data.yaml").read_text().splitlines()
    for split in ("train", "val", "test"):
        assert f"{split}: images/{split}" in yaml
        images = {p.stem for p in (tmp_path / "yolo/images" / split).iterdir()}
        assert images == {p.stem for p in (tmp_path / "yolo/labels" / split).iterdir()} != set()
    assert '  0: "neoplastic"' in yaml


def test_one_set_serves_as_both(five_layouts, tmp_path):
    list(export(folder_tiles(five_layouts), ["yolo"], tmp_path))
    yaml = (tmp_path / "yolo/data.yaml").read_text().splitlines()
    assert "train: images/train" in yaml
    assert "val: images/train" in yaml


def test_tiles_kept_for_testing_are_never_named_as_train(five_layouts, tmp_path):
    list(export(folder_tiles(five_layouts), ["yolo"], tmp_path, ExportOptions(split=(0, 0.5, 0.5))))
    yaml = (tmp_path / "yolo/data.yaml").read_text().splitlines()
    assert not any(line.startswith("train:") for line in yaml)
    assert {"val: images/val", "test: images/test"} < set(yaml)
    assert any(line.startswith("# No train set") for line in yaml)
