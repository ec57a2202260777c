"""Model folders out of trained weights."""

import json
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file  # noqa: E402

from napari_cosynth.classes import BUNDLED  # noqa: E402
from napari_cosynth.model.pipeline import CoSynthPipeline  # noqa: E402
from napari_cosynth.model.zoo import WEIGHTS, check_folder  # noqa: E402
from napari_cosynth.training.export import export_model  # noqa: E402
from napari_cosynth.training.loop import TrainedState  # noqa: E402


@pytest.fixture
def export(make_unet, minilm):
    network = make_unet(text_channels=minilm.channels)
    trained = TrainedState(network.state_dict(), 10, 80, 61.7, {"nuclei": 4, "dense": 9, "colon": 4, "rare": 1})

    def write(folder, **changes):
        return export_model(replace(trained, **changes), dict(network.config), minilm, BUNDLED, folder)

    return write


def test_the_folder_is_a_sound_model(export, tmp_path):
    export(tmp_path / "model")
    found = check_folder(tmp_path / "model")
    assert found.taxonomy == BUNDLED
    facts = json.loads((tmp_path / "model" / "training.json").read_text(encoding="utf-8"))
    assert facts == {"steps": 10, "crops": 80, "seconds": 62}
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_a_model_that_began_from_another_does_not_say_where_that_lay(export, tmp_path, minilm):
    export(tmp_path / "first")
    begun = CoSynthPipeline.from_pretrained(tmp_path / "first").unet
    assert str(tmp_path) in str(dict(begun.config))
    trained = TrainedState(begun.state_dict(), 1, 8, 1.0, {})
    export_model(trained, dict(begun.config), minilm, BUNDLED, tmp_path / "second")
    for file in (tmp_path / "second").rglob("*.json"):
        assert str(tmp_path) not in file.read_text(encoding="utf-8")


def test_the_details_of_what_it_trained_on_come_with_the_model(export, tmp_path, minilm):
    pipe = export(tmp_path / "model")
    assert pipe.config.details is None
    details = {"one": {"colon, H&E": [[0.5, -1.0]]}}
    trained = TrainedState(pipe.unet.state_dict(), 1, 8, 1.0, {})
    export_model(trained, dict(pipe.unet.config), minilm, BUNDLED, tmp_path / "told", details)
    assert CoSynthPipeline.from_pretrained(tmp_path / "told").config.details == details


def test_terms_are_sorted_by_count_then_by_word(export, tmp_path):
    export(tmp_path / "model")
    terms = json.loads((tmp_path / "model" / "prompt_terms.json").read_text(encoding="utf-8"))
    assert list(terms.items()) == [("dense", 9), ("colon", 4), ("nuclei", 4), ("rare", 1)]


def test_the_pipeline_has_the_weights_as_stored(export, tmp_path):
    pipe = export(tmp_path / "model")
    stored = load_file(tmp_path / "model" / WEIGHTS)
    loaded = CoSynthPipeline.from_pretrained(tmp_path / "model").unet.float().state_dict()
    for name, weight in pipe.unet.state_dict().items():
        assert stored[name].dtype == torch.float16 and weight.dtype == torch.float32
        assert torch.equal(stored[name].float(), weight) and torch.equal(loaded[name], weight)


def test_the_card_and_its_grid_are_kept_and_the_rest_is_new(export, tmp_path):
    folder = tmp_path / "model"
    export(folder)
    before = check_folder(folder).hash
    (folder / "README.md").write_text("# card", encoding="utf-8")
    (folder / "grid.png").write_bytes(b"picture")
    (folder / "stale.json").write_text("{}", encoding="utf-8")
    weights = {name: w + 1 for name, w in load_file(folder / WEIGHTS).items()}
    export(folder, weights=weights, step=20)
    assert (folder / "README.md").read_text(encoding="utf-8") == "# card"
    assert (folder / "grid.png").read_bytes() == b"picture" and not (folder / "stale.json").exists()
    assert check_folder(folder).hash != before
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_an_export_that_fails_leaves_the_old_folder(export, tmp_path, monkeypatch):
    folder = tmp_path / "model"
    export(folder)
    before = check_folder(folder).hash

    def disk_full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(CoSynthPipeline, "save_pretrained", disk_full)
        with pytest.raises(OSError, match="No space"):
            export(folder, step=20)
    assert check_folder(folder).hash == before
    export(folder)
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_a_card_survives_a_kill_between_the_two_renames(export, tmp_path):
    folder = tmp_path / "model"
    export(folder)
    (folder / "README.md").write_text("# card", encoding="utf-8")
    folder.rename(tmp_path / ".model.old")
    export(folder)
    assert (folder / "README.md").read_text(encoding="utf-8") == "# card"
    assert [p.name for p in tmp_path.iterdir()] == ["model"]
