"""The index as a file: round trip, damage, what it needs."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.numpy import load_file, save_file  # noqa: E402

from napari_cosynth.model import nearest_file  # noqa: E402
from napari_cosynth.model.nearest import WINDOW  # noqa: E402
from napari_cosynth.model.nearest_file import (  # noqa: E402
    FILE,
    NearestError,
    TrainingCheck,
    read_index,
    training_check,
    write_index,
)
from napari_cosynth.model.segmenter_folder import segmenter_hash  # noqa: E402

EMPTY = (("codes", (4,), np.int8), ("usual", (), np.float16), ("grids", (2,), np.int32))


@pytest.fixture
def index(make_training_index):
    return make_training_index("abc")


@pytest.fixture
def path(index, tmp_path):
    return write_index(index, tmp_path)


def test_round_trip(index, path, tmp_path):
    again = read_index(tmp_path)
    for name in ("codes", "scale", "usual", "grids"):
        assert np.array_equal(getattr(again, name), getattr(index, name))
    for name in ("cell_mean", "cell_axes", "block_mean", "block_axes"):
        assert np.array_equal(getattr(again.projection, name), getattr(index.projection, name))
    assert (again.unit, again.segmenter, again.facts) == (index.unit, "abc", {"blocks": "16"})


def test_the_same_index_is_the_same_file(index, path, tmp_path):
    before = path.read_bytes()
    write_index(index, tmp_path)
    assert path.read_bytes() == before


def test_a_folder_without_an_index_has_none(tmp_path):
    assert read_index(tmp_path) is None and training_check(tmp_path) is None


@pytest.mark.parametrize("end", [0, 5, 200, -1])
def test_a_file_that_was_cut_short_is_told(path, tmp_path, end):
    path.write_bytes(path.read_bytes()[:end])
    with pytest.raises(
        NearestError, match=f"{FILE} is truncated or damaged .*; make it anew with  napari-cosynth nearest"
    ):
        read_index(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"codes": np.zeros((16, 4), np.int16)}, "codes is int16"),
        ({"codes": np.zeros((16, 5), np.int8)}, r"scale has the shape \(4,\), which must be \(5,\)"),
        ({"grids": np.array([[2, 3], [5, 3]], np.int32)}, "its tiles do not have 16 blocks together"),
        ({"grids": np.array([[-2, -3], [5, 2]], np.int32)}, "its tiles do not have 16 blocks together"),
        ({n: np.zeros((0, *s), t) for n, s, t in EMPTY}, "holds no blocks"),
        ({"usual": np.zeros(16, np.float16)}, "not above 0"),
        ({"usual": np.full(16, np.nan, np.float16)}, "usual holds something else than numbers"),
        ({"other": np.zeros(1)}, "it holds block_axes, .*, other, .* not block_axes"),
        ({"cell_axes": np.zeros(192, np.float32)}, "has the shape"),
    ],
)
def test_wrong_content_is_told(path, tmp_path, change, message):
    about = {"kind": nearest_file.KIND, "schema_version": 1, "unit": 1.0, "segmenter": "abc"}
    save_file(load_file(path) | change, path, {nearest_file.ABOUT: json.dumps(about)})
    with pytest.raises(NearestError, match=message):
        read_index(tmp_path)


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({}, "is not an index of version 1"),
        ([], "is not an index of version 1"),
        ({"kind": "other", "schema_version": 1}, "is not an index"),
        ({"kind": nearest_file.KIND, "schema_version": 2}, "version 1 .it has 2."),
        ({"kind": nearest_file.KIND, "schema_version": 1, "unit": "much"}, "not above 0"),
        ({"kind": nearest_file.KIND, "schema_version": 1}, "not above 0"),
    ],
)
def test_other_files_are_told(path, tmp_path, about, message):
    save_file(load_file(path), path, {nearest_file.ABOUT: json.dumps(about)})
    with pytest.raises(NearestError, match=message):
        read_index(tmp_path)


def test_another_segmenter_than_it_was_made_with_is_told(index, path, tmp_path):
    with pytest.raises(
        NearestError, match=f"{FILE} was made with the segmenter abc, but {segmenter_hash()} is installed"
    ):
        training_check(tmp_path)


def test_it_is_read_once_and_anew_when_it_changed(make_training_index, tmp_path):
    path = write_index(make_training_index(), tmp_path)
    first = training_check(tmp_path)
    assert isinstance(first, TrainingCheck) and training_check(tmp_path) is first
    os.utime(path, (0, 0))
    assert training_check(tmp_path) is not first


def test_an_image_smaller_than_a_window_has_no_distance(make_training_index, tmp_path):
    write_index(make_training_index(), tmp_path)
    check = training_check(tmp_path)
    assert check.distance(np.zeros((WINDOW - 16, 256, 3), np.uint8)) is None
    distance = check.distance(np.zeros((WINDOW, WINDOW, 3), np.uint8))
    assert distance > 0 and distance == round(distance, 4)
