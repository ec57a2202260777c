"""Model folders: what is found, and why others are refused before a weight is read."""

import json
import pickle
import shutil

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file, save_file  # noqa: E402

from napari_cosynth.classes import BUNDLED  # noqa: E402
from napari_cosynth.layout import Layout  # noqa: E402
from napari_cosynth.model import zoo  # noqa: E402
from napari_cosynth.model.text import TextEncoderError  # noqa: E402
from napari_cosynth.model.zoo import ModelError, check_folder, find_model, load  # noqa: E402


@pytest.fixture
def models(model_copy, monkeypatch):
    """The copy stands where bundled models do."""
    monkeypatch.setattr(zoo, "models_dir", lambda: model_copy.parent)
    return model_copy.parent


def edit(path, **changes):
    value = json.loads(path.read_text(encoding="utf-8")) | changes
    path.write_text(json.dumps(value), encoding="utf-8")


def edit_weights(folder, change):
    weights = load_file(folder / zoo.WEIGHTS)
    change(weights)
    save_file(weights, folder / zoo.WEIGHTS)


def test_a_sound_folder(model_folder):
    found = check_folder(model_folder)
    assert found.path == model_folder and found.name == "tiny" and found.taxonomy == BUNDLED
    assert len(found.hash) == 16 and int(found.hash, 16) >= 0
    assert found.prompt_terms["colon"] == 5 and found.card == ""


def test_the_card_is_the_readme(model_copy):
    (model_copy / "README.md").write_text("# µ card", encoding="utf-8")
    assert check_folder(model_copy).card == "# µ card"
    (model_copy / "prompt_terms.json").unlink()
    assert check_folder(model_copy).prompt_terms == {}


def test_damaged_prompt_terms(model_copy):
    (model_copy / "prompt_terms.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match="prompt_terms.json"):
        _ = check_folder(model_copy).prompt_terms


def test_loaded_models_run(model_folder):
    pipe = load(check_folder(model_folder))
    assert pipe.unet.dtype == torch.float32 and not pipe.unet.training
    out = pipe(Layout(height=64, width=64), "colon", 1, generator=torch.Generator().manual_seed(0))
    assert out.images[0].shape == (64, 64, 3)


def test_loaded_models_run_in_bfloat16(model_folder):
    pipe = load(check_folder(model_folder), dtype="bfloat16")
    assert pipe.unet.dtype == torch.bfloat16
    out = pipe(Layout(height=64, width=64), "colon", 1, generator=torch.Generator().manual_seed(0))
    assert np.isfinite(out.images[0]).all()


def test_a_model_is_found_by_name_by_folder_or_as_the_first(models):
    by_name, by_folder, first = find_model("model"), find_model(models / "model"), find_model()
    assert by_name == by_folder == first


def test_missing_models_are_named_with_those_that_are_there(models):
    for wanted in ("nowhere", models / "nowhere"):
        with pytest.raises(ModelError, match="no model folder .*nowhere; bundled models: model"):
            find_model(wanted)


def test_no_model_at_all(monkeypatch, tmp_path):
    monkeypatch.setattr(zoo, "models_dir", lambda: tmp_path)
    with pytest.raises(ModelError, match="no model is bundled"):
        find_model()
    with pytest.raises(ModelError, match="bundled models: none"):
        find_model("x")


def test_folders_of_others_beside_the_models_are_passed_over(models):
    (models / "other").mkdir()
    (models / "other" / "model_index.json").write_text('{"_class_name": "DiTPipeline"}', encoding="utf-8")
    assert [m.name for m in zoo.bundled_models()] == ["model"]


def test_a_folder_without_an_index_is_no_model(tmp_path):
    with pytest.raises(ModelError, match="no model_index.json"):
        check_folder(tmp_path)


@pytest.mark.parametrize("name", ["StableDiffusionPipeline", None])
def test_another_projects_model_is_refused(model_copy, name):
    edit(model_copy / "model_index.json", _class_name=name)
    with pytest.raises(ModelError, match=f"{name or 'nameless pipeline'}, another project's model"):
        check_folder(model_copy)


@pytest.mark.parametrize("text", ["", "{", "[]", "\xff"])
def test_a_damaged_index_is_refused(model_copy, text):
    (model_copy / "model_index.json").write_text(text, encoding="latin-1")
    with pytest.raises(ModelError, match="model_index.json"):
        check_folder(model_copy)


@pytest.mark.parametrize("taxonomy", [None, {"classes": []}, {"classes": [{"name": "A"}]}])
def test_an_index_without_a_taxonomy_is_refused(model_copy, taxonomy):
    edit(model_copy / "model_index.json", taxonomy=taxonomy)
    with pytest.raises(ModelError, match="no valid taxonomy"):
        check_folder(model_copy)


def test_missing_weights(model_copy):
    (model_copy / zoo.WEIGHTS).unlink()
    with pytest.raises(ModelError, match="safetensors is missing"):
        check_folder(model_copy)


@pytest.mark.parametrize("kept", [0, 5, 100, 0.5, -1])
def test_truncated_weights(model_copy, kept):
    file = model_copy / zoo.WEIGHTS
    whole = file.read_bytes()
    file.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    with pytest.raises(ModelError, match="truncated or damaged"):
        check_folder(model_copy)


def test_weights_that_are_a_pickle_in_disguise(model_copy):
    (model_copy / zoo.WEIGHTS).write_bytes(pickle.dumps({"weights": 1}))
    with pytest.raises(ModelError, match="truncated or damaged"):
        check_folder(model_copy)


@pytest.mark.parametrize("changes", [{"channels": [32, 64]}, {"n_classes": 3}, {"blocks": 2}])
def test_weights_of_another_configuration(model_copy, changes):
    edit(model_copy / "unet" / "config.json", **changes)
    with pytest.raises(ModelError, match="does not match .*tensors differ, the first is"):
        check_folder(model_copy)


def test_a_tensor_too_few_or_too_many(model_copy):
    edit_weights(model_copy, lambda weights: weights.update(extra=torch.zeros(2)))
    with pytest.raises(ModelError, match="1 tensors differ, the first is extra"):
        check_folder(model_copy)
    edit_weights(model_copy, lambda weights: (weights.pop("extra"), weights.pop("no_text")))
    with pytest.raises(ModelError, match="no_text: in the file missing"):
        check_folder(model_copy)


@pytest.mark.parametrize("text", [None, "{", '{"channels": 3}'])
def test_a_configuration_that_describes_no_network(model_copy, text):
    config = model_copy / "unet" / "config.json"
    config.unlink() if text is None else config.write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match="config.json"):
        check_folder(model_copy)


def test_a_network_for_another_taxonomy_is_refused(model_copy):
    two = {"classes": [c.model_dump() for c in BUNDLED if c.name in ("neoplastic", "unspecified")]}
    edit(model_copy / "model_index.json", taxonomy=two)
    with pytest.raises(ModelError, match="2 classes, which needs n_classes 1 and condition_channels 3; .* 7 and 9"):
        check_folder(model_copy)


@pytest.mark.parametrize(
    "name", ["pytorch_model.bin", "unet/weights.PT", "text_encoder/x.pkl", "a/b/c.ckpt", "x.pth", "x.npy"]
)
def test_a_pickle_anywhere_in_the_folder_is_refused(model_copy, name):
    (model_copy / name).parent.mkdir(parents=True, exist_ok=True)
    (model_copy / name).write_bytes(b"")
    with pytest.raises(ModelError, match="may run foreign code"):
        check_folder(model_copy)


def test_the_folder_of_a_run_leads_to_its_model_and_not_to_the_loss_of_its_checkpoint(model_copy, tmp_path):
    (tmp_path / "checkpoint.pt").write_bytes(b"")
    with pytest.raises(ModelError, match=r"no model_index.json; the model of this run is .*model$"):
        check_folder(tmp_path)
    shutil.rmtree(model_copy)
    with pytest.raises(ModelError, match=r"is not a model folder: it has no model_index.json$"):
        check_folder(tmp_path)


def test_the_hash_changes_with_a_weight_and_with_the_configuration_alone(model_copy):
    before = check_folder(model_copy).hash
    (model_copy / "README.md").write_text("a card", encoding="utf-8")
    assert check_folder(model_copy).hash == before

    def nudge(weights):
        weights["no_text"] = weights["no_text"] + 1

    edit_weights(model_copy, nudge)
    changed = check_folder(model_copy).hash
    hashes = {before, changed}
    for part in ("model_index.json", "scheduler/scheduler_config.json", "text_encoder/text_encoder.json"):
        edit(model_copy / part, note="x")
        hashes.add(check_folder(model_copy).hash)
    assert len(hashes) == 5


def test_a_device_that_is_not_there(model_folder):
    with pytest.raises(ModelError, match="no device 'cuda:99' on this machine; there are .*cpu"):
        load(check_folder(model_folder), "cuda:99")
    assert zoo.available_devices()[-1] == "cpu"


def test_another_text_encoder_than_in_training(model_copy):
    edit(model_copy / "text_encoder" / "text_encoder.json", sha256="0" * 64)
    with pytest.raises(TextEncoderError, match="not the one that the model was trained with"):
        load(check_folder(model_copy))


def test_the_dtype_is_chosen_from_the_configuration(model_folder, monkeypatch):
    asked = []
    monkeypatch.setattr(
        zoo, "fastest_dtype", lambda make, device, key: asked.append((make(), device, key)) or "float32"
    )
    assert zoo.choose_dtype(check_folder(model_folder), "cpu") == "float32"
    ((network, device, _),) = asked
    assert device == "cpu" and tuple(network.config.channels) == (32, 32)
