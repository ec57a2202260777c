"""Can a classifier tell two sets of layouts apart by their spatial statistics?

Gradient boosting on what `statistics` measures. scikit-learn is loaded on first
use: it comes with the extra "train".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_cosynth.layouts.pattern import Pattern
from napari_cosynth.layouts.statistics import empty_space, nearest_distances, ripley_l

RADII_UM = np.array([3.0, 5.0, 7.0, 9.0, 12.0, 16.0, 20.0, 26.0])
_TAIL = (10, 25, 50, 75, 90)
LEAST_GROUPS = 5
"""As many as the folds of the cross-validation."""


def features(pattern: Pattern, n_marks: int) -> np.ndarray:
    """Spatial statistics of a layout; NaN where it has too few points for one.

    Percentiles of nearest-neighbour and empty-space distances, spread of quadrat
    counts, L of all nuclei; L and cross-L and mean nearest-neighbour distance for
    each pair of classes. Counts are not among them.
    """
    everyone = pattern.unmarked()
    near = nearest_distances(everyone, 0, 0)
    empty = empty_space(pattern)
    pairs = ripley_l(pattern, n_marks, RADII_UM)
    between = [_mean_finite(nearest_distances(pattern, a, b)) for a in range(n_marks) for b in range(n_marks)]
    return np.concatenate(
        [
            _percentiles(near),
            _percentiles(empty),
            [_quadrat_spread(pattern, n) for n in (3, 5)],
            ripley_l(everyone, 1, RADII_UM)[0, 0],
            pairs[np.triu_indices(n_marks)].ravel(),
            between,
        ]
    )


def auc_of_telling_apart(first: Sequence[Pattern], second: Sequence[Pattern], n_marks: int, seed: int = 0) -> float:
    """Cross-validated AUC of a gradient-boosted classifier; 0.5 if it cannot tell them apart.

    Patterns of one group are never parted between training and test.

    Raises
    ------
    ImportError
        Without scikit-learn; the message says how to get it.
    ValueError
        If there are fewer than 5 groups.
    """
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
        from sklearn.metrics import roc_auc_score
        from sklearn.model_selection import GroupKFold
    except ImportError as error:
        raise ImportError(
            f'telling layouts apart needs scikit-learn ({error}); install it with, in a clone: pip install ".[train]"'
        ) from error
    patterns = [*first, *second]
    groups = np.array([p.group for p in patterns])
    if len(set(groups)) < LEAST_GROUPS:
        raise ValueError(
            f"layouts of {len(set(groups))} groups (patients or slides); telling them apart needs {LEAST_GROUPS}. "
            "Give more labelled tiles"
        )
    values = np.stack([features(p, n_marks) for p in patterns])
    label = np.repeat([0, 1], [len(first), len(second)])
    scores = []
    for repeat in range(2):
        made = np.full(len(label), np.nan)
        for train, test in GroupKFold(LEAST_GROUPS, shuffle=True, random_state=seed + repeat).split(
            values, label, groups
        ):
            model = HistGradientBoostingClassifier(max_iter=60, max_depth=3, min_samples_leaf=8, random_state=seed)
            known = _varied(values[train])
            model.fit(values[train][:, known], label[train])
            made[test] = model.predict_proba(values[test][:, known])[:, 1]
        scores.append(roc_auc_score(label, made))
    return float(np.mean(scores))


def _varied(values: np.ndarray) -> np.ndarray:
    """bool (F,): features of at least two values; the classifier refuses columns that are NaN alone."""
    low, high = np.where(np.isnan(values), np.inf, values), np.where(np.isnan(values), -np.inf, values)
    return high.max(axis=0) > low.min(axis=0)


def _percentiles(distances: np.ndarray) -> np.ndarray:
    finite = distances[np.isfinite(distances)]
    return np.percentile(finite, _TAIL) if len(finite) else np.full(len(_TAIL), np.nan)


def _mean_finite(distances: np.ndarray) -> float:
    finite = distances[np.isfinite(distances)]
    return float(finite.mean()) if len(finite) else float("nan")


def _quadrat_spread(pattern: Pattern, n: int) -> float:
    """Variance over mean of the counts in n x n quadrats; about 1 for random points."""
    limit = ((0, pattern.size[0]), (0, pattern.size[1]))
    counts = np.histogram2d(*pattern.points.T, bins=n, range=limit)[0]
    return float(counts.var() / counts.mean()) if len(pattern) else float("nan")
