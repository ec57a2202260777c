from __future__ import annotations

import numpy as np
import pytest

from napari_cosynth.data.pannuke import is_pannuke, read_pannuke

CHANNEL_CLASSES = ["neoplastic", "inflammatory", "connective", "other", "epithelial"]


@pytest.fixture
def masks(instances) -> np.ndarray:
    """One channel a nucleus (the 1 px and the edge-cut one together), ids with gaps."""
    channels = np.zeros((*instances.shape, 6))
    for channel, ids in enumerate(([4], [7], [301], [9, 12], [70000])):
        keep = np.isin(instances, ids)
        channels[..., channel][keep] = instances[keep]
    channels[..., 5] = instances == 0
    return channels


def _write(images_folder, masks_folder, images, masks, types):
    images_folder.mkdir(parents=True, exist_ok=True)
    masks_folder.mkdir(parents=True, exist_ok=True)
    np.save(images_folder / "images.npy", images)
    np.save(masks_folder / "masks.npy", masks)
    np.save(images_folder / "types.npy", types)


@pytest.fixture
def flat(tmp_path, image, masks):
    folder = tmp_path / "pannuke"
    types = np.array(["Breast", "HeadNeck"])
    _write(folder, folder, np.stack([image, image]).astype(float), np.stack([masks, masks * 0]), types)
    return folder


def test_round_trip(flat, image, instances, check_tile):
    tile, empty = read_pannuke(flat)
    check_tile(tile)
    assert np.array_equal(tile.image, image)
    assert tile.ids.tolist() == [1, 2, 3, 4, 5, 6]
    assert tile.classes == ("neoplastic", "inflammatory", "connective", "other", "other", "epithelial")
    for number, original in zip(tile.ids, [4, 7, 301, 9, 12, 70000], strict=True):
        assert np.array_equal(tile.instances == number, instances == original)
    assert (tile.um_per_px, tile.source, tile.split, tile.coverage) == (0.25, "pannuke", "train", "complete")
    assert tile.centroids[0].tolist() == [10, 12]
    check_tile(empty)
    assert len(empty.ids) == 0
    assert (tile.organ, empty.organ) == ("breast", "head and neck")
    assert tile.name != empty.name


def test_uint8_images_and_integer_masks(tmp_path, image, masks, check_tile):
    _write(tmp_path, tmp_path, image[None], masks[None].astype(np.int32), np.array(["Bile-duct"]))
    (tile,) = read_pannuke(tmp_path)
    check_tile(tile)
    assert np.array_equal(tile.image, image)
    assert tile.organ == "bile duct"


def test_same_id_in_every_channel_gives_as_many_nuclei(tmp_path, image, check_tile):
    masks = np.zeros((1, 48, 64, 6))
    for channel in range(5):
        masks[0, channel * 8 : channel * 8 + 6, 10:20, channel] = 3
    _write(tmp_path, tmp_path, image[None], masks, np.array(["Colon"]))
    (tile,) = read_pannuke(tmp_path)
    check_tile(tile)
    assert tile.ids.tolist() == [1, 2, 3, 4, 5]
    assert list(tile.classes) == CHANNEL_CLASSES


@pytest.mark.parametrize("small_channel", [0, 4])
def test_small_nucleus_survives_under_a_large_one(tmp_path, image, small_channel, check_tile):
    masks = np.zeros((1, 48, 64, 6))
    masks[0, 5:30, 5:30, 4 - small_channel] = 1
    masks[0, 10:14, 10:14, small_channel] = 1
    _write(tmp_path, tmp_path, image[None], masks, np.array(["Colon"]))
    (tile,) = read_pannuke(tmp_path)
    check_tile(tile)
    small = tile.ids[tile.classes.index(CHANNEL_CLASSES[small_channel])]
    assert (tile.instances == small).sum() == 16
    assert (tile.instances > 0).sum() == 25 * 25


def test_more_than_255_nuclei(tmp_path, many_instances, check_tile):
    masks = np.zeros((1, *many_instances.shape, 6))
    for channel in range(5):
        keep = many_instances % 5 == channel
        masks[0, ..., channel][keep] = many_instances[keep]
    _write(tmp_path, tmp_path, np.full((1, *many_instances.shape, 3), 200.0), masks, np.array(["Lung"]))
    (tile,) = read_pannuke(tmp_path)
    check_tile(tile)
    assert len(tile.ids) == 300
    assert [tile.classes.count(c) for c in CHANNEL_CLASSES] == [60] * 5
    assert np.array_equal(tile.instances > 0, many_instances > 0)


def test_nested_folds_and_their_splits(tmp_path, image, masks, check_tile):
    for fold in ("fold1", "fold2", "fold3"):
        _write(tmp_path / "images" / fold, tmp_path / "masks" / fold, image[None], masks[None], np.array(["Skin"]))
    assert is_pannuke(tmp_path)
    tiles = list(read_pannuke(tmp_path))
    assert [t.split for t in tiles] == ["train", "train", "val"]
    assert len({t.name for t in tiles}) == 3
    assert [t.name for t in read_pannuke(tmp_path, "val")] == [tiles[2].name]
    assert [t.name for t in read_pannuke(tmp_path, "train")] == [t.name for t in tiles[:2]]
    for tile in tiles:
        check_tile(tile)


def test_recognises_only_its_own(flat, tmp_path):
    assert is_pannuke(flat)
    assert not is_pannuke(tmp_path / "none")
    (flat / "masks.npy").unlink()
    assert not is_pannuke(flat)


@pytest.mark.parametrize("name", ["images.npy", "masks.npy", "types.npy"])
def test_missing_array(flat, name):
    (flat / name).unlink()
    with pytest.raises(FileNotFoundError, match=name):
        list(read_pannuke(flat))


def test_masks_missing_for_one_fold(tmp_path, image, masks):
    _write(tmp_path / "images/fold1", tmp_path / "masks/fold1", image[None], masks[None], np.array(["Skin"]))
    _write(tmp_path / "images/fold2", tmp_path / "masks/fold2", image[None], masks[None], np.array(["Skin"]))
    (tmp_path / "masks/fold2/masks.npy").unlink()
    with pytest.raises(FileNotFoundError, match="fold2"):
        list(read_pannuke(tmp_path))


def test_pickled_types(flat):
    np.save(flat / "types.npy", np.array(["Breast", "Colon"], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="types.npy.*convert"):
        list(read_pannuke(flat))


def test_arrays_that_do_not_fit(flat, masks):
    np.save(flat / "types.npy", np.array(["Breast"]))
    with pytest.raises(ValueError, match="as many tiles"):
        list(read_pannuke(flat))
    np.save(flat / "masks.npy", masks[None, ..., :5])
    with pytest.raises(ValueError, match=r"masks\.npy has the shape .*expected \(n, height, width, 6\)"):
        list(read_pannuke(flat))
