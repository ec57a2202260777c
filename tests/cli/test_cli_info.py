"""`info`: models, cards, devices."""

from __future__ import annotations

from napari_cosynth.classes import BUNDLED


def test_the_bundled_model_is_listed(cli):
    from napari_cosynth.model.zoo import bundled_models

    done = cli("info")
    assert done.exit_code == 0, done.output
    (model,) = bundled_models()
    assert model.name in done.stdout.splitlines()
    assert model.hash in done.stdout and str(model.path) in done.stdout
    assert ", ".join(BUNDLED.names) in done.stdout
    assert "devices: " in done.stdout and "cpu" in done.stdout


def test_an_installation_without_models_says_so(cli, tmp_path, monkeypatch):
    monkeypatch.setattr("napari_cosynth.model.zoo.models_dir", lambda: tmp_path)
    done = cli("info")
    assert done.exit_code == 0 and "no model ships with this installation" in done.stdout


def test_a_model_s_card(cli, model_copy):
    (model_copy / "README.md").write_text("# Tiny model\n\nLicence: [CC BY-NC](https://example.org) :warning:\n")
    done = cli("info", model_copy)
    assert done.exit_code == 0, done.output
    assert "Tiny model" in done.stdout and "CC BY-NC" in done.stdout
    assert "words    colon, breast, dense\n" in done.stdout


def test_a_model_without_card(cli, model_folder):
    done = cli("info", model_folder)
    assert done.exit_code == 0 and "This model has no card" in done.stdout


def test_what_is_no_model(cli, tmp_path):
    done = cli("info", "nowhere")
    assert done.exit_code == 2 and "there is no model folder nowhere; bundled models: " in done.stderr
    done = cli("info", tmp_path)
    assert done.exit_code == 2 and "not a model folder" in done.stderr
