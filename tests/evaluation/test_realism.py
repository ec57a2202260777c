from __future__ import annotations

import numpy as np
import pytest

from napari_cosynth.evaluation.realism import RealismReport, realism, realism_of_features

GROUPS = [f"patient {i // 4}" for i in range(48)]


class _Colours:
    """Mean colour and its spread: a feature space without a network."""

    name = "colours"

    def features(self, images):
        return np.array([[*i.mean((0, 1)), *i.std((0, 1))] for i in images], np.float32)


def _images(shift=0, seed=0):
    rng = np.random.default_rng(seed)
    base = rng.integers(60, 180, (48, 1, 1, 3)) + rng.integers(-20, 20, (48, 8, 8, 3)) + shift
    return list(np.clip(base, 0, 255).astype(np.uint8))


def test_real_tiles_against_themselves_are_at_the_floor():
    report = realism(_images(), _images(), GROUPS, made_groups=GROUPS, space=_Colours())
    for _, figure in report.rows():
        assert figure.made == figure.floor and figure.excess == 0
    assert report.frechet_distance.all_tiles == pytest.approx(0, abs=1e-6)
    assert report.precision.all_tiles == report.coverage.all_tiles == 1


def test_other_colours_are_found_by_every_figure():
    report = realism(_images(), _images(70, seed=1), GROUPS, space=_Colours())
    for figure in (report.kernel_distance, report.frechet_distance):
        assert figure.excess > 3 * figure.excess_sd
    for name in ("precision", "recall", "density", "coverage"):
        assert getattr(report, name).made < getattr(report, name).floor


def test_every_row_names_the_space_and_none_is_a_plain_fid():
    report = realism(_images(), _images(5), GROUPS, space=_Colours())
    assert report.feature_space == "colours" and len(report.rows()) == 6
    assert all("[colours]" in name and "FID" not in name for name, _ in report.rows())


def test_deterministic_and_reads_back():
    first, again = (realism(_images(), _images(9), GROUPS, 5, space=_Colours()) for _ in range(2))
    assert first == again
    assert RealismReport.model_validate_json(first.model_dump_json()) == first
    assert first != realism(_images(), _images(9), GROUPS, 6, space=_Colours())


def test_strata_lower_a_floor_that_is_made_of_tissue():
    rng = np.random.default_rng(0)
    strata = [f"tissue {int(g.split()[1]) % 2}" for g in GROUPS]
    features = rng.normal(size=(48, 8)) + np.array([[8.0 * (s == "tissue 1")] for s in strata])
    plain, dealt = (
        realism_of_features(features, features, GROUPS, feature_space="made up", real_strata=s).kernel_distance.floor
        for s in (None, strata)
    )
    assert dealt < plain


def test_as_many_groups_as_tiles():
    with pytest.raises(ValueError, match="48 real tiles, but groups of 40"):
        realism(_images(), _images(), GROUPS[:40], space=_Colours())
