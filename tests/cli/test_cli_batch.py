"""`batch`: what it says, writes and returns."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from napari_cosynth.layouts.model import PairInteraction, TissueModel

PLAN = """
[tiles]
size = [64, 64]
steps = 1
model = "{model}"

[export]
formats = ["folder"]

[[group]]
name = "nest"
tissue = "made.json"
layouts = 2
prompts = ["colon, zebra"]
counts = {{ neoplastic = 3 }}
"""


@pytest.fixture
def plan(tmp_path, model_folder):
    """A plan of two tiles and its tissue, in the working directory."""
    pair = PairInteraction(first="neoplastic", second="neoplastic", hard_core_um=2.0, log_interaction=(-1.0, 0.0))
    TissueModel(
        name="made",
        n_tiles=1,
        n_nuclei=10,
        classes=("neoplastic",),
        total_per_mm2=(20_000.0,) * 11,
        per_mm2={"neoplastic": (20_000.0,) * 11},
        mix_mean=(1.0,),
        mix_concentration=4.0,
        bin_um=1.0,
        interactions=(pair,),
    ).write(tmp_path / "made.json")
    path = tmp_path / "plan.toml"
    path.write_text(PLAN.format(model=model_folder))
    return path


def test_total_estimate_tiles_and_data_set(cli, plan, tmp_path, names):
    done = cli("batch", plan, "--out", "out", "--deterministic", "--workers", 1)
    assert done.exit_code == 0, done.output
    total, estimate, end = done.stdout.splitlines()
    assert total == "1 group, 2 layouts, 2 tiles"
    assert estimate.startswith("about ") and "one tile takes" in estimate and "one process with 1 thread" in estimate
    assert end.startswith("out: 2 tiles made in ")
    assert "never shown 'zebra'" in done.stderr
    assert names(tmp_path / "out") == ["batch.json", "dataset", "failures.json", "tiles"]
    assert {"dataset.json", "folder"} <= set(names(tmp_path / "out" / "dataset"))
    again = cli("batch", plan, "--out", "out", "--deterministic")
    assert again.exit_code == 0
    assert again.stdout.splitlines()[0].endswith("2 tiles; 2 are there, 0 to be made")
    assert again.stdout.splitlines()[-1] == "out: 0 tiles made, 2 there before"


def test_a_dry_run_says_the_total_and_makes_nothing(cli, plan, tmp_path):
    done = cli("batch", plan, "--out", "out", "--dry-run", "--deterministic", "--workers", 1)
    assert done.exit_code == 0, done.output
    assert len(done.stdout.splitlines()) == 2
    assert not (tmp_path / "out").exists()


def test_a_dry_run_where_all_tiles_are_there_makes_no_data_set(cli, plan, tmp_path, names):
    export = '[export]\nformats = ["folder"]\n'
    plan.write_text(plan.read_text().replace(export, ""))
    assert cli("batch", plan, "--out", "out", "--deterministic", "--workers", 1).exit_code == 0
    plan.write_text(plan.read_text() + export)
    done = cli("batch", plan, "--out", "out", "--dry-run", "--deterministic")
    assert done.exit_code == 0, done.output
    assert done.stdout == "1 group, 2 layouts, 2 tiles; 2 are there, 0 to be made\n"
    assert names(tmp_path / "out") == ["batch.json", "failures.json", "tiles"]


def test_failed_tiles_are_shown_and_the_exit_code_tells(cli, plan):
    plan.write_text(plan.read_text().replace("neoplastic = 3", "neoplastic = 4000"))
    done = cli("batch", plan, "--out", "out", "--deterministic", "--workers", 1)
    assert done.exit_code == 1
    assert "do not fit" in " ".join(done.stderr.split()) and "there is no data set" in done.stderr
    assert "2 failed" in done.stdout


def test_tiles_that_the_data_set_leaves_out_are_told(cli, plan, tmp_path):
    assert cli("batch", plan, "--out", "out", "--deterministic", "--workers", 1).exit_code == 0
    picture = next(p for p in sorted((tmp_path / "out/tiles").glob("*.png")) if p.stem.endswith("-semantic"))
    picture.write_bytes(picture.read_bytes()[:40])
    (tmp_path / "out/dataset/SHA256SUMS").unlink()
    done = cli("batch", plan, "--out", "out", "--deterministic", "--workers", 1)
    assert done.exit_code == 0, done.output
    assert f"left out: {picture.stem.removesuffix('-semantic')}: {picture.name}" in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "options", "words"),
    [
        ("steps = 1", "stepps = 1", [], ['plan.toml: [tiles], key "stepps"', 'Did you mean "steps"?']),
        ("made.json", "colom", [], ['[[group]] 1 ("nest"), key "tissue"', "Did you mean 'colon'?"]),
        ("[tiles]", "[tiles", [], ["is not TOML"]),
        ("", "", ["--deterministic", "--batch-size", 2], ["leave out --batch-size"]),
        ("", "", ["--scheduler", "nowhere", "--workers", 2], ["the cluster's own workers", "leave out --workers"]),
        ("", "", ["--device", "abacus"], ["no device 'abacus'"]),
        ("", "", ["--out", "plan.toml"], ["plan.toml", "a folder is needed"]),
        ("", "", ["--out", "/proc/x"], ["--out /proc/x: files cannot be written there"]),
        ("", "", ["--out", "nonsense://x"], ["nonsense://x: cannot be opened"]),
        ("", "", ["--scheduler", "nowhere"], ["no Dask scheduler answers at nowhere"]),
    ],
)
def test_wrong_input_is_refused_with_the_remedy(cli, plan, old, new, options, words, monkeypatch):
    monkeypatch.setattr("napari_cosynth.batch.cluster.CONNECT_SECONDS", 0.5)
    plan.write_text(plan.read_text().replace(old, new, 1))
    done = cli("batch", plan, "--dtype", "float32", *options)
    assert done.exit_code == 2, done.output
    assert all(word in done.stderr for word in words)


@pytest.mark.timeout(300)
def test_ctrl_c_keeps_finished_tiles_and_leaves_nothing_half_written(plan, tmp_path):
    plan.write_text(plan.read_text().replace("layouts = 2", "layouts = 5000"))
    command = [sys.executable, "-m", "napari_cosynth.cli", "batch", str(plan), "--out", str(tmp_path / "out")]
    # A session of its own: the signal goes to all its processes, as from a terminal.
    process = subprocess.Popen(
        [*command, "--workers", "2", "--threads", "1", "--batch-size", "2", "--dtype", "float32"],
        start_new_session=True,
        # Whoever runs the tests in the background of a script has Ctrl-C switched off for all that comes of it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        stderr=subprocess.PIPE,
        text=True,
    )
    tiles, limit = tmp_path / "out" / "tiles", time.monotonic() + 200
    while time.monotonic() < limit and process.poll() is None:
        if tiles.exists() and len(list(tiles.glob("*.json"))) > 2:
            break
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=100)
    assert process.returncode == 1
    assert "stopped; finished tiles are kept, and the same command goes on" in said
    assert "Traceback" not in said
    files = [path.name for path in tiles.iterdir()]
    assert len(files) % 5 == 0 and len(files) >= 15
    assert json.loads((tmp_path / "out" / "failures.json").read_text()) == {"failed": []}


def test_the_command_explains_itself_with_an_example(cli):
    done = cli("batch", "--help")
    assert done.exit_code == 0
    assert "napari-cosynth batch" in done.stdout.split("Examples")[1]
