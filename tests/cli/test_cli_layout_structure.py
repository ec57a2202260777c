"""`layout make --prompt`, `layout train-structure` and `layout measure --learned`."""

from __future__ import annotations

import json

import pytest

from napari_cosynth.layout_io import read_layout
from napari_cosynth.layouts.model import PairInteraction, TissueModel


def write_tissue(folder, names, mix=(0.5, 0.5)):
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i:]]
    model = TissueModel(
        name="made",
        n_tiles=1,
        n_nuclei=10,
        classes=names,
        total_per_mm2=(3000.0,) * 11,
        per_mm2={name: (1500.0,) * 11 for name in names},
        mix_mean=mix,
        mix_concentration=4.0,
        bin_um=1.0,
        interactions=tuple(
            PairInteraction(first=a, second=b, hard_core_um=2.0, log_interaction=(0.0, 0.0)) for a, b in pairs
        ),
    )
    model.write(folder / "made.json")
    return folder / "made.json"


@pytest.fixture
def tissue(tmp_path):
    return write_tissue(tmp_path, ("neoplastic", "inflammatory"))


@pytest.fixture(scope="module")
def data(write_points, tmp_path_factory):
    """A folder of points-only tiles of 64 um: 4 train, 20 val."""
    return write_points(tmp_path_factory.mktemp("data"), 4, 20, ("neoplastic", "inflammatory"))


@pytest.fixture
def structure(tmp_path, minilm):
    """Folder of a generator that learned nothing."""
    from napari_cosynth.classes import BUNDLED
    from napari_cosynth.structure.density_net import DensityNet
    from napari_cosynth.structure.folder import save_structure
    from napari_cosynth.structure.generator import StructureGenerator

    network = DensityNet(channels=(8, 16), text_channels=minilm.channels)
    save_structure(StructureGenerator(network, minilm, BUNDLED, {"gland": 2}), tmp_path / "structure")
    return tmp_path / "structure"


def test_layouts_with_a_prompt_have_exact_counts_and_another_structure(cli, tissue, structure, tmp_path, names):
    fixed = ("layout", "make", "--tissue", tissue, "--counts", "neoplastic=9,inflammatory=4", "--size", "96,128")
    done = cli(*fixed, "--prompt", "glands, rosette", "--structure", structure, "--count", 2)
    assert done.exit_code == 0, done.stderr
    assert names(tmp_path / "layouts") == ["made-0.csv", "made-1.csv"]
    made = read_layout(tmp_path / "layouts" / "made-0.csv", size=(96, 128))
    assert {name: n for name, n in made.counts().items() if n} == {"neoplastic": 9, "inflammatory": 4}
    # "glands" is the plural of a known word.
    assert "never shown 'rosette'" in done.stderr and "glands" not in done.stderr
    cli(*fixed, "--out", "plain")
    assert made != read_layout(tmp_path / "plain" / "made-0.csv", size=(96, 128))


def test_a_class_that_the_generator_does_not_know_is_told(cli, structure, tmp_path):
    tissue = write_tissue(tmp_path, ("neoplastic", "hepatocyte"))
    fixed = ("layout", "make", "--tissue", tissue, "--counts", "neoplastic=5")
    done = cli(*fixed, "--prompt", "gland", "--structure", structure)
    assert "the generator does not know hepatocyte" in done.stderr


def test_without_classes_a_prompt_without_a_structure_is_told_to_have_no_effect(cli, structure, tmp_path):
    tissue = write_tissue(tmp_path, ("unspecified",), (1.0,))
    fixed = ("layout", "make", "--tissue", tissue, "--counts", "unspecified=9", "--structure", structure)
    assert "'brain' names no structure" in cli(*fixed, "--prompt", "brain").stderr
    assert "names no structure" not in cli(*fixed, "--prompt", "clustered nuclei").stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ["--counts", "connective=3"],
            "the tissue has no class 'connective'|has no class 'connective'; it has neoplastic",
        ),
        (["--structure", "."], "--structure . without --prompt"),
        (["--structure", ".", "--prompt", "gland"], "holds no generator of structure"),
    ],
)
def test_wrong_input_is_refused_with_the_remedy(cli, tissue, options, words):
    done = cli("layout", "make", "--tissue", tissue, *options)
    assert done.exit_code == 2 and any(part in done.stderr for part in words.split("|"))


def test_a_generator_is_trained_and_trained_on(cli, data, tissue, tmp_path):
    fixed = ("layout", "train-structure", "--data", data, "--windows", 32)
    done = cli(*fixed, "--out", "first", "--steps", 2)
    assert done.exit_code == 0, done.stderr
    assert "licence of the data is not stated" in done.stderr
    facts = json.loads((tmp_path / "first" / "structure.json").read_text())
    assert facts["training"]["steps"] == 2 and facts["training"]["sources"] == ["points"] and "liver" in facts["terms"]
    facts["terms"]["rosette"] = 3
    (tmp_path / "first" / "structure.json").write_text(json.dumps(facts))
    weights = (tmp_path / "first" / "diffusion_pytorch_model.safetensors").read_bytes()
    done = cli(*fixed, "--out", "second", "--steps", 1, "--init", "first", "--licence", "CC0")
    assert done.exit_code == 0 and "not stated" not in done.stderr
    assert (tmp_path / "second" / "diffusion_pytorch_model.safetensors").read_bytes() != weights
    made = cli(
        *("layout", "make", "--tissue", tissue, "--counts", "neoplastic=5"),
        *("--prompt", "liver, rosette", "--structure", "second"),
    )
    # What it knew before, it knows.
    assert made.exit_code == 0 and "never shown" not in made.stderr, made.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "give --minutes or --steps"),
        (["--minutes", 0], "--minutes"),
        (["--steps", 1, "--init", "nowhere"], "nowhere holds no generator of structure"),
    ],
)
def test_a_training_that_cannot_be_is_refused(cli, data, options, words):
    done = cli("layout", "train-structure", "--data", data, "--out", "out", *options)
    assert done.exit_code == 2 and words in done.stderr


def test_learned_structure_is_measured_beside_the_others(cli, data, tissue, structure):
    pytest.importorskip("sklearn")
    done = cli("layout", "measure", data, "--tissue", tissue, "--most", 20, "--learned", "--structure", structure)
    assert done.exit_code == 0, done.stderr
    rows = [line.split("│")[1].strip() for line in done.stdout.splitlines() if line.startswith("│")]
    assert rows == ["generated", "learned", "by words", "jittered", "random", "real", "real, others'"]
