"""The licence of a model comes from a model's folder; the README of any other folder is nobody's business."""

from __future__ import annotations

import json

import pytest

from napari_cosynth.classes import BUNDLED
from napari_cosynth.export.model_card import UNKNOWN, licence_of

CARD = "---\nlicense: cc-by-4.0\nlicense_name: {}\n---\n\n# A model\n\n## Licences\n\nFrom {}.\n"


def model(folder, name):
    (folder / "unet").mkdir(parents=True)
    (folder / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"")
    content = {"_class_name": "CoSynthPipeline", "taxonomy": BUNDLED.model_dump(mode="json")}
    (folder / "model_index.json").write_text(json.dumps(content), encoding="utf-8")
    (folder / "README.md").write_text(CARD.format(name, name), encoding="utf-8")
    return folder


@pytest.fixture
def ours(tmp_path, monkeypatch):
    """A folder of models that ship, with one of them."""
    monkeypatch.setattr("napari_cosynth.catalogue.models_dir", lambda: tmp_path / "models")
    return model(tmp_path / "models" / "nuclei", "ours")


def test_a_model_that_ships_and_a_folder_of_the_users(ours, tmp_path, monkeypatch):
    assert licence_of("nuclei") == ("ours", "From ours.")
    assert licence_of(str(model(tmp_path / "mine", "mine"))) == ("mine", "From mine.")
    # A folder of that name in the working folder is another thing.
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nuclei").mkdir()
    (tmp_path / "nuclei" / "README.md").write_text(CARD.format("notes", "my notes"))
    assert licence_of("nuclei") == ("ours", "From ours.")


def test_the_readme_of_another_folder_is_not_read(ours, tmp_path):
    private = tmp_path / "private"
    private.mkdir()
    (private / "README.md").write_text(CARD.format("secret", "a patient's file"), encoding="utf-8")
    assert licence_of(str(private)) == (UNKNOWN, "")
    (private / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
    assert licence_of(str(private)) == (UNKNOWN, "")
    assert licence_of("../private") == licence_of("none") == licence_of("") == (UNKNOWN, "")


def test_a_card_that_names_none_or_cannot_be_read(ours):
    (ours / "README.md").write_text("# A model\n", encoding="utf-8")
    assert licence_of("nuclei") == (UNKNOWN, "")
    (ours / "README.md").unlink()
    assert licence_of("nuclei") == (UNKNOWN, "")
    (ours / "README.md").write_bytes(b"\xff\xfe")
    assert licence_of("nuclei") == (UNKNOWN, "")
