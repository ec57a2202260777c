from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from napari_cosynth.layout import Layout
from napari_cosynth.quality import layout_report
from napari_cosynth.request import SynthesisRequest
from napari_cosynth.tile import ProducedNucleus, SyntheticTile
from napari_cosynth.tile_files import TileFileError, read_tile, read_tiles, tile_records, write_tile


@pytest.fixture
def tile(make_ellipses) -> SyntheticTile:
    instances = make_ellipses((64, 80), 1, 20)
    instances[0, 0] = 60000
    nuclei = [
        ProducedNucleus(id=i, class_id=i % 3, row=1.25, col=2.5, area_px=int((instances == i).sum()), requested=i == 1)
        for i in np.unique(instances[instances > 0]).tolist()
    ]
    layout = Layout(centroids=[(3.5, 4.25), (40, 50)], classes=["neoplastic", "unspecified"], height=64, width=80)
    request = SynthesisRequest(layout=layout, prompt="Drüse, H&E", seed=2**62, model="m", model_hash="0")
    return SyntheticTile(
        image=np.random.default_rng(0).integers(0, 256, (64, 80, 3), dtype=np.uint8),
        semantic=(instances % 7).astype(np.uint8),
        instances=instances,
        nuclei=tuple(nuclei),
        request=request,
        verdict="accepted",
        edited=True,
        report=layout_report(layout, nuclei),
        training_distance=0.7251,
    )


@pytest.fixture
def record(tile, tmp_path):
    return write_tile(tile, tmp_path, "a b", source="x.csv")["record"]


def test_a_tile_comes_back_as_it_was(tile, record):
    again = read_tile(record)
    for name in ("image", "semantic", "instances"):
        assert np.array_equal(getattr(again, name), getattr(tile, name))
        assert getattr(again, name).dtype == getattr(tile, name).dtype
    for name in ("nuclei", "request", "verdict", "edited", "report", "training_distance"):
        assert getattr(again, name) == getattr(tile, name)


def test_a_record_from_before_distances_says_that_none_is_known(record):
    data = json.loads(record.read_text())
    del data["training_distance"]
    record.write_text(json.dumps(data))
    assert read_tile(record).training_distance is None


def test_tiles_of_a_folder_come_by_name_and_one_at_a_time(tile, record, tmp_path):
    write_tile(tile.with_verdict("rejected"), tmp_path, "a a")
    (tmp_path / "other.json").write_text('{"kind": "something else"}')
    (tmp_path / "z.json").write_text(record.read_text()[:100])
    tiles = read_tiles(tmp_path)
    assert [next(tiles).verdict, next(tiles).verdict] == ["rejected", "accepted"]
    with pytest.raises(TileFileError, match="z.json: is not JSON"):
        next(tiles)


def test_no_folder(tmp_path):
    with pytest.raises(TileFileError, match="nowhere: is not a folder"):
        next(tile_records(tmp_path / "nowhere"))


def test_a_changed_picture_is_noticed(record):
    path = record.with_name("a b-semantic.png")
    pixels = np.array(Image.open(path))
    pixels[5, 5] ^= 1
    Image.fromarray(pixels).save(path)
    with pytest.raises(TileFileError, match="semantic beside it is not what was written"):
        read_tile(record)


@pytest.mark.parametrize(
    ("file", "damage", "message"),
    [
        ("a b.png", lambda p: p.unlink(), "a b.png: is not there"),
        ("a b.png", lambda p: p.write_bytes(p.read_bytes()[:200]), "a b.png: cannot be read as PNG"),
        ("a b-instances.png", lambda p: Image.new("L", (80, 64)).save(p), "uint16 was written"),
        ("a b-semantic.png", lambda p: Image.new("L", (8, 8)).save(p), "is 8 x 8 px, but its tile 64 x 80"),
    ],
)
def test_damaged_pictures(record, file, damage, message):
    damage(record.with_name(file))
    with pytest.raises(TileFileError, match=message):
        read_tile(record)


@pytest.mark.parametrize("name", ["../a.png", "/etc/passwd", "..\\a.png", "sub/a.png", 7])
def test_a_record_names_files_of_its_folder_alone(record, name):
    data = json.loads(record.read_text())
    data["files"]["image"] = name
    record.write_text(json.dumps(data))
    with pytest.raises(TileFileError, match="a plain name of a file beside it"):
        read_tile(record)


@pytest.mark.parametrize(
    "change",
    [
        {"nuclei": [{"id": 0}]},
        {"nuclei": 5},
        {"nuclei": ["a"]},
        {"report": {}},
        {"files": {}},
        {"verdict": "?"},
        {"training_distance": "x"},
    ],
)
def test_damaged_records_are_told_by_name(record, change):
    record.write_text(json.dumps(json.loads(record.read_text()) | change))
    with pytest.raises(TileFileError, match="a b.json: "):
        read_tile(record)
