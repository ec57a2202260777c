"""Scores and gains out of made-up tallies: pairs, seeds, what cannot be measured, what the table says."""

import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("matplotlib")

from napari_cosynth.evaluation.bootstrap import Estimate  # noqa: E402
from napari_cosynth.evaluation.downstream import table  # noqa: E402
from napari_cosynth.evaluation.downstream.outcome import Downstream, Figure, outcome_of  # noqa: E402
from napari_cosynth.evaluation.downstream.settings import ARMS, DownstreamSettings  # noqa: E402
from napari_cosynth.evaluation.downstream.trial import Trial  # noqa: E402

TRUE = 40
"""Nuclei of each held-out window."""


@pytest.fixture
def held_out(make_sample):
    """Six windows of three groups with 40 nuclei each, 30 of class 0 and 5 of class 1."""
    instances = np.zeros((96, 96), np.int32)
    instances[:5, :8] = np.arange(1, TRUE + 1).reshape(5, 8)
    classes = {i: 0 if i <= 30 else 1 for i in range(1, 36)}
    return [replace(make_sample(n), instances=instances, class_of=classes, masked=True) for n in range(6)]


@pytest.fixture
def trials():
    """Each arm finds so many of the 40 nuclei, at IoU 0.8; seeds differ by one, windows by two."""
    found = {"real": 20, "longer": 25, "copy-paste": 25, "synthetic": 32}
    made = []
    for arm in ARMS:
        for seed in range(3):
            tallies = []
            for window in range(6):
                tp = found[arm] + seed - 2 * (window % 2)
                sums = {"tp": tp, "fp": 3, "fn": TRUE - tp, "iou": 0.8 * tp}
                tally = {f"all {k}": float(v) for k, v in sums.items()}
                tally |= {f"masks neoplastic {k}": float(v) for k, v in sums.items()}
                tallies.append(tally | {"dice part": 2.0 * tp, "dice whole": 80.0, "aji part": tp, "aji whole": 50.0})
            facts = {"asked": "8", "windows": tuple("abcdefgh"), "added": 0, "steps": 10, "seconds": 1.0}
            made.append(Trial(arm=arm, seed=seed, tallies=tuple(tallies), **facts))
    return made


def pq(tp):
    return 0.8 * tp / (tp + (3 + TRUE - tp) / 2)


def test_scores_are_means_over_seeds_of_pooled_sums(trials, held_out):
    outcome = outcome_of(trials, held_out, DownstreamSettings(), "abc")
    (size,) = outcome.sizes
    of_real = next(arm for arm in size.arms if arm.arm == "real").scores
    assert of_real["Dice"].seeds == pytest.approx([2 * (19 + s) / 80 for s in range(3)])
    assert of_real["Dice"].mean.value == pytest.approx(2 * 20 / 80)
    assert of_real["PQ"].seeds == pytest.approx([pq(19 + s) for s in range(3)])
    assert of_real["PQ neoplastic"].mean.value == pytest.approx(of_real["PQ"].mean.value)


def test_a_gain_is_paired_and_needs_interval_and_seeds(trials, held_out):
    (size,) = outcome_of(trials, held_out, DownstreamSettings()).sizes
    gains = {(c.arm, c.over): c.gains for c in size.comparisons}
    dice = gains["synthetic", "longer"]["Dice"]
    # Windows and seeds differ in the same way in both arms: nothing of it is left in the difference.
    assert dice.seeds == pytest.approx([14 / 80] * 3)
    assert (dice.mean.low, dice.mean.high) == pytest.approx((14 / 80, 14 / 80)) and dice.verdict == "gain"
    assert gains["copy-paste", "longer"]["Dice"].verdict == "not told apart"
    assert gains["longer", "real"]["PQ"].verdict == "gain"


@pytest.mark.parametrize(
    "low, high, seeds, verdict",
    [
        (0.01, 0.03, (0.02, 0.03), "gain"),
        (0.01, 0.03, (0.02, -0.01), "not told apart"),
        (-0.01, 0.03, (0.02, 0.03), "not told apart"),
        (-0.03, -0.01, (-0.02, -0.01), "loss"),
        (None, None, (0.02, 0.03), "not told apart"),
        (0.01, 0.03, (None, 0.03), "not told apart"),
    ],
)
def test_verdicts(low, high, seeds, verdict):
    assert Figure(mean=Estimate(value=0.02, low=low, high=high), seeds=seeds).verdict == verdict


def test_rare_classes_are_named_and_not_scored(trials, held_out):
    outcome = outcome_of(trials, held_out, DownstreamSettings())
    assert outcome.nuclei["all"] == 240 and outcome.nuclei["neoplastic"] == 180 and outcome.nuclei["inflammatory"] == 30
    assert "neoplastic" not in outcome.not_measurable and "inflammatory" in outcome.not_measurable
    assert {name for name in outcome.sizes[0].arms[0].scores if " " in name} == {"PQ neoplastic", "F1 neoplastic"}


def test_written_tables_say_it_all(trials, held_out, tmp_path):
    outcome = outcome_of(trials, held_out, DownstreamSettings(), "abc")
    table.write_downstream(outcome, tmp_path)
    assert Downstream.model_validate(json.loads((tmp_path / "downstream.json").read_text())) == outcome
    page = (tmp_path / "downstream.html").read_text()
    for text in ("synthetic over longer", "+0.175", ": gain", "not learning from few tiles alone", "+0.096", "Lizard"):
        assert text in page
    assert page.count("data:image/svg+xml") == 2
    assert "inflammatory" in table.notes(outcome)[-1]
    assert "were given as they are" in " ".join(table.notes(outcome_of(trials, held_out, DownstreamSettings())))
    # What was not asked for needs no words.
    assert "'all' means 128 windows at most." in table.notes(outcome_of(trials, held_out, DownstreamSettings()))
    numbers = outcome_of(trials, held_out, DownstreamSettings(real=(8,), seeds=1))
    assert not any("'all'" in line for line in table.notes(numbers))
    assert any(line.startswith("Means of 1 seed, ") for line in table.notes(numbers))
    for rows, header in (
        (table.score_rows(outcome), table.SCORE_HEADER),
        (table.gain_rows(outcome), table.GAIN_HEADER),
        (table.class_rows(outcome), table.CLASS_HEADER),
    ):
        assert rows and all(len(row) == len(header) for row in rows)
