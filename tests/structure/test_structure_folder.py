"""The generator's folder: written, read, and refused when it is damaged."""

from __future__ import annotations

import json

import numpy as np
import pytest

from napari_cosynth.classes import BUNDLED
from napari_cosynth.structure.folder import CONFIG, FACTS, WEIGHTS, load_structure, save_structure
from napari_cosynth.structure.generator import StructureGenerator

TERMS = {"nest": 1, "gland": 3}
TYPICAL = {"gland": {"closure": 0.9}}


@pytest.fixture
def folder(make_net, minilm, tmp_path):
    generator = StructureGenerator(
        make_net(text_channels=minilm.channels), minilm, BUNDLED, {"nest": 1, "gland": 3}, TYPICAL
    )
    save_structure(generator, tmp_path / "structure", {"steps": 5})
    return tmp_path / "structure"


def test_what_was_written_draws_the_same_up_to_half_precision(folder, make_net, minilm):
    before = StructureGenerator(make_net(text_channels=minilm.channels), minilm, BUNDLED, typical=TYPICAL)
    after = load_structure(folder)
    assert after.typical == TYPICAL
    assert after.taxonomy == BUNDLED and list(after.terms) == ["gland", "nest"]
    maps = [g.densities("a gland", {"neoplastic": 9}, seed=0, height=64, width=64, steps=2) for g in (before, after)]
    assert maps[0]["neoplastic"] == pytest.approx(maps[1]["neoplastic"], abs=0.05)
    assert np.array_equal(
        maps[1]["neoplastic"],
        load_structure(folder).densities("a gland", {"neoplastic": 9}, seed=0, height=64, width=64, steps=2)[
            "neoplastic"
        ],
    )
    assert json.loads((folder / FACTS).read_text())["training"] == {"steps": 5}


def test_a_card_survives_saving_again(folder, make_net, minilm):
    (folder / "README.md").write_text("card")
    save_structure(StructureGenerator(make_net(1, minilm.channels), minilm, BUNDLED), folder)
    assert (folder / "README.md").read_text() == "card"
    assert sorted(p.suffix for p in folder.iterdir()) == [".json", ".json", ".json", ".md", ".safetensors"]


@pytest.mark.parametrize("name", [CONFIG, FACTS, WEIGHTS, "text_encoder.json"])
def test_a_folder_that_lacks_a_file_is_refused_by_its_name(folder, name):
    (folder / name).unlink()
    with pytest.raises(ValueError, match=rf"{name} is not there; give the folder"):
        load_structure(folder)


def test_a_damaged_folder_is_refused(folder):
    whole = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="no sound generator of structure"):
        load_structure(folder)
    (folder / WEIGHTS).write_bytes(whole)
    facts = json.loads((folder / FACTS).read_text())
    facts["taxonomy"]["classes"] = facts["taxonomy"]["classes"][:-1]
    (folder / FACTS).write_text(json.dumps(facts))
    with pytest.raises(ValueError, match="8 maps for 7 classes"):
        load_structure(folder)
    (folder / CONFIG).write_text('{"_class_name": "Segmenter"}')
    with pytest.raises(ValueError, match="describes a Segmenter"):
        load_structure(folder)


def test_a_folder_from_before_traits_loads_and_one_of_other_traits_is_refused(folder, make_net, minilm, tmp_path):
    old = StructureGenerator(make_net(text_channels=minilm.channels, n_traits=0), minilm, BUNDLED)
    save_structure(old, tmp_path / "old")
    facts = json.loads((tmp_path / "old" / FACTS).read_text())
    del facts["traits"], facts["typical"]
    (tmp_path / "old" / FACTS).write_text(json.dumps(facts))
    config = json.loads((tmp_path / "old" / CONFIG).read_text())
    del config["n_traits"]
    (tmp_path / "old" / CONFIG).write_text(json.dumps(config))
    assert load_structure(tmp_path / "old").typical == {}
    facts = json.loads((folder / FACTS).read_text())
    facts["traits"] = facts["traits"][::-1]
    (folder / FACTS).write_text(json.dumps(facts))
    with pytest.raises(ValueError, match="it was told .* this version tells closure"):
        load_structure(folder)
