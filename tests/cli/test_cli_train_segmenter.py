"""`train-segmenter`: a tiny run that others can use, its continuation, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from napari_cosynth.model.segmenter_folder import load_segmenter
from napari_cosynth.training.run_facts import read_facts


@pytest.fixture
def train_segmenter(cli, tiny_data):
    def run(*arguments, on=tiny_data):
        return cli("train-segmenter", "--data", on, "--precision", "float32", "--threads", 1, *arguments)

    return run


def test_a_run_goes_on_and_its_segmenter_segments(train_segmenter, names, tmp_path):
    done = train_segmenter("--out", "run", "--steps", 1, "--seed", 7)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1].startswith("run/model: for  evaluate --segmenter")
    assert names(tmp_path / "run") == ["checkpoint.pt", "model", "run.json"]
    assert json.loads((tmp_path / "run" / "run.json").read_text())["settings"]["seed"] == 7
    first = load_segmenter(tmp_path / "run" / "model")
    (instances, classes), *_ = first.segment([np.full((64, 64, 3), 200, np.uint8)])
    assert instances.shape == (64, 64) and set(classes) == set(np.unique(instances[instances > 0]).tolist())

    refused = train_segmenter("--out", "run", "--steps", 2)
    assert refused.exit_code == 2 and "run holds a run already; give --resume" in refused.stderr
    refused = train_segmenter("--out", "run", "--steps", 1, "--resume")
    assert refused.exit_code == 2 and "run is at step 1 already" in refused.stderr

    done = train_segmenter("--out", "run", "--steps", 2, "--seed", 7, "--resume")
    assert done.exit_code == 0, done.output
    weights = [dict(network.named_parameters()) for network in (first, load_segmenter(tmp_path / "run" / "model"))]
    assert any(not np.array_equal(weights[0][k].detach(), weights[1][k].detach()) for k in weights[0])


def test_a_run_goes_on_with_the_options_of_then(train_segmenter, write_points, tiny_data, tmp_path):
    begun = ("--steps", 1, "--seed", 7, "--weight", "tiny=2", "--partial", "tiny")
    assert train_segmenter("--out", "run", *begun).exit_code == 0
    points = write_points(tmp_path, 2, 1, ("neoplastic", "inflammatory"))
    done = train_segmenter("--out", "run", "--steps", 2, "--resume", "--data", points)
    assert done.exit_code == 0, done.output
    assert f"--data {tiny_data},{points} from now on, {tiny_data} so far" in done.stdout
    assert "--steps 2 from now on, 1 so far" in done.stdout and "--seed" not in done.stdout
    facts = read_facts(tmp_path / "run")
    assert (facts["settings"]["steps"], facts["settings"]["seed"]) == (2, 7)
    assert (facts["weights"], facts["partial"]) == ({"tiny": 2.0}, ["tiny"])


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (("--weight", "tiny=x"), ("--weight 'tiny=x'", "SOURCE=FACTOR")),
        (("--weight", "other=2"), ("no source is called other", "tiny")),
        (("--partial", "other"), ("no tile is of the source 'other'", "tiny")),
        (("--precision", "fp16"), ("--precision 'fp16'", "bf16, float32")),
        (("--resume",), ("run holds no run to resume",)),
    ],
)
def test_wrong_input(train_segmenter, tmp_path, options, parts):
    done = train_segmenter("--out", "run", "--steps", 1, *options)
    assert done.exit_code == 2, done.output
    assert done.stderr.startswith("Error: ") and all(part in done.stderr for part in parts), done.stderr
    assert not (tmp_path / "run").exists()


def test_points_alone_teach_no_segmenter(train_segmenter, write_points, tmp_path):
    done = train_segmenter("--out", "run", on=write_points(tmp_path, 2, 1, ("neoplastic", "inflammatory")))
    assert done.exit_code == 2 and "both an image and instance masks" in done.stderr
