"""The plainest test of realism: can a classifier tell made tiles from real ones?

Logistic regression, cross-validated by group, so that a made tile and the real
tile whose layout it has are never on both sides. The area under the ROC curve
is 0.5 where it cannot tell and 1 where it always can. Few tiles learn another
classifier with each deal of groups to folds, so several deals are averaged.
Knows vectors only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from napari_cosynth.evaluation.bootstrap import Estimate
from napari_cosynth.evaluation.linear import LinearClassifier


class DiscriminatorReport(BaseModel):
    """How well real and made tiles are told apart on tiles not seen in training."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vectors: str
    """What the classifier saw: feature space, statistics or both."""
    auc: Estimate
    """Mean over deals of the mean over folds of the area under the ROC curve, the latter weighted
    by real-made pairs. The interval covers the choice of groups, not the chance of training."""
    lowest_deal: float
    highest_deal: float
    """Areas of single deals: how much hangs on which groups the classifier learned from."""
    n_real: int
    n_made: int
    n_groups: int
    n_folds: int
    """Folds of a deal that had tiles of both kinds; the fewest of any deal that is counted."""
    n_deals: int
    """Deals that had such a fold."""
    seed: int


def real_versus_made(
    real: Mapping[str, np.ndarray],
    made: Mapping[str, np.ndarray],
    real_groups: Sequence[str],
    made_groups: Sequence[str],
    seed: int = 0,
    *,
    n_folds: int = 5,
    n_deals: int = 8,
    n_bootstraps: int = 1000,
) -> DiscriminatorReport:
    """Train on four fifths of the groups, score the rest, five times; then deal the groups anew.

    Parameters
    ----------
    real, made
        Name and vectors of each block, float (n, d) and (m, d): a feature space's
        features, `tile_statistics`, or both. The names go into the report.
    real_groups
        Group (patient, slide) of each real tile.
    made_groups
        Group of the real tile that each made tile has its layout from.
    seed
        Deals groups to folds and draws the bootstrap.
    n_folds
        At most this many; fewer if there are fewer groups.
    n_deals
        How often groups are dealt to folds, at least once.

    Raises
    ------
    ValueError
        If real and made have other blocks, vectors and groups differ in number,
        or no fold has both real and made tiles.
    """
    if set(real) != set(made) or not real:
        raise ValueError(f"real tiles have {sorted(real)}, made tiles {sorted(made)}; both need the same blocks")
    for what, blocks, groups in (("real", real, real_groups), ("made", made, made_groups)):
        for name, rows in blocks.items():
            if len(rows) != len(groups):
                raise ValueError(f"{name!r} of {len(rows)} {what} tiles, but {len(groups)} groups; one each is needed")
    tiles = {name: np.concatenate([real[name], made[name]]) for name in real}
    is_made = np.repeat([False, True], [len(real_groups), len(made_groups)])
    groups = np.array([str(g) for g in (*real_groups, *made_groups)])
    rng = np.random.default_rng(seed)
    dealt = (_scored(tiles, is_made, groups, n_folds, rng) for _ in range(n_deals))
    scored = [(scores, usable) for scores, usable in dealt if usable]
    if not scored:
        raise ValueError(
            f"no fold of {len(set(groups))} groups holds both real and made tiles on both sides; "
            "at least two groups must have both"
        )
    alike = np.ones((1, len(is_made)))
    areas = [float(_areas(scores, is_made, alike, usable)[0]) for scores, usable in scored]
    drawn = _bootstrap(scored, is_made, groups, rng, n_bootstraps)
    low, high = np.quantile(drawn, (0.025, 0.975)).tolist() if len(drawn) else (None, None)
    return DiscriminatorReport(
        vectors=" + ".join(real),
        auc=Estimate(value=float(np.mean(areas)), low=low, high=high),
        lowest_deal=min(areas),
        highest_deal=max(areas),
        n_real=len(real_groups),
        n_made=len(made_groups),
        n_groups=len(set(groups)),
        n_folds=min(len(usable) for _, usable in scored),
        n_deals=len(scored),
        seed=seed,
    )


Scored = tuple[np.ndarray, list[np.ndarray]]
"""Of one deal: float (n,) score of each tile, and the folds, bool (n,), that have both kinds on both sides."""


def _scored(
    tiles: Mapping[str, np.ndarray], is_made: np.ndarray, groups: np.ndarray, n_folds: int, rng: np.random.Generator
) -> Scored:
    """Each fold's tiles, scored by a classifier of the others."""
    fold = _folds(groups, n_folds, rng)
    scores = np.zeros(len(is_made))
    usable = []
    for number in range(int(fold.max()) + 1):
        held_out = fold == number
        if all(len(np.unique(is_made[side])) == 2 for side in (held_out, ~held_out)):
            learned, judged = ({name: rows[side] for name, rows in tiles.items()} for side in (~held_out, held_out))
            scores[held_out] = LinearClassifier(learned, is_made[~held_out]).scores(judged)
            usable.append(held_out)
    return scores, usable


def _folds(groups: np.ndarray, n_folds: int, rng: np.random.Generator) -> np.ndarray:
    """Fold of each tile: groups in random order, each to the fold with the fewest tiles so far."""
    names, number = np.unique(groups, return_inverse=True)
    sizes = np.bincount(number)
    counts = np.zeros(min(n_folds, len(names)), int)
    fold_of = np.zeros(len(names), int)
    for group in rng.permutation(len(names)):
        fold_of[group] = counts.argmin()
        counts[fold_of[group]] += sizes[group]
    return fold_of[number]


def _areas(scores: np.ndarray, is_made: np.ndarray, weights: np.ndarray, folds: Sequence[np.ndarray]) -> np.ndarray:
    """Share of real-made pairs of one fold in which the made tile scores higher; ties count half.

    Scores of different folds come from different classifiers and are not compared.

    Returns
    -------
    (k,), one for each row of the weights (k, n); NaN where no pair has any.
    """
    won, pairs = np.zeros(len(weights)), np.zeros(len(weights))
    for fold in folds:
        made, real = fold & is_made, fold & ~is_made
        higher = (scores[made, None] > scores[real]) + 0.5 * (scores[made, None] == scores[real])
        won += (weights[:, made] @ higher * weights[:, real]).sum(axis=1)
        pairs += weights[:, made].sum(axis=1) * weights[:, real].sum(axis=1)
    return np.divide(won, pairs, out=np.full(len(weights), np.nan), where=pairs > 0)


def _bootstrap(
    scored: Sequence[Scored],
    is_made: np.ndarray,
    groups: np.ndarray,
    rng: np.random.Generator,
    n_bootstraps: int,
) -> np.ndarray:
    """Areas under the curve, mean over deals, for groups drawn with replacement; draws without a pair are left out."""
    names, number = np.unique(groups, return_inverse=True)
    drawn = (rng.integers(len(names), size=len(names)) for _ in range(n_bootstraps))
    weights = np.array([np.bincount(draw, minlength=len(names))[number] for draw in drawn], float)
    if not len(weights):
        return weights
    areas = np.mean([_areas(scores, is_made, weights, usable) for scores, usable in scored], axis=0)
    return areas[~np.isnan(areas)]
