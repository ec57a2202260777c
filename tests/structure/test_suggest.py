"""`suggest_layout`: one way in, with and without a prompt."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from napari_cosynth.layouts.model import PairInteraction, TissueModel
from napari_cosynth.layouts.sample import sample_layout
from napari_cosynth.suggest import suggest_layout

COUNTS = {"neoplastic": 12, "inflammatory": 7}


def tissue(names=("neoplastic", "inflammatory")) -> TissueModel:
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i:]]
    return TissueModel(
        name="made",
        n_tiles=1,
        n_nuclei=10,
        classes=names,
        total_per_mm2=(3000.0,) * 11,
        per_mm2={name: (1500.0,) * 11 for name in names},
        mix_mean=(1 / len(names),) * len(names),
        mix_concentration=4.0,
        bin_um=1.0,
        interactions=tuple(
            PairInteraction(first=a, second=b, hard_core_um=2.0, log_interaction=(0.0, 0.0)) for a, b in pairs
        ),
    )


def test_without_a_prompt_it_is_the_tissues_own_layout(generator):
    plain = sample_layout(tissue(), COUNTS, seed=3, height=128, width=144)
    assert suggest_layout(tissue(), COUNTS, seed=3, height=128, width=144) == plain
    assert suggest_layout(tissue(), COUNTS, prompt=" ", seed=3, height=128, width=144, generator=generator) == plain


def test_with_a_prompt_counts_stay_exact_and_the_seed_decides(generator):
    def made(prompt="gland", seed=3):
        return suggest_layout(tissue(), COUNTS, prompt=prompt, seed=seed, height=128, width=144, generator=generator)

    layout = made()
    assert {name: n for name, n in layout.counts().items() if n} == COUNTS and layout.height == 128
    assert layout == made() and layout != made(seed=4) and layout != made(prompt="stroma")


def test_nuclei_without_a_class_stand_as_in_the_tissue_unless_a_structure_is_named(generator):
    model, size = tissue(("unspecified",)), {"seed": 3, "height": 128, "width": 144}

    def made(prompt):
        return suggest_layout(model, {"unspecified": 20}, prompt=prompt, generator=generator, **size)

    assert made("glioma") == sample_layout(model, {"unspecified": 20}, **size) != made("clustered nuclei")


def test_a_given_density_and_locked_points_hold_under_a_prompt(generator):
    left = np.zeros((128, 128))
    left[:, :64] = 1
    locked = sample_layout(tissue(), {"inflammatory": 2}, seed=0, height=128, width=128)
    for density in (left, {"neoplastic": left, "inflammatory": left}):
        layout = suggest_layout(
            tissue(),
            COUNTS,
            prompt="nest",
            seed=1,
            height=128,
            width=128,
            density=density,
            locked=locked,
            generator=generator,
        )
        assert np.array_equal(layout.centroids[:2], locked.centroids) and len(layout) == 19
        assert (layout.centroids[2:, 1] < 64).all()
    one = suggest_layout(
        tissue(),
        COUNTS,
        prompt="nest",
        seed=1,
        height=128,
        width=128,
        density={"neoplastic": left},
        generator=generator,
    )
    free = one.centroids[[name == "inflammatory" for name in one.names]]
    assert (free[:, 1] > 64).any()


def test_a_class_that_the_generator_lacks_stands_as_the_tissue_has_it(make_net, make_encoder):
    from napari_cosynth.classes import BUNDLED, NucleusClass, Taxonomy
    from napari_cosynth.structure.generator import StructureGenerator

    generator = StructureGenerator(make_net(), make_encoder(), BUNDLED)
    taxonomy = Taxonomy(classes=(*BUNDLED.classes, NucleusClass(name="hepatocyte", color="#123456", key="H")))
    layout = suggest_layout(
        tissue(("neoplastic", "hepatocyte")),
        {"neoplastic": 5, "hepatocyte": 6},
        prompt="nest",
        seed=0,
        taxonomy=taxonomy,
        generator=generator,
    )
    assert layout.counts()["hepatocyte"] == 6


def test_a_class_that_the_tissue_lacks_is_refused_with_the_tissues_that_have_it(tmp_path, monkeypatch):
    tissue(("connective",)).write(tmp_path / "scar.json")
    monkeypatch.setattr("napari_cosynth.suggest.tissue_files", lambda: {"scar": tmp_path / "scar.json"})
    with pytest.raises(ValueError, match=r"made has no class 'connective'; it has neoplastic.*; scar has it"):
        suggest_layout(tissue(), {"connective": 3}, seed=0)
    with pytest.raises(ValueError, match="no class 'epithelial'; it has neoplastic, inflammatory. How"):
        suggest_layout(tissue(), {"epithelial": 3}, prompt="gland", seed=0)
    assert not len(suggest_layout(tissue(), {"neoplastic": 0}, seed=0))


def test_torch_is_loaded_for_a_prompt_alone():
    code = f"""
import sys
from napari_cosynth.layouts.model import TissueModel
from napari_cosynth.suggest import suggest_layout
made = TissueModel.model_validate_json({tissue().model_dump_json()!r})
print(len(suggest_layout(made, {{"neoplastic": 3}}, seed=0)), "torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "3 False"


def test_without_a_generator_a_prompt_is_refused(tmp_path, monkeypatch):
    from napari_cosynth import suggest

    suggest.structure_generator.cache_clear()
    monkeypatch.setattr("napari_cosynth.structure.folder.models_dir", lambda: tmp_path)
    with pytest.raises(ValueError, match="no generator of structure"):
        suggest_layout(tissue(), COUNTS, prompt="gland", seed=0)
    suggest.structure_generator.cache_clear()
