"""The program's own words: help, usage errors, start from a shell."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer.main

from napari_cosynth.cli import app
from napari_cosynth.request import MAX_SEED

COMMANDS = (
    *("synth", "info", "points", "train", "train-segmenter", "nearest", "evaluate", "downstream"),
    *("batch", "export", "reproduce", "layout"),
)


def test_the_module_runs_and_loads_nothing_heavy_for_help():
    code = (
        "import sys; sys.argv = ['napari-cosynth', '--help']\n"
        "from napari_cosynth.cli import app\n"
        "try: app()\n"
        "except SystemExit: pass\n"
        "print('heavy:', *(m for m in ('torch', 'diffusers', 'transformers', 'napari') if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert all(f" {command} " in done.stdout for command in COMMANDS)
    assert "not for diagnosis" in " ".join(done.stdout.split())
    assert done.stdout.splitlines()[-1] == "heavy:"


def test_python_m_works():
    command = [sys.executable, "-m", "napari_cosynth.cli", "--help"]
    assert "synth" in subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself_with_an_example(cli, command):
    done = cli(command, "--help")
    assert done.exit_code == 0
    assert "Examples" in done.stdout
    assert f"napari-cosynth {command}" in done.stdout.split("Examples")[1]


def test_the_help_of_synth_says_what_it_reads_writes_and_returns(cli):
    text = " ".join(cli("synth", "--help").stdout.split())
    for part in ("row,col,class", "-instances.png", "-semantic.png", "-overlay.png", ".json", "Exit codes: 0 done"):
        assert part in text


def test_every_argument_and_option_says_what_it_is():
    def mute(command, path):
        for name, below in getattr(command, "commands", {}).items():
            yield from mute(below, [*path, name])
        yield from (" ".join([*path, p.opts[0]]) for p in command.params if not p.help)

    assert list(mute(typer.main.get_command(app), [])) == []


@pytest.mark.parametrize("command", ["train", "train-segmenter", "evaluate", "nearest"])
def test_a_seed_that_no_generator_takes_is_refused_before_any_work(cli, tmp_path, command):
    model = ("model",) if command == "nearest" else ("--out", "run")
    done = cli(command, *model, "--data", "tiles", "--seed", MAX_SEED + 1)
    assert done.exit_code == 2 and "--seed" in done.stderr and str(MAX_SEED) in done.stderr


def test_the_commands_of_layout_come_in_the_order_of_use():
    (layout,) = (below for name, below in typer.main.get_command(app).commands.items() if name == "layout")
    assert list(layout.commands) == ["make", "tissues", "fit", "measure", "train-structure"]


def test_unknown_options_are_wrong_input(cli):
    done = cli("synth", "--sede", 3)
    assert done.exit_code == 2 and "--seed" in done.stderr
