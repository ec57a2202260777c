"""A tile's five files, and its record read back."""

from __future__ import annotations

import errno
import json
import os
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from skimage.io import imread

from napari_cosynth.layout import Layout
from napari_cosynth.quality import layout_report
from napari_cosynth.request import SynthesisRequest
from napari_cosynth.tile import ProducedNucleus, SyntheticTile
from napari_cosynth.tile_files import KIND, TileFileError, content_hashes, read_record, write_tile
from napari_cosynth.tile_png import REQUEST_KEY

DIGITAL_SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def made(labels=(1, 2, 3), prompt="colon, H&E, naïve µm"):
    layout = Layout(centroids=[(10, 12), (40, 50)], classes=["neoplastic", "connective"], height=64, width=80)
    instances = np.zeros((64, 80), np.int32)
    nuclei = []
    for label, (row, col), class_id in zip(labels, ((10, 12), (40, 50), (20, 60)), (0, 2, 1), strict=True):
        instances[row - 4 : row + 5, col - 4 : col + 5] = label
        nuclei.append(ProducedNucleus(id=label, class_id=class_id, row=row, col=col, area_px=81, requested=label < 3))
    semantic = np.zeros((64, 80), np.uint8)
    for nucleus in nuclei:
        semantic[instances == nucleus.id] = nucleus.class_id + 1
    image = np.random.default_rng(0).integers(0, 256, (64, 80, 3), dtype=np.uint8)
    request = SynthesisRequest(layout=layout, prompt=prompt, seed=2**40, model="tiny", model_hash="0123456789abcdef")
    return SyntheticTile(image, semantic, instances, tuple(nuclei), request, report=layout_report(layout, nuclei))


def test_names_and_pixels_are_as_promised(tmp_path):
    tile = made((1, 2, 40000))
    paths = write_tile(tile, tmp_path, "gland-7", "gland.csv")
    assert {key: path.name for key, path in paths.items()} == {
        "image": "gland-7.png",
        "instances": "gland-7-instances.png",
        "semantic": "gland-7-semantic.png",
        "overlay": "gland-7-overlay.png",
        "record": "gland-7.json",
    }
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(p.name for p in paths.values())
    assert np.array_equal(imread(paths["image"]), tile.image)
    instances = imread(paths["instances"])
    assert instances.dtype == np.uint16 and np.array_equal(instances, tile.instances)
    semantic = imread(paths["semantic"])
    assert semantic.dtype == np.uint8 and np.array_equal(semantic, tile.semantic)
    assert imread(paths["overlay"]).shape == (128, 160, 3)


@pytest.mark.parametrize("key", ["image", "instances", "semantic", "overlay"])
def test_every_picture_carries_the_request_and_says_that_it_is_synthetic(tmp_path, key):
    tile = made()
    with Image.open(write_tile(tile, tmp_path, "a")[key]) as picture:
        texts = picture.text
    assert SynthesisRequest.model_validate_json(texts[REQUEST_KEY]) == tile.request
    assert DIGITAL_SOURCE in texts["XML:com.adobe.xmp"]
    assert "Synthetic" in texts["Description"] and "not for diagnosis" in texts["Description"]


def test_the_xmp_packet_is_well_formed(tmp_path):
    with Image.open(write_tile(made(), tmp_path, "a")["image"]) as picture:
        packet = ElementTree.fromstring(picture.text["XML:com.adobe.xmp"].lstrip("\ufeff"))
    (description,) = packet.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description")
    assert description.get("{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType") == DIGITAL_SOURCE


def test_the_record_reads_back(tmp_path):
    tile = made()
    request, record = read_record(write_tile(tile, tmp_path, "a", "gland.csv")["record"])
    assert request == tile.request
    assert record["synthetic"] is True and record["source"] == "gland.csv"
    assert record["request"]["model_hash"] == "0123456789abcdef"
    assert [n["class"] for n in record["nuclei"]] == ["neoplastic", "connective", "inflammatory"]
    assert record["summary"] == "2 of 2 placed, 1 extra"
    assert record["sha256"] == content_hashes(tile)
    assert record["versions"].keys() >= {"torch", "numpy", "python"}


def test_hashes_tell_a_single_pixel():
    tile = made()
    image = tile.image.copy()
    image[0, 0, 0] ^= 1
    hashes, other = (
        content_hashes(tile),
        content_hashes(SyntheticTile(image, tile.semantic, tile.instances, tile.nuclei, tile.request)),
    )
    assert hashes["image"] != other["image"] and hashes["instances"] == other["instances"]


def test_a_label_beyond_16_bits_is_refused(tmp_path):
    with pytest.raises(ValueError, match="70000 does not fit into a 16-bit PNG"):
        write_tile(made((1, 2, 70000)), tmp_path, "a")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    def fsync(number):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="a.png"):
        write_tile(made(), tmp_path, "a")
    assert list(tmp_path.iterdir()) == []


def with_layout(record, **fields):
    return record | {"request": record["request"] | {"layout": record["request"]["layout"] | fields}}


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda record: b"\x00\xff\xfe", "is not JSON"),
        (lambda record: b"", "is not JSON"),
        (lambda record: b"[" * 100_000, "is not JSON"),
        (lambda record: b"[1]", "is not the record of a tile"),
        (lambda record: record | {"kind": "other"}, "is not the record of a tile"),
        (lambda record: record | {"schema_version": 99}, "schema version 99.*reads 1"),
        (lambda record: record | {"sha256": "x"}, "no content hashes"),
        (lambda record: record | {"request": None}, "its request is damaged"),
        (lambda record: with_layout(record, classes=None), "classes are None; give a list"),
        (lambda record: with_layout(record, centroids=[[1, 10**400]]), "centroids are not numbers"),
        (lambda record: record | {"request": record["request"] | {"seed": -1}}, "damaged: seed.*-1"),
    ],
)
def test_what_is_no_record_is_told_by_its_path(tmp_path, damage, reason):
    path = write_tile(made(), tmp_path, "a")["record"]
    content = damage(json.loads(path.read_text()))
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    with pytest.raises(TileFileError, match=rf"^{path}: .*{reason}"):
        read_record(path)


def test_a_record_that_is_not_there(tmp_path):
    with pytest.raises(TileFileError, match="none.json: cannot be read"):
        read_record(tmp_path / "none.json")


def test_records_say_what_they_are(tmp_path):
    assert read_record(write_tile(made(), tmp_path, "a")["record"])[1]["kind"] == KIND == "napari-cosynth tile"
