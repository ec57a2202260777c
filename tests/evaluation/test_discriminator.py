from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")
from napari_cosynth.evaluation.discriminator import DiscriminatorReport, real_versus_made

GROUPS = [f"patient {i // 5}" for i in range(60)]


def _vectors(seed, shift=0.0, d=20):
    rng = np.random.default_rng(seed)
    of_group = np.repeat(np.random.default_rng(99).normal(size=(12, d)), 5, axis=0)
    return of_group + rng.normal(size=(60, d)) + shift


def _told(made, real=None, **more):
    return real_versus_made({"v": _vectors(0) if real is None else real}, {"v": made}, GROUPS, GROUPS, **more)


def test_tiles_of_one_kind_cannot_be_told_apart():
    areas = [_told(_vectors(seed)).auc.value for seed in range(1, 9)]
    assert np.mean(areas) == pytest.approx(0.5, abs=0.06)


def test_copies_of_the_real_tiles_cannot_be_told_apart():
    report = _told(_vectors(0))
    assert report.auc.value == pytest.approx(0.5, abs=1e-9)


def test_another_kind_is_told_apart_with_a_narrow_interval():
    report = _told(_vectors(1, shift=3))
    assert report.auc.value > 0.99 and report.auc.low > 0.97 and report.auc.high <= 1


def test_interval_holds_the_value_and_shrinks_with_the_effect():
    report = _told(_vectors(1, shift=0.3))
    assert 0.5 < report.auc.low < report.auc.value < report.auc.high < 1


def test_area_is_scikit_learns_within_a_fold():
    from sklearn.metrics import roc_auc_score

    from napari_cosynth.evaluation import discriminator

    rng = np.random.default_rng(0)
    scores, is_made = rng.normal(size=50).round(1), rng.random(50) < 0.4
    expected = roc_auc_score(is_made, scores)
    assert discriminator._areas(scores, is_made, np.ones((1, 50)), [np.ones(50, bool)])[0] == pytest.approx(expected)
    weights = rng.integers(0, 4, 50).astype(float)
    expected = roc_auc_score(is_made, scores, sample_weight=weights)
    assert discriminator._areas(scores, is_made, weights[None], [np.ones(50, bool)])[0] == pytest.approx(expected)


def test_a_short_block_is_heard_beside_a_long_one():
    rng = np.random.default_rng(0)
    real = {"long": rng.normal(size=(60, 900)), "short": rng.normal(size=(60, 3))}
    made = {"long": rng.normal(size=(60, 900)), "short": rng.normal(size=(60, 3)) + 2}
    report = real_versus_made(real, made, GROUPS, GROUPS)
    assert report.vectors == "long + short"
    assert report.auc.value > 0.9


def test_one_group_is_never_on_both_sides():
    """Vectors that only say which group a tile is from: nothing is known of a group not seen."""
    number = np.array([int(g.split()[1]) for g in GROUPS])
    one_hot = np.eye(12)[number]
    made_groups = GROUPS[:30]
    report = real_versus_made({"v": one_hot}, {"v": one_hot[:30]}, GROUPS, made_groups)
    assert report.auc.value == pytest.approx(0.5, abs=0.1)


def test_deterministic_and_reads_back():
    first, again = (_told(_vectors(1), seed=4) for _ in range(2))
    assert first == again == DiscriminatorReport.model_validate_json(first.model_dump_json())
    assert (first.n_real, first.n_made, first.n_groups, first.n_folds, first.n_deals) == (60, 60, 12, 5, 8)


def test_deals_are_averaged():
    report = _told(_vectors(1, shift=0.3))
    assert report.lowest_deal < report.auc.value < report.highest_deal
    alone = _told(_vectors(1, shift=0.3), n_deals=1)
    assert alone.lowest_deal == alone.auc.value == alone.highest_deal


def test_more_deals_hang_less_on_chance():
    few, many = ([_told(_vectors(1, shift=0.3), seed=s, n_deals=n).auc.value for s in range(6)] for n in (1, 8))
    assert np.std(many) < np.std(few)


def test_a_deal_that_leaves_one_kind_alone_does_not_count():
    # Only two of four groups have made tiles: dealt to the same fold, nothing is left to learn from.
    groups = [f"patient {i // 15}" for i in range(60)]
    report = real_versus_made({"v": _vectors(0)}, {"v": _vectors(1, shift=3)[:30]}, groups, groups[:30], n_folds=2)
    assert 1 <= report.n_deals < 8 and report.n_folds == 2
    assert report.auc.value > 0.9


def test_errors_say_what_is_missing():
    with pytest.raises(ValueError, match="'v' of 60 made tiles, but 3 groups"):
        real_versus_made({"v": _vectors(0)}, {"v": _vectors(1)}, GROUPS, GROUPS[:3])
    with pytest.raises(ValueError, match="both need the same blocks"):
        real_versus_made({"v": _vectors(0)}, {"w": _vectors(1)}, GROUPS, GROUPS)
    with pytest.raises(ValueError, match="at least two groups must have both"):
        real_versus_made({"v": _vectors(0)}, {"v": _vectors(1)}, ["a"] * 60, ["b"] * 60)
