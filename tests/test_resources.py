import subprocess
import sys

import pytest

from napari_cosynth import resources
from napari_cosynth.resources import models_dir, sample_data_dir, samples


def test_folders_are_there():
    assert (sample_data_dir() / "samples.json").is_file()
    assert models_dir().is_dir()


def test_the_wheel_s_folder_goes_before_what_lies_beside_the_package(tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "napari_cosynth")
    beside, inside = tmp_path / "models", tmp_path / "napari_cosynth" / "_resources" / "models"
    beside.mkdir()
    assert models_dir() == beside
    inside.mkdir(parents=True)
    assert models_dir() == inside


def test_missing_folder_names_both_places(tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "napari_cosynth")
    with pytest.raises(FileNotFoundError) as caught:
        sample_data_dir()
    assert str(tmp_path / "sample_data") in str(caught.value)
    assert str(tmp_path / "napari_cosynth" / "_resources" / "sample_data") in str(caught.value)


def test_samples_know_their_files():
    for sample in samples():
        assert sample.path.is_file()
        assert (sample.layout().height, sample.layout().width) == (sample.height, sample.width)


def test_values_import_neither_torch_nor_qt_nor_napari():
    code = (
        "import sys, napari_cosynth.resources, napari_cosynth.tile;"
        "print([m for m in ('torch', 'qtpy', 'napari', 'scipy', 'shapely') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
