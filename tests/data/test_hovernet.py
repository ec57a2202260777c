from __future__ import annotations

import shutil

import numpy as np
import pytest
from scipy.io import savemat
from scipy.ndimage import center_of_mass
from skimage.io import imsave

from napari_cosynth.data.dataset import read_dataset
from napari_cosynth.data.hovernet import is_hovernet, read_hovernet

TYPES = {4: 1, 7: 2, 9: 3, 12: 4, 301: 5, 70000: 7}
CLASSES = ("other", "inflammatory", "epithelial", "neoplastic", "connective", "connective")


@pytest.fixture
def type_map(instances) -> np.ndarray:
    types = np.zeros(instances.shape)
    for number, value in TYPES.items():
        types[instances == number] = value
    return types


@pytest.fixture
def mat(instances, type_map) -> dict:
    """A label as CoNSeP stores it: floats, centroids as x, y."""
    centres = np.array(center_of_mass(instances > 0, instances, list(TYPES)))
    return {
        "inst_map": instances.astype(float),
        "type_map": type_map,
        "inst_type": np.array([[t] for t in TYPES.values()], float),
        "inst_centroid": centres[:, ::-1],
    }


def _write(folder, name, image, label):
    for sub in ("Images", "Labels"):
        (folder / sub).mkdir(parents=True, exist_ok=True)
    imsave(folder / "Images" / f"{name}.png", image, check_contrast=False)
    if isinstance(label, dict):
        savemat(folder / "Labels" / f"{name}.mat", label)
    else:
        np.save(folder / "Labels" / f"{name}.npy", label)


@pytest.fixture
def consep(tmp_path, image, mat):
    folder = tmp_path / "CoNSeP"
    _write(folder / "Train", "train_1", image, mat)
    _write(folder / "Train", "train_2", image, mat)
    # CoNSeP's images have an alpha channel.
    _write(folder / "Test", "test_1", np.dstack([image, np.full(image.shape[:2], 255, np.uint8)]), mat)
    return folder


def test_round_trip(consep, image, instances, mat, check_tile):
    assert is_hovernet(consep)
    tiles = list(read_hovernet(consep))
    assert [(t.name, t.split) for t in tiles] == [("train_1", "train"), ("train_2", "train"), ("test_1", "val")]
    for tile in tiles:
        check_tile(tile)
        assert np.array_equal(tile.image, image)
        assert np.array_equal(tile.instances, instances)
        assert tile.ids.tolist() == list(TYPES)
        assert tile.classes == CLASSES
        assert (tile.um_per_px, tile.source) == (0.25, "CoNSeP")
    # The disc's interior point and centre of mass coincide: rows and columns are not swapped.
    assert tiles[0].centroids[0].tolist() == mat["inst_centroid"][0][::-1].tolist() == [10, 12]


def test_split(consep):
    assert [t.name for t in read_hovernet(consep, "val")] == ["test_1"]
    assert [t.name for t in read_hovernet(consep, "train")] == ["train_1", "train_2"]


def test_where_there_is_valid_it_is_val_and_test_is_test(consep):
    shutil.copytree(consep / "Test", consep / "Valid")
    assert [t.split for t in read_hovernet(consep)] == ["train", "train", "val", "test"]


@pytest.mark.parametrize("held_out", [("test",), ("test_same", "test_diff")])
def test_the_test_images_of_cpm17_and_kumar_are_held_out(tmp_path, image, instances, held_out):
    for folder in ("train", *held_out):
        _write(tmp_path / "Kumar" / folder, f"of_{folder}", image, {"inst_map": instances})
    tiles = list(read_dataset(tmp_path))
    assert [(t.name, t.split) for t in tiles] == [("of_train", "train"), *((f"of_{f}", "val") for f in held_out)]
    assert {t.source for t in tiles} == {"Kumar"}


def test_folder_without_splits_is_train(tmp_path, image, mat):
    _write(tmp_path, "a", image, mat)
    (tile,) = read_hovernet(tmp_path, um_per_px=0.5)
    assert (tile.split, tile.um_per_px) == ("train", 0.5)


def test_20x_keeps_centroids_inside(tmp_path, image, mat, centroids_lie_inside):
    _write(tmp_path, "a", image, mat)
    (tile,) = read_hovernet(tmp_path, um_per_px=0.5)
    assert centroids_lie_inside(tile.at_um_per_px(0.25))


def test_npy_labels(tmp_path, image, instances, type_map, check_tile):
    _write(tmp_path, "a", image, np.dstack([instances, type_map]).astype(np.int32))
    assert is_hovernet(tmp_path)
    (tile,) = read_hovernet(tmp_path)
    check_tile(tile)
    assert np.array_equal(tile.instances, instances)
    assert tile.classes == CLASSES


@pytest.mark.parametrize("as_mat", [True, False])
def test_labels_without_types_are_unspecified(tmp_path, image, instances, as_mat, check_tile):
    _write(tmp_path, "a", image, {"inst_map": instances} if as_mat else instances)
    (tile,) = read_hovernet(tmp_path)
    check_tile(tile)
    assert set(tile.classes) == {"unspecified"}


def test_more_than_255_nuclei(tmp_path, many_instances, check_tile):
    image = np.full((*many_instances.shape, 3), 99, np.uint8)
    _write(tmp_path, "a", image, {"inst_map": many_instances, "type_map": (many_instances > 0) * 2})
    (tile,) = read_hovernet(tmp_path)
    check_tile(tile)
    assert tile.classes == ("inflammatory",) * 300


def test_image_without_nuclei(tmp_path, image, check_tile):
    nothing = np.zeros(image.shape[:2])
    _write(tmp_path, "a", image, {"inst_map": nothing, "type_map": nothing})
    (tile,) = read_hovernet(tmp_path)
    check_tile(tile)
    assert len(tile.ids) == 0


def test_other_type_tables(tmp_path, image, mat):
    mat["type_map"] = np.where(mat["type_map"] == 7, 8, mat["type_map"])
    _write(tmp_path, "a", image, mat)
    with pytest.raises(ValueError, match=r"a\.mat: type 8 is not one of 1, 2, .*type_names"):
        list(read_hovernet(tmp_path))
    (tile,) = read_hovernet(tmp_path, type_names={i: "neoplastic" for i in range(1, 9)})
    assert set(tile.classes) == {"neoplastic"}


def test_missing_partners(consep):
    (consep / "Train/Labels/train_2.mat").unlink()
    with pytest.raises(FileNotFoundError, match=r"train_2\.png has no partner .*Labels"):
        list(read_hovernet(consep))
    (consep / "Train/Images/train_2.png").unlink()
    (consep / "Train/Images/train_1.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"train_1\.mat has no partner .*Images"):
        list(read_hovernet(consep))


def test_missing_variable(tmp_path, image, type_map):
    _write(tmp_path, "a", image, {"type_map": type_map})
    with pytest.raises(ValueError, match=r"a\.mat: no inst_map; found type_map"):
        list(read_hovernet(tmp_path))


@pytest.mark.parametrize(
    ("inst_shape", "type_shape", "message"), [((40, 64), (40, 64), "a.png"), ((48, 64), (40, 64), "type_map")]
)
def test_sizes_that_differ(tmp_path, image, inst_shape, type_shape, message):
    _write(tmp_path, "a", image, {"inst_map": np.ones(inst_shape), "type_map": np.ones(type_shape)})
    with pytest.raises(ValueError, match=f"a.mat.*{message}"):
        list(read_hovernet(tmp_path))


def test_damaged_label(tmp_path, image, mat):
    _write(tmp_path, "a", image, mat)
    label = tmp_path / "Labels/a.mat"
    label.write_bytes(label.read_bytes()[:3000])
    with pytest.raises(ValueError, match=r"a\.mat is not a complete \.mat file"):
        list(read_hovernet(tmp_path))


def test_hdf5_label(tmp_path, image, mat):
    _write(tmp_path, "a", image, mat)
    header = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    (tmp_path / "Labels/a.mat").write_bytes(header + b"\x89HDF\r\n\x1a\n" + bytes(400))
    with pytest.raises(ValueError, match="save it with -v7"):
        list(read_hovernet(tmp_path))


def test_grey_image(tmp_path, image, mat):
    _write(tmp_path, "a", image[..., 0], mat)
    with pytest.raises(ValueError, match=r"a\.png .*8-bit RGB"):
        list(read_hovernet(tmp_path))


def test_npy_of_another_shape(tmp_path, image):
    _write(tmp_path, "a", image, np.zeros((48, 64, 5), np.int32))
    with pytest.raises(ValueError, match=r"a\.npy has the shape \(48, 64, 5\)"):
        list(read_hovernet(tmp_path))


def test_recognises_only_its_own(tmp_path):
    assert not is_hovernet(tmp_path)
    (tmp_path / "Images").mkdir()
    assert not is_hovernet(tmp_path)
    with pytest.raises(FileNotFoundError, match="Images and Labels"):
        list(read_hovernet(tmp_path))
