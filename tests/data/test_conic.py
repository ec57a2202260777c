from __future__ import annotations

import numpy as np
import pytest

from napari_cosynth.data.conic import is_conic, read_conic

TYPES = {4: 1, 7: 2, 9: 3, 12: 4, 301: 5, 70000: 6}


@pytest.fixture
def folder(tmp_path, image, instances):
    folder = tmp_path / "conic"
    folder.mkdir()
    class_map = np.zeros_like(instances)
    for number, value in TYPES.items():
        class_map[instances == number] = value
    labels = np.stack([instances, class_map], axis=-1)
    np.save(folder / "images.npy", np.stack([image, image[::-1]]))
    np.save(folder / "labels.npy", np.stack([labels, labels[::-1]]))
    (folder / "patch_info.csv").write_text("patch_info\nconsep_1-0000\ntcga-x_2-0031\n")
    (folder / "counts.csv").write_text("neutrophil,epithelial\n1,1\n1,1\n")
    return folder


def test_round_trip(folder, image, instances, check_tile):
    assert is_conic(folder)
    tile, flipped = read_conic(folder)
    check_tile(tile)
    check_tile(flipped)
    assert np.array_equal(tile.image, image)
    assert np.array_equal(tile.instances, instances)
    assert np.array_equal(flipped.instances, instances[::-1])
    assert tile.ids.tolist() == list(TYPES)
    assert tile.classes == (
        "inflammatory",
        "epithelial",
        "inflammatory",
        "inflammatory",
        "inflammatory",
        "connective",
    )
    assert tile.centroids[0].tolist() == [10, 12]
    assert flipped.centroids[0].tolist() == [37, 12]
    assert (tile.um_per_px, tile.organ, tile.source, tile.split) == (0.5, "colon", "conic", "train")
    assert [tile.group, flipped.group] == ["consep_1", "tcga-x_2"]
    assert tile.name != flipped.name


def test_working_resolution_keeps_centroids_inside(folder, centroids_lie_inside):
    for tile in read_conic(folder):
        working = tile.at_um_per_px(0.25)
        assert working.shape == (96, 128) == working.instances.shape == working.image.shape[:2]
        assert centroids_lie_inside(working)


def test_class_is_the_majority_and_background_does_not_vote(folder, instances):
    labels = np.load(folder / "labels.npy")
    block = np.argwhere(instances == 7)
    for row, col in block[:60]:
        labels[0, row, col, 1] = 0
    for row, col in block[60:70]:
        labels[0, row, col, 1] = 6
    labels[0, ..., 1][instances == 9] = 0
    np.save(folder / "labels.npy", labels)
    tile = next(read_conic(folder))
    classes = dict(zip(tile.ids.tolist(), tile.classes, strict=True))
    assert classes[7] == "epithelial"
    assert classes[9] == "unspecified"


def test_more_than_255_nuclei(tmp_path, many_instances, check_tile):
    labels = np.stack([many_instances, (many_instances > 0) * 2], axis=-1)
    np.save(tmp_path / "images.npy", np.full((1, *many_instances.shape, 3), 9, np.uint8))
    np.save(tmp_path / "labels.npy", labels[None].astype(np.int32))
    (tile,) = read_conic(tmp_path)
    check_tile(tile)
    assert len(tile.ids) == 300
    assert tile.group == ""


def test_split(folder):
    assert len(list(read_conic(folder, "train"))) == 2
    assert list(read_conic(folder, "val")) == []


@pytest.mark.parametrize("name", ["images.npy", "labels.npy"])
def test_missing_array(folder, name):
    (folder / name).unlink()
    assert not is_conic(folder)
    with pytest.raises(FileNotFoundError, match=name):
        list(read_conic(folder))


def test_tables_that_do_not_fit(folder):
    (folder / "patch_info.csv").write_text("patch\na-0\nb-0\n")
    with pytest.raises(ValueError, match="patch_info.csv: no column patch_info; found patch"):
        list(read_conic(folder))
    (folder / "patch_info.csv").write_text("patch_info\na-0\n")
    with pytest.raises(ValueError, match="1 rows for the 2 tiles"):
        list(read_conic(folder))


def test_arrays_that_do_not_fit(folder):
    labels = np.load(folder / "labels.npy")
    np.save(folder / "labels.npy", labels[:1])
    with pytest.raises(ValueError, match="labels.npy"):
        list(read_conic(folder))
    labels[1, 0, 0, 1] = 7
    np.save(folder / "labels.npy", labels)
    with pytest.raises(ValueError, match=r"labels\.npy, tile 1: classes 0\.\.7; allowed are 0\.\.6"):
        list(read_conic(folder))
