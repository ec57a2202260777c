"""`layout`: tissues, drawn layouts, fits and measurements from the command line."""

from __future__ import annotations

import pytest

from napari_cosynth.layout_io import read_layout
from napari_cosynth.layouts.fit import FitSettings
from napari_cosynth.layouts.model import PairInteraction, TissueModel, read_tissue

COMMANDS = ("make", "tissues", "fit", "measure", "train-structure")


@pytest.fixture
def tissue(tmp_path):
    """File of a tissue of two classes that only keep apart."""
    names = ("neoplastic", "inflammatory")
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i:]]
    logs = (-1.0, -1.0, -1.0, 0.0)
    model = TissueModel(
        name="made",
        n_tiles=1,
        n_nuclei=10,
        classes=names,
        total_per_mm2=(3000.0,) * 11,
        per_mm2={name: (1500.0,) * 11 for name in names},
        mix_mean=(0.5, 0.5),
        mix_concentration=4.0,
        bin_um=1.0,
        interactions=tuple(
            PairInteraction(first=a, second=b, hard_core_um=3.0, log_interaction=logs) for a, b in pairs
        ),
    )
    model.write(tmp_path / "made.json")
    return tmp_path / "made.json"


@pytest.fixture
def data(write_points, tmp_path):
    """A folder of points-only tiles: 16 train, 6 val."""
    return write_points(tmp_path, 16, 6, ("neoplastic", "connective"))


@pytest.mark.parametrize("command", COMMANDS)
def test_each_subcommand_explains_itself_with_an_example(cli, command):
    done = cli("layout", command, "--help")
    assert done.exit_code == 0
    assert f"napari-cosynth layout {command}" in done.stdout.split("Examples")[1]


def test_layouts_with_exact_counts_are_written_one_a_seed(cli, tissue, tmp_path, names):
    counts = "neoplastic=9,inflammatory=4"
    done = cli("layout", "make", "--tissue", tissue, "--counts", counts, "--count", 2, "--seed", 5, "--size", "96,128")
    assert done.exit_code == 0, done.stderr
    assert names(tmp_path / "layouts") == ["made-5.csv", "made-6.csv"]
    for name in names(tmp_path / "layouts"):
        made = read_layout(tmp_path / "layouts" / name, size=(96, 128)).counts()
        assert (made["neoplastic"], made["inflammatory"], sum(made.values())) == (9, 4, 13)
    assert "9 neoplastic, 4 inflammatory" in done.stdout
    # A CSV file does not know its tile's size, and synth would take 256,256.
    assert "synth --size 96,128" in done.stderr


def test_an_empty_layout_of_the_usual_size_needs_no_more_words(cli, tissue):
    done = cli("layout", "make", "--tissue", tissue, "--total", 0)
    assert "made-0.csv  no nuclei" in done.stdout and not done.stderr


def test_a_mix_is_apportioned_and_what_is_not_given_is_drawn(cli, tissue, tmp_path):
    mix = ("--mix", "Neoplastic=3,inflammatory=1", "--total", 20)
    assert cli("layout", "make", "--tissue", tissue, *mix, "--out", "a").exit_code == 0
    made = read_layout(tmp_path / "a" / "made-0.csv").counts()
    assert (made["neoplastic"], made["inflammatory"]) == (15, 5)
    assert cli("layout", "make", "--tissue", tissue, "--out", "b").exit_code == 0
    assert len(read_layout(tmp_path / "b" / "made-0.csv")) == round(3000 * 64**2 / 1e6)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--counts", "neoplastic"], "write it like --counts neoplastic=60"),
        (["--counts", "neoplastic=1.5"], "not a whole number"),
        (["--counts", "neoplastic=1,neoplastic=2"], "twice"),
        (["--counts", "stroma=1"], "it has neoplastic, inflammatory"),
        (["--counts", "neoplastic=1", "--total", 3], "leave out --mix and --total"),
        (["--mix", "neoplastic=nan"], "0 or more"),
        (["--counts", "neoplastic=2000"], "do not fit"),
        (["--counts", "neoplastic=1e300"], "at most 5000"),
        (["--total", 10**20], "5000"),
        (["--size", "100,100"], "--size 100,100"),
        (["--tissue", "nowhere"], "no tissue 'nowhere'"),
        (["--tissue", "nowhere.json"], "check the name"),
    ],
)
def test_wrong_input_is_refused_with_the_remedy(cli, tissue, options, words):
    done = cli("layout", "make", "--tissue", tissue, *options)
    assert done.exit_code == 2 and words in done.stderr


def test_the_tissues_that_ship_are_listed_with_their_licence(cli, tissue, monkeypatch):
    monkeypatch.setattr("napari_cosynth.layouts.tissues.tissue_files", lambda: {"made": tissue})
    done = cli("layout", "tissues")
    assert done.exit_code == 0 and "made" in done.stdout and "3000 nuclei per mm2" in done.stdout
    monkeypatch.setattr("napari_cosynth.layouts.tissues.tissue_files", dict)
    assert "no tissue ships" in cli("layout", "tissues").stdout


def test_a_tissue_is_fitted_and_drawn_from(cli, data, tmp_path, monkeypatch):
    quick = FitSettings(iterations=1, n_windows=2)
    monkeypatch.setattr("napari_cosynth.layouts.fit.FitSettings", lambda seed: quick)
    done = cli("layout", "fit", data, "--tissue", "liver", "--out", "my.json", "--licence", "CC0")
    assert done.exit_code == 0, done.stderr
    model = read_tissue(tmp_path / "my.json")
    assert (model.name, model.source, model.licence, model.n_tiles) == ("liver", "points", "CC0", 16)
    assert cli("layout", "make", "--tissue", "my.json", "--total", 12).exit_code == 0


def test_classes_that_no_model_knows_are_said_before_a_fit_and_can_be_left_out(
    cli, write_points, tmp_path, monkeypatch
):
    quick = FitSettings(iterations=1, n_windows=2)
    monkeypatch.setattr("napari_cosynth.layouts.fit.FitSettings", lambda seed: quick)
    data = write_points(tmp_path, 16, 6, ("neoplastic", "lymphocyte"))
    done = cli("layout", "fit", data, "--out", "my.json", "--licence", "CC0")
    assert done.exit_code == 0 and "the bundled model has no class lymphocyte: " in done.stderr
    for options in ((), ("--counts", "neoplastic=3,lymphocyte=2"), ("--mix", "lymphocyte=1")):
        done = cli("layout", "make", "--tissue", "my.json", *options)
        assert done.exit_code == 2 and "the tissue my has the class lymphocyte, and" in done.stderr, options
    done = cli("layout", "make", "--tissue", "my.json", "--counts", "neoplastic=3,lymphocyte=0")
    assert done.exit_code == 0, done.stderr
    assert read_layout(tmp_path / "layouts" / "my-0.csv").counts()["neoplastic"] == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--out", "my.csv"], "call it my.json"),
        (["--out", "my.json", "--split", "test"], "name another --split"),
        (["--out", "my.json", "--organ", "kidney"], "of 'kidney'"),
        (["--out", "my.json", "--tissue", "my liver"], "such as colon-normal"),
    ],
)
def test_a_fit_that_cannot_be_is_refused_with_the_remedy(cli, data, tmp_path, options, words):
    done = cli("layout", "fit", data, *options)
    assert done.exit_code == 2 and words in done.stderr
    assert not (tmp_path / "my.json").exists()


def test_measuring_shows_a_row_for_each_comparison(cli, data, tissue):
    pytest.importorskip("sklearn", reason="measuring needs the extra train")
    few = cli("layout", "measure", data, "--tissue", tissue)
    assert few.exit_code == 2 and "Give more tiles" in few.stderr
    done = cli("layout", "measure", data, "--tissue", tissue, "--split", "all")
    assert done.exit_code == 0, done.stderr
    assert all(name in done.stdout for name in ("generated", "jittered", "random", "real"))
