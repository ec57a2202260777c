"""Which nucleus of one labelling is which of another: by overlap, or by place.

Arrays only. Ids may be any positive integers, with gaps, as many as int64
holds; nothing here counts on 1..N.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

REACH = 12.0
"""Farthest that a found nucleus may lie from a point of the layout, px at 0.25 um/px (3 um)."""


@dataclass(frozen=True, eq=False)
class Overlap:
    """How two labellings of one tile cover each other.

    ``truth_ids`` and ``made_ids`` int64, ascending, without background;
    ``truth_area`` and ``made_area`` int64, px; ``row`` and ``col`` int64 (K,),
    the positions (in the id arrays) of pairs that share pixels, ``shared``
    int64 (K,), how many.
    """

    truth_ids: np.ndarray
    made_ids: np.ndarray
    truth_area: np.ndarray
    made_area: np.ndarray
    row: np.ndarray
    col: np.ndarray
    shared: np.ndarray

    @property
    def iou(self) -> np.ndarray:
        """float64 (K,): intersection over union of each pair."""
        return self.shared / (self.truth_area[self.row] + self.made_area[self.col] - self.shared)


def overlap(truth: np.ndarray, made: np.ndarray) -> Overlap:
    """Areas and intersections of two labellings.

    Parameters
    ----------
    truth, made
        int (H, W), 0 = background.

    Raises
    ------
    ValueError
        If they differ in size.
    """
    if truth.shape != made.shape:
        raise ValueError(f"labels {truth.shape} and {made.shape} differ in size; segment the tile that is labelled")
    truth_ids, truth_place, truth_area = np.unique(truth, return_inverse=True, return_counts=True)
    made_ids, made_place, made_area = np.unique(made, return_inverse=True, return_counts=True)
    pairs, shared = np.unique(truth_place.ravel() * len(made_ids) + made_place.ravel(), return_counts=True)
    row, col = np.divmod(pairs, len(made_ids))
    both = (truth_ids[row] != 0) & (made_ids[col] != 0)
    no_truth, no_made = int(0 in truth_ids), int(0 in made_ids)  # 0 comes first where it is there
    return Overlap(
        truth_ids[no_truth:].astype(np.int64),
        made_ids[no_made:].astype(np.int64),
        truth_area[no_truth:],
        made_area[no_made:],
        row[both] - no_truth,
        col[both] - no_made,
        shared[both],
    )


@dataclass(frozen=True, eq=False)
class InstanceMatches:
    """``pairs`` int64 (K, 2) of (truth id, made id), ``iou`` float64 (K,), and the ids left over."""

    pairs: np.ndarray
    iou: np.ndarray
    missed: np.ndarray
    extra: np.ndarray


def match_instances(both: Overlap) -> InstanceMatches:
    """Pairs with an intersection over union above one half.

    At most one partner can overlap a nucleus that much (Kirillov et al. 2019,
    arXiv 1801.00868), so nothing has to be chosen.
    """
    good = both.iou > 0.5
    row, col = both.row[good], both.col[good]
    return InstanceMatches(
        np.stack([both.truth_ids[row], both.made_ids[col]], axis=1),
        both.iou[good],
        np.delete(both.truth_ids, row),
        np.delete(both.made_ids, col),
    )


def match_points(wanted: np.ndarray, found: np.ndarray, reach: float = REACH) -> np.ndarray:
    """Pair points one to one: as many as lie within reach, and of those ways the shortest.

    Parameters
    ----------
    wanted, found
        float (N, 2) and (M, 2), row and col in px.
    reach
        Greatest distance of a pair, px, itself included.

    Returns
    -------
    int64 (K, 2): positions in ``wanted`` and ``found``.
    """
    if len(wanted) == 0 or len(found) == 0:
        return np.zeros((0, 2), np.int64)
    distance = cdist(wanted, found)
    # One more pair is worth more than any shortening of all the others.
    far = reach * (min(distance.shape) + 1)
    row, col = linear_sum_assignment(np.where(distance <= reach, distance, far))
    near = distance[row, col] <= reach
    return np.stack([row[near], col[near]], axis=1).astype(np.int64)
