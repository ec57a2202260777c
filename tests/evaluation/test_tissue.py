from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")
from napari_cosynth.evaluation.tissue import TissueClassifier, TissueReport, tissue_adherence

NAMES = ("brain", "breast, IHC", "colon")


def _tiles(seed, n=12, noise=1.0, spread=4.0):
    """n tiles of each name: features, names, groups."""
    centres = np.random.default_rng(7).normal(size=(3, 16)) * spread
    rng = np.random.default_rng(seed)
    names = [name for name in NAMES for _ in range(n)]
    features = np.repeat(centres, n, 0) + rng.normal(size=(3 * n, 16)) * noise
    return features, names, [f"{name} {i % 4}" for i, name in enumerate(names)]


@pytest.fixture(scope="module")
def classifier():
    features, names, _ = _tiles(0)
    return TissueClassifier(features, names)


def test_tissue_that_was_asked_for_is_recognised(classifier):
    report = tissue_adherence(classifier, _tiles(1), _tiles(2), feature_space="made up")
    assert report.real.accuracy.value > 0.95 and report.relative_accuracy > 0.95
    assert report.chance == pytest.approx(1 / 3)
    assert report.names == NAMES and report.n_train == 36


def test_a_prompt_that_changes_nothing_is_at_chance(classifier):
    features, names, groups = _tiles(2)
    one = np.repeat(features[:12], 3, axis=0)
    report = tissue_adherence(classifier, _tiles(1), (one, names, groups), feature_space="made up")
    assert report.made.accuracy.value == pytest.approx(1 / 3, abs=0.05)
    assert report.made.balanced_accuracy == pytest.approx(1 / 3, abs=0.05)
    assert report.made.taken_for == {"breast, IHC": "brain", "colon": "brain"}
    assert report.made.per_name["brain"] == (12, 1.0)


def test_interval_holds_the_accuracy(classifier):
    report = tissue_adherence(classifier, _tiles(1, noise=6), _tiles(2, noise=6), feature_space="made up")
    for found in (report.real, report.made):
        assert found.accuracy.low <= found.accuracy.value <= found.accuracy.high


def test_names_that_nobody_taught_are_left_out_and_said(classifier):
    features, names, groups = _tiles(2)
    asked = ["spleen" if name == "colon" else name for name in names]
    report = tissue_adherence(classifier, _tiles(1), (features, asked, groups), feature_space="made up")
    assert report.not_known == ("spleen",) and report.made.n == 24


def test_deterministic_and_reads_back(classifier):
    first, again = (
        tissue_adherence(classifier, _tiles(1), _tiles(2, noise=5), 3, feature_space="made up") for _ in range(2)
    )
    assert first == again == TissueReport.model_validate_json(first.model_dump_json())


def test_errors_say_what_is_missing(classifier):
    features, names, groups = _tiles(1)
    with pytest.raises(ValueError, match="36 tiles, but 2 names"):
        TissueClassifier(features, ["a", "b"])
    with pytest.raises(ValueError, match="all training tiles are 'a'"):
        TissueClassifier(features, ["a"] * 36)
    with pytest.raises(ValueError, match="36 made tiles, 36 names and 1 groups"):
        tissue_adherence(classifier, _tiles(1), (features, names, ["x"]), feature_space="made up")
    with pytest.raises(ValueError, match="no made tile has a name that the classifier knows; it knows brain"):
        tissue_adherence(classifier, _tiles(1), (features, ["spleen"] * 36, groups), feature_space="made up")
