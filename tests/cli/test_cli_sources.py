"""Sources of labelled tiles: what is said of their classes before the work begins."""

from __future__ import annotations

import shutil

import pytest


@pytest.fixture
def renamed(tiny_data, tmp_path):
    """The tiny data in other words: one class in capitals, another by a name that no model knows."""
    folder = shutil.copytree(tiny_data, tmp_path / "renamed")
    table = folder / "nuclei.csv"
    lines = [line.rsplit(",", 1) for line in table.read_text().splitlines()]
    words = {"neoplastic": " Neoplastic", "inflammatory": "lymphocyte"}
    table.write_text("".join(f"{line},{words.get(name, name)}\n" for line, name in lines))
    return folder, sum(name == "inflammatory" for _, name in lines)


@pytest.mark.parametrize("command", ["train", "train-segmenter"])
def test_classes_that_no_model_knows_are_named_before_the_training(cli, renamed, tiny_data, command):
    folder, n = renamed
    # A source that is not there ends the command once the data are read.
    done = cli(command, "--data", folder, "--out", "run", "--weight", "other=2")
    assert done.exit_code == 2 and n > 0
    assert f"Note: nuclei of these classes count as unspecified: lymphocyte ({n}); known classes: " in done.stderr
    done = cli(command, "--data", tiny_data, "--out", "run", "--weight", "other=2")
    assert "count as unspecified" not in done.stderr


@pytest.mark.parametrize("command", ["evaluate", "downstream", "layout train-structure"])
def test_they_are_named_wherever_labels_are_compared_or_learned(cli, renamed, tiny_data, command):
    def end_early(data):
        # Two tiles of 128 px do not do for any of these, once they are read.
        split = () if command == "layout train-structure" else ("--split", "train")
        steps = ("--steps", 1) if split else ("--steps", 1, "--windows", 32, "--init", "bundled")
        return cli(*command.split(), "--data", data, "--out", "run", *split, *steps)

    done = end_early(renamed[0])
    assert "Note: nuclei of these classes count as unspecified: lymphocyte (" in done.stderr, done.output
    assert "count as unspecified" not in end_early(tiny_data).stderr
