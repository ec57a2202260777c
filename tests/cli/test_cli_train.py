"""`train`: a tiny run on a tiny data set, its continuation, and what is refused."""

from __future__ import annotations

import json

import pytest
from skimage.io import imread

SMALL = ("--channels", "32,32", "--crop", 64, "--batch-size", 1, "--precision", "no", "--cpu")


@pytest.fixture
def train(cli, tiny_data):
    """`train` on the tiny data; accelerate is told to forget what other runs of this process set up."""
    from accelerate.state import AcceleratorState

    def run(*arguments, on=tiny_data):
        AcceleratorState._reset_state(reset_partial_state=True)
        return cli("train", "--data", on, *SMALL, *arguments)

    yield run
    AcceleratorState._reset_state(reset_partial_state=True)


def trained_steps(run):
    return json.loads((run / "model" / "training.json").read_text())["steps"]


def test_a_run_goes_on_and_another_starts_from_it(train, cli, names, write_csv, tmp_path):
    run = tmp_path / "run"
    done = train("--out", "run", "--steps", 2, "--preview-minutes", 0)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == "run/model: try it with  napari-cosynth synth LAYOUT --model run/model"
    assert names(run) == ["checkpoint.pt", "model", "run.json"]
    assert trained_steps(run) == 2
    facts = json.loads((run / "run.json").read_text())
    assert facts["network"]["channels"] == [32, 32] and facts["crop"] == 64 and facts["data"][0].endswith("tiny")

    refused = train("--out", "run", "--steps", 2)
    assert refused.exit_code == 2 and "run holds a run already; give --resume" in refused.stderr
    refused = train("--out", "run", "--steps", 2, "--resume")
    assert refused.exit_code == 2 and "run is at step 2 already" in refused.stderr

    done = train("--out", "run", "--steps", 3, "--resume")
    assert done.exit_code == 0, done.output
    assert trained_steps(run) == 3
    # Of the tiles that the run began with: it goes on with them.
    index = json.loads((run / "model/model_index.json").read_text())
    assert index["details"] and index["details"] == facts["details"]
    rows, cols, channels = imread(run / "preview-0000003.png").shape
    assert (rows % 64, cols, channels) == (0, 5 * 64, 3)

    made = cli("synth", write_csv("20,20,neoplastic"), "--model", "run/model", "--size", "64,64", "--steps", 1)
    assert made.exit_code == 0, made.output

    done = train("--out", "second", "--steps", 1, "--init", run / "model", "--preview-minutes", 0)
    assert done.exit_code == 0, done.output
    assert trained_steps(tmp_path / "second") == 1
    first, second = ((folder / "model/unet/config.json").read_text() for folder in (run, tmp_path / "second"))
    assert json.loads(first)["channels"] == json.loads(second)["channels"]

    levels = len(json.loads(first)["channels"])
    deeper = ("--attention-blocks", 2, "--refinements", ",".join("1" * levels), "--preview-minutes", 0)
    done = train("--out", "third", "--steps", 1, "--init", run / "model", *deeper)
    assert done.exit_code == 0, done.output
    third = json.loads((tmp_path / "third/model/unet/config.json").read_text())
    assert (json.loads(first)["attention_blocks"], third["attention_blocks"]) == (1, 2)
    assert (json.loads(first)["refinements"], third["refinements"]) == ([], [1] * levels)
    refused = train("--out", "fourth", "--init", "third/model", "--attention-blocks", 1)
    assert refused.exit_code == 2 and "1 attention blocks are fewer than the 2" in refused.stderr
    refused = train("--out", "fourth", "--refinements", "two")
    assert refused.exit_code == 2 and "'two' are not whole numbers parted by commas" in refused.stderr


def test_a_resumed_run_is_as_it_was_begun_unless_told_otherwise(train, cli, tiny_data, tmp_path):
    """Options are left out when it goes on, as a user would."""
    from accelerate.state import AcceleratorState

    def go_on(*arguments):
        AcceleratorState._reset_state(reset_partial_state=True)
        return cli("train", "--data", tiny_data, "--out", "run", "--resume", "--cpu", *arguments)

    def facts():
        return json.loads((tmp_path / "run" / "run.json").read_text())

    quiet = ("--preview-minutes", 0)
    options = ("--learning-rate", 1e-3, "--warmup", 2, "--ema", 0.9, "--weight", "tiny=2")
    assert train("--out", "run", "--steps", 1, *options, *quiet).exit_code == 0
    begun = facts()
    assert begun["settings"]["warmup"] == 2

    done = go_on("--steps", 2)
    assert done.exit_code == 0, done.output
    assert "so far" not in done.stdout and facts()["starts"][1]["changed"] == {}
    assert imread(tmp_path / "run" / "preview-0000002.png").shape[1] == 5 * 64

    done = go_on("--steps", 3, "--learning-rate", 1e-4, "--crop", 64, *quiet)
    assert done.exit_code == 0, done.output
    assert "--learning-rate 0.0001 from now on, 0.001 so far" in done.stdout.splitlines()
    assert done.stdout.count("so far") == 1
    done = go_on("--steps", 4, *quiet)
    assert done.exit_code == 0, done.output
    starts = facts()["starts"]
    assert [s["step"] for s in starts] == [0, 1, 2, 3]
    assert starts[2]["changed"] == {"settings.learning_rate": 1e-4} and starts[3]["changed"] == {}
    assert facts() | {"starts": 0} == begun | {"starts": 0}

    for other in (("--channels", "64,64"), ("--init", "any")):
        refused = go_on("--steps", 5, *other)
        assert refused.exit_code == 2 and f"{other[0]} {other[1]}: the run was begun with" in refused.stderr
    assert trained_steps(tmp_path / "run") == 4


def test_a_falling_learning_rate_falls_on(train, tmp_path):
    quiet = ("--preview-minutes", 0)
    assert train("--out", "run", "--decay", 3, "--minutes", 0, *quiet).exit_code == 0
    assert trained_steps(tmp_path / "run") == 1
    done = train("--out", "run", "--resume", *quiet)
    assert done.exit_code == 0, done.output
    assert trained_steps(tmp_path / "run") == 3
    refused = train("--out", "run", "--resume", "--steps", 3)
    assert refused.exit_code == 2 and "run is at step 3 already" in refused.stderr
    # Afterwards it learns as before, until another fall is asked for.
    assert train("--out", "run", "--resume", "--steps", 4, *quiet).exit_code == 0
    assert train("--out", "run", "--resume", "--decay", 1, *quiet).exit_code == 0
    assert trained_steps(tmp_path / "run") == 5


def test_the_learning_rate_falls_over_the_last_minutes(train, tmp_path):
    def starts():
        return json.loads((tmp_path / "run" / "run.json").read_text())["starts"]

    quiet = ("--preview-minutes", 0)
    done = train("--out", "run", "--minutes", 60, "--decay-minutes", 60, "--steps", 2, *quiet)
    assert done.exit_code == 0, done.output
    began, fell = starts()
    lasts = fell["changed"]["settings.decay_steps"]
    assert (began["step"], fell["step"], fell["changed"]["settings.decay_from"]) == (0, 1, 1) and lasts > 2
    assert f"1 the learning rate falls until step {1 + lasts}" in done.stdout
    assert trained_steps(tmp_path / "run") == 2
    # It falls on, and another that time will bring takes its place.
    assert train("--out", "run", "--resume", "--steps", 3, *quiet).exit_code == 0
    assert starts()[2]["changed"] == {}
    done = train("--out", "run", "--resume", "--minutes", 60, "--decay-minutes", 1, "--steps", 4, *quiet)
    assert done.exit_code == 0, done.output
    assert starts()[3]["changed"] == {"settings.decay_from": None, "settings.decay_steps": 1}


def test_labels_of_a_source_are_completed(train, tmp_path):
    done = train("--out", "run", "--steps", 1, "--complete", "tiny", "--preview-minutes", 0)
    assert done.exit_code == 0, done.output
    assert trained_steps(tmp_path / "run") == 1
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    assert facts["complete"] == ["tiny"] and len(facts["segmenter"]) == 16
    (tmp_path / "run" / "run.json").write_text(json.dumps(facts | {"segmenter": "of before"}))
    refused = train("--out", "run", "--steps", 2, "--resume")
    assert refused.exit_code == 2 and "outlined by the segmenter of before so far" in refused.stderr


def test_a_time_limit_ends_a_run(train, tmp_path):
    done = train("--out", "run", "--minutes", 0, "--preview-minutes", 0)
    assert done.exit_code == 0, done.output
    assert trained_steps(tmp_path / "run") == 1


def test_an_interrupt_saves_a_checkpoint(train, names, tmp_path, monkeypatch):
    from napari_cosynth.cli.train_bar import TrainingBar

    def interrupt(self, step):
        raise KeyboardInterrupt

    monkeypatch.setattr(TrainingBar, "show", interrupt)
    done = train("--out", "run", "--steps", 5)
    assert done.exit_code == 1
    assert "go on with --resume from the last checkpoint in run" in done.stderr
    assert names(tmp_path / "run") == ["checkpoint.pt", "run.json"]


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (("--weight", "tiny"), ("--weight 'tiny' is not SOURCE=FACTOR", "nuinsseg=0.5")),
        (("--weight", "tiny=x"), ("--weight 'tiny=x'",)),
        (("--weight", "tiny=-1"), ("--weight 'tiny=-1'", "0 or more")),
        (("--weight", "tiny=nan"), ("--weight 'tiny=nan'",)),
        (("--weight", "other=2"), ("no source is called other", "tiny")),
        (("--complete", "other"), ("no tile is of the source 'other'", "tiny")),
        (("--complete", "tiny", "--segmenter", "nowhere"), ("nowhere", "is not there", "folder of a segmenter")),
        (("--segmenter", "nowhere"), ("--segmenter is for --complete SOURCE",)),
        (("--crop", 100), ("--crop 100", "multiple of 16", "--crop 128")),
        (("--crop", 48), ("--crop 48",)),
        (("--crop", 1024), ("no tile has an image of at least 1024 x 1024 px", "smaller crop size")),
        (("--channels", "10,20"), ("--channels '10,20'", "multiples of 32", "64,128,256,256")),
        (("--precision", "int8"), ("--precision 'int8'", "bf16, fp16, no")),
        (("--process", "image-first"), ("--process 'image-first'", "joint, labels-first")),
        (("--process", "labels-first"), ("--batch-size 1", "an even one")),
        (("--distance", "city"), ("--distance 'city'", "interior, centroid")),
        (("--distance", "centroid", "--init", "any"), ("--distance centroid", "leave it out")),
        (("--decay-minutes", 5), ("--decay-minutes 5", "give --minutes 5 or more")),
        (("--decay-minutes", 5, "--minutes", 4), ("--decay-minutes 5", "give --minutes 5 or more")),
        (("--decay-minutes", 5, "--minutes", 6, "--decay", 9), ("--decay and --decay-minutes", "give one of them")),
        (("--ema", 1), ("ema_decay", "less than 1")),
        (("--resume",), ("run holds no run to resume", "leave --resume out")),
        (("--init", "nowhere"), ("no model folder nowhere", "bundled models")),
        (("--text-encoder", "nowhere"), ("nowhere is not a text encoder", "config.json")),
    ],
)
def test_wrong_input(train, tmp_path, options, parts):
    done = train("--out", "run", "--steps", 1, *options)
    assert done.exit_code == 2, done.output
    assert done.stderr.startswith("Error: ") and all(part in done.stderr for part in parts), done.stderr
    assert not (tmp_path / "run" / "checkpoint.pt").exists()


def test_data_that_cannot_be_used(train, tiny_data, tmp_path):
    done = train("--out", "run", on="nowhere")
    assert done.exit_code == 2 and "nowhere is not a folder" in done.stderr
    (tmp_path / "empty").mkdir()
    done = train("--out", "run", on="empty")
    assert done.exit_code == 2 and "empty: no data set here" in done.stderr
    (tmp_path / "val").mkdir()
    (tmp_path / "val" / "tiles.csv").write_text((tiny_data / "tiles.csv").read_text().replace("train", "val"))
    (tmp_path / "val" / "nuclei.csv").write_text((tiny_data / "nuclei.csv").read_text())
    done = train("--out", "run", on="val")
    assert done.exit_code == 2 and '--data val: none of its tiles is of the split "train"' in done.stderr


def test_an_output_folder_that_cannot_be(train, tmp_path):
    (tmp_path / "file").write_text("")
    done = train("--out", "file/run", "--steps", 1)
    assert done.exit_code == 2 and "--out file/run: files cannot be written there" in done.stderr


def test_a_damaged_checkpoint(train, tmp_path):
    assert train("--out", "run", "--steps", 1, "--preview-minutes", 0).exit_code == 0
    checkpoint = tmp_path / "run" / "checkpoint.pt"
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    done = train("--out", "run", "--steps", 2, "--resume")
    assert done.exit_code == 2 and "run/checkpoint.pt: is no checkpoint of a run, or damaged" in done.stderr
