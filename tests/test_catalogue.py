import json
import shutil
import subprocess
import sys

import pytest

from napari_cosynth import catalogue
from napari_cosynth.catalogue import CatalogueError, bundled, likely_devices, model_info
from napari_cosynth.classes import BUNDLED


@pytest.fixture
def folder(tmp_path):
    """A model named "own", alone in the folder of the bundled ones."""
    (tmp_path / "own" / "unet").mkdir(parents=True)
    (tmp_path / "own" / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"")
    write(tmp_path / "own", "model_index.json", {"_class_name": "CoSynthPipeline", "taxonomy": BUNDLED.model_dump()})
    write(tmp_path / "own", "prompt_terms.json", {"colon": 5})
    (tmp_path / "own" / "README.md").write_text("# µ card", encoding="utf-8")
    return tmp_path / "own"


@pytest.fixture
def ships(folder, monkeypatch):
    monkeypatch.setattr(catalogue, "models_dir", lambda: folder.parent)
    return folder


def write(folder, name, value):
    text = value if isinstance(value, str) else json.dumps(value)
    (folder / name).write_text(text, encoding="utf-8")


def test_the_bundled_model_tells_about_itself():
    (info,) = bundled()
    assert info == model_info() == model_info(info.name) == model_info(info.path)
    assert info.taxonomy == BUNDLED and info.prompt_terms["colon"] > 100 and "Not for diagnosis" in info.card
    assert info.ref == info.name


def test_it_finds_what_the_zoo_finds():
    zoo = pytest.importorskip("napari_cosynth.model.zoo")
    found = zoo.bundled_models()
    assert [(i.name, i.taxonomy, i.card, i.prompt_terms) for i in bundled()] == [
        (m.name, m.taxonomy, m.card, m.prompt_terms) for m in found
    ]


def test_a_folder_of_ones_own(folder):
    info = model_info(folder)
    assert (info.name, info.path, info.card, info.prompt_terms) == ("own", folder, "# µ card", {"colon": 5})
    assert info.ref == str(folder.resolve())
    (folder / "README.md").unlink()
    (folder / "prompt_terms.json").unlink()
    assert (model_info(folder).card, model_info(folder).prompt_terms) == ("", {})


def test_models_of_others_beside_the_bundled_ones_are_passed_over(ships):
    (ships.parent / "other").mkdir()
    write(ships.parent / "other", "model_index.json", {"_class_name": "DiTPipeline"})
    assert [info.name for info in bundled()] == ["own"]
    assert model_info("own").ref == "own"


def test_no_model_at_all(monkeypatch, tmp_path):
    monkeypatch.setattr(catalogue, "models_dir", lambda: tmp_path)
    assert bundled() == []
    with pytest.raises(CatalogueError, match="no model ships .* choose a model folder"):
        model_info()
    with pytest.raises(CatalogueError, match="bundled models: none"):
        model_info("x")


def test_no_folder_of_models(monkeypatch, folder):
    def nowhere():
        raise FileNotFoundError("neither here nor there")

    monkeypatch.setattr(catalogue, "models_dir", nowhere)
    with pytest.raises(CatalogueError, match="neither here nor there"):
        bundled()
    assert model_info(folder).ref == str(folder.resolve())


def test_a_model_that_is_not_there_is_named_with_those_that_are(ships):
    for wanted in ("nowhere", ships / "nowhere"):
        with pytest.raises(CatalogueError, match="no model folder .*nowhere; bundled models: own"):
            model_info(wanted)


@pytest.mark.parametrize(
    ("index", "said"),
    [
        ("", "model_index.json cannot be read as JSON"),
        ("[]", "model_index.json holds no JSON object"),
        ({"_class_name": "DiTPipeline"}, "a DiTPipeline, another project's model"),
        ({}, "a nameless pipeline, another project's model"),
        ({"_class_name": "CoSynthPipeline"}, "names no classes; fetch the folder anew"),
        ({"_class_name": "CoSynthPipeline", "taxonomy": {"classes": [{"name": "A"}]}}, "names no valid classes: "),
    ],
)
def test_a_folder_that_is_no_model_says_why(folder, index, said):
    write(folder, "model_index.json", index)
    with pytest.raises(CatalogueError, match=said):
        model_info(folder)


def test_parts_that_are_missing_or_damaged(folder):
    write(folder, "prompt_terms.json", {"colon": "many"})
    with pytest.raises(CatalogueError, match="prompt_terms.json holds no words with their counts"):
        model_info(folder)
    write(folder, "prompt_terms.json", "{")
    with pytest.raises(CatalogueError, match="prompt_terms.json cannot be read"):
        model_info(folder)
    (folder / "prompt_terms.json").unlink()
    (folder / "README.md").write_bytes(b"\xff")
    with pytest.raises(CatalogueError, match="card .*README.md cannot be read"):
        model_info(folder)
    shutil.rmtree(folder / "unet")
    with pytest.raises(CatalogueError, match="safetensors is missing"):
        model_info(folder)
    with pytest.raises(CatalogueError, match="no model_index.json. Choose the folder that has"):
        model_info(folder.parent)


def test_the_processor_is_always_there(monkeypatch):
    assert likely_devices()[-1] == "cpu"
    monkeypatch.setattr(catalogue.platform, "system", lambda: "Linux")
    monkeypatch.setattr(catalogue.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    assert likely_devices() == ("cuda", "cpu")
    monkeypatch.setattr(catalogue.platform, "system", lambda: "Darwin")
    monkeypatch.setattr(catalogue.platform, "machine", lambda: "arm64")
    assert likely_devices() == ("mps", "cpu")


def test_it_imports_no_torch():
    code = (
        "import sys; from napari_cosynth.catalogue import bundled; bundled();"
        "print([m for m in ('torch', 'diffusers', 'transformers', 'safetensors', 'qtpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
