from __future__ import annotations

import numpy as np
import pytest

from napari_cosynth.data.npy import open_npy, rgb_uint8


def test_opens_without_reading_all(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(6).reshape(2, 3))
    array = open_npy(tmp_path / "a.npy")
    assert isinstance(array, np.memmap)
    assert array.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_strings(tmp_path):
    np.save(tmp_path / "types.npy", np.array(["Breast", "Bile-duct"]))
    assert open_npy(tmp_path / "types.npy", text=True).tolist() == ["Breast", "Bile-duct"]
    with pytest.raises(ValueError, match="types.npy holds .* expected numbers"):
        open_npy(tmp_path / "types.npy")


def test_pickle_is_refused_with_the_way_out(tmp_path):
    path = tmp_path / "types.npy"
    np.save(path, np.array(["Breast", "Colon"], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"types\.npy.*allow_pickle=True\)\.astype\(str\)"):
        open_npy(path, text=True)
    # The advice of the message works.
    np.save(path, np.load(path, allow_pickle=True).astype(str))
    assert open_npy(path, text=True).tolist() == ["Breast", "Colon"]


@pytest.mark.parametrize("content", [b"", b"no numpy file at all", b"\x93NUMPY\x01\x00"])
def test_damaged_file(tmp_path, content):
    (tmp_path / "images.npy").write_bytes(content)
    with pytest.raises(ValueError, match="images.npy is not a complete"):
        open_npy(tmp_path / "images.npy")


def test_truncated_file(tmp_path):
    path = tmp_path / "images.npy"
    np.save(path, np.zeros((4, 100)))
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(ValueError, match="images.npy is not a complete"):
        open_npy(path)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="masks.npy"):
        open_npy(tmp_path / "masks.npy")


def test_float_images_become_uint8_without_change(image):
    assert np.array_equal(rgb_uint8(image.astype(np.float64), "x"), image)
    assert np.array_equal(rgb_uint8(image, "x"), image)


@pytest.mark.parametrize(("factor", "advice"), [(1 / 255, "multiply by 255"), (2.0, "0..255"), (-1.0, "0..255")])
def test_images_of_another_range_are_refused(image, factor, advice):
    with pytest.raises(ValueError, match=f"images.npy, tile 3: .*{advice}"):
        rgb_uint8(image * factor, "images.npy, tile 3")
