"""Real against real: the unit in which every distance to real tissue is read.

Even two sets of real tiles differ, because patients do. So the real tiles are
parted into two halves, by group, many times; a statistic of reference half
against held-out half is the floor, and the same reference half against made
tiles in place of the held-out ones is the figure. Both then have the same
number of tiles, which matters for every estimator with a bias. Knows neither
images nor features, only their numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict

Statistic = Callable[[Any, Any], Mapping[str, float]]
"""Named figures of a set of real tiles against another set; higher or lower may be better."""


class TooFewMadeError(ValueError):
    """Fewer than two made tiles have their layouts from a half of the real groups."""


class Halves(NamedTuple):
    """One parting; each array holds indices of tiles, int64."""

    reference: np.ndarray
    held_out: np.ndarray
    made: np.ndarray
    """Made tiles that stand in for ``held_out``."""


class Compared(BaseModel):
    """A statistic of made against real tiles, beside the same of real against real."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    made: float
    """Mean over halves: real reference half against made tiles in place of the other half."""
    made_sd: float
    floor: float
    """Mean over halves: real reference half against the other real half."""
    floor_sd: float
    excess: float
    """Mean over halves of ``made - floor``; the reference half is the same in both, so much of the spread cancels."""
    excess_sd: float
    all_tiles: float
    """All real against all made tiles at once. Where the made tiles have the real
    ones' layouts this has no patient-to-patient part, and may lie below the floor."""

    @property
    def in_floors(self) -> float | None:
        """``made`` in units of the floor; None where the floor is not positive."""
        return self.made / self.floor if self.floor > 0 else None


def group_halves(
    groups: Sequence[str],
    rng: np.random.Generator,
    *,
    strata: Sequence[str] | None = None,
    weights: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Part tiles into two halves that share no group and weigh about as much.

    Groups are dealt in random order, each to the half that has less of its
    stratum so far, or less of everything where the stratum is even.

    Parameters
    ----------
    groups
        Group (patient, slide) of each tile.
    strata
        What both halves shall have alike, such as each tile's tissue or source;
        a group belongs to the stratum of its first tile. None: one stratum.
    weights
        Non-negative weight of each tile, such as its number of nuclei; None: 1 each.

    Returns
    -------
    Two int64 arrays of indices, ascending; neither is empty.

    Raises
    ------
    ValueError
        If there are fewer than two groups that weigh anything.
    """
    names, first, number = np.unique([str(g) for g in groups], return_index=True, return_inverse=True)
    sizes = np.bincount(number, weights)
    if (sizes > 0).sum() < 2:
        raise ValueError(f"{(sizes > 0).sum()} group among {len(groups)} tiles; a split by group needs at least 2")
    stratum_of = np.zeros(len(names), np.int64)
    if strata is not None:
        stratum_of = np.unique([str(strata[i]) for i in first], return_inverse=True)[1]
    held = np.zeros((stratum_of.max() + 1, 2))
    side = np.zeros(len(names), bool)
    for group in rng.permutation(len(names)):
        own = held[stratum_of[group]]
        lighter = own if own[0] != own[1] else held.sum(0)
        side[group] = lighter[1] < lighter[0]
        own[int(side[group])] += sizes[group]
    return np.flatnonzero(~side[number]), np.flatnonzero(side[number])


def random_halves(
    real_groups: Sequence[str],
    n_made: int,
    made_groups: Sequence[str] | None = None,
    *,
    strata: Sequence[str] | None = None,
    weights: np.ndarray | None = None,
    n_halves: int = 10,
    seed: int = 0,
) -> list[Halves]:
    """Several partings of the real tiles, each with made tiles to stand in for one half.

    Parameters
    ----------
    real_groups
        Group of each real tile.
    n_made
        Number of made tiles.
    made_groups
        Group of the real tile that each made tile has its layout from. A made
        tile then stands in for its own group only. None: any made tile may
        stand in for any real one.
    strata, weights
        Of the real tiles: see `group_halves`.
    n_halves
        Number of partings.

    Raises
    ------
    ValueError
        If there are fewer than two groups or fewer than two made tiles, or
        ``made_groups`` is not as long as the made tiles.
    TooFewMadeError
        If fewer than two made tiles may stand in for a half.
    """
    if n_made < 2:
        raise ValueError(f"{n_made} made tiles; at least 2 are needed")
    if made_groups is not None and len(made_groups) != n_made:
        raise ValueError(f"{len(made_groups)} groups of made tiles, but {n_made} made tiles; they must be as many")
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(n_halves):
        reference, held_out = group_halves(real_groups, rng, strata=strata, weights=weights)
        candidates = np.arange(n_made)
        if made_groups is not None:
            wanted = {str(real_groups[i]) for i in held_out}
            candidates = np.array([i for i in candidates if str(made_groups[i]) in wanted], np.int64)
        if len(candidates) < 2:
            raise TooFewMadeError(
                f"only {len(candidates)} made tiles have their layout from half of the real groups; "
                "make more tiles, or leave the groups of the made tiles out"
            )
        chosen = rng.permutation(candidates)[: len(held_out)]
        found.append(Halves(reference, held_out, np.sort(chosen)))
    return found


def compare(statistic: Statistic, real: Any, made: Any, halves: Sequence[Halves]) -> dict[str, Compared]:
    """Evaluate a statistic on every parting, made and real, and once on everything.

    Parameters
    ----------
    statistic
        Takes some of ``real`` and some of either ``real`` or ``made``.
    real, made
        What is known of each tile: an array with one row per tile, or a list.
    halves
        From `random_halves` for just these tiles.

    Returns
    -------
    One `Compared` for each name that the statistic returns.

    Raises
    ------
    ValueError
        If the halves were drawn for another number of real tiles.
    """
    for half in halves:
        if len(half.reference) + len(half.held_out) != len(real):
            raise ValueError(
                f"{len(real)} real tiles, but groups of {len(half.reference) + len(half.held_out)}; "
                "every real tile needs one group"
            )
    of_made = [statistic(_take(real, h.reference), _take(made, h.made)) for h in halves]
    of_real = [statistic(_take(real, h.reference), _take(real, h.held_out)) for h in halves]
    of_all = statistic(real, made)
    found = {}
    for name, value in of_all.items():
        made_values = np.array([figures[name] for figures in of_made])
        floor_values = np.array([figures[name] for figures in of_real])
        found[name] = Compared(
            made=float(made_values.mean()),
            made_sd=float(made_values.std()),
            floor=float(floor_values.mean()),
            floor_sd=float(floor_values.std()),
            excess=float((made_values - floor_values).mean()),
            excess_sd=float((made_values - floor_values).std()),
            all_tiles=float(value),
        )
    return found


def _take(tiles: Any, indices: np.ndarray) -> Any:
    return tiles[indices] if isinstance(tiles, np.ndarray) else [tiles[i] for i in indices]
