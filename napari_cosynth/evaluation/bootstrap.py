"""Intervals of pooled scores: whole groups are drawn again, never single tiles.

Tiles of one patient resemble each other; drawing them singly would make every
interval too narrow.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

Sums = Mapping[str, np.ndarray]
"""Named sums, each an array of one shape."""


class Estimate(BaseModel):
    """A score with its 95 % interval; None where there is nothing to measure."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float | None = None
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        if self.value is None:
            return "not measurable"
        if self.low is None:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} ({self.low:.3f}-{self.high:.3f})"


def estimates(
    tallies: Sequence[Mapping[str, float]],
    groups: Sequence[Hashable],
    scores: Callable[[Sums], Mapping[str, np.ndarray]],
    draws: int = 1000,
    seed: int = 0,
) -> dict[str, Estimate]:
    """Scores of the pooled tallies, with percentile intervals over groups.

    Parameters
    ----------
    tallies
        Named sums of each tile; a name that a tile lacks counts 0.
    groups
        Group of each tile.
    scores
        From arrays of pooled sums to arrays of scores, NaN where undefined; it
        must work element by element.
    draws
        Bootstrap draws.
    seed
        Of the draws.

    Returns
    -------
    The estimate of each score. No interval with fewer than two groups; draws
    in which a score is undefined are left out of its interval.
    """
    names = sorted({name for tally in tallies for name in tally})
    known = list(dict.fromkeys(groups))
    table = np.zeros((len(known), len(names)))
    for tally, group in zip(tallies, groups, strict=True):
        table[known.index(group)] += [tally.get(name, 0.0) for name in names]
    n = len(known)
    weights = np.ones((1, n))
    if n > 1:
        drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws)
        weights = np.concatenate([weights, drawn])
    pooled = weights @ table
    return {name: _estimate(values) for name, values in scores(dict(zip(names, pooled.T, strict=True))).items()}


def _estimate(values: np.ndarray) -> Estimate:
    value, drawn = values[0], values[1:][np.isfinite(values[1:])]
    if not np.isfinite(value):
        return Estimate()
    if len(drawn) == 0:
        return Estimate(value=float(value))
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Estimate(value=float(value), low=float(low), high=float(high))
