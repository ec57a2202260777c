"""The Markov chain that lets points find places by their pair interaction.

Points move, none is born or dies: counts stay. It knows distances and tables,
no class names and no tile.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

FORBIDDEN = -60.0
"""Log-interaction inside a hard core: finite, so that a crowded start can be disentangled."""
STEP_UM = 0.125
"""Resolution of the table of interactions."""
CANDIDATES = 8

Propose = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""Independent candidates (M, CANDIDATES, 2) for the points (M,), drawn from their densities."""


def interaction_table(log_interactions: np.ndarray, hard_cores: np.ndarray, bin_um: float) -> np.ndarray:
    """Log-interaction by distance in fine steps, linear between the middles of bins.

    Parameters
    ----------
    log_interactions
        float (C, C, bins).
    hard_cores
        float (C, C), um.

    Returns
    -------
    float64 (C, C, steps + 1); the last entry is 0 and stands for all that is farther.
    """
    n_bins = log_interactions.shape[-1]
    distances = (np.arange(round(n_bins * bin_um / STEP_UM)) + 0.5) * STEP_UM
    middles = np.append((np.arange(n_bins) + 0.5) * bin_um, n_bins * bin_um)
    table = np.zeros((*log_interactions.shape[:2], len(distances) + 1))
    for a, b in np.ndindex(*log_interactions.shape[:2]):
        table[a, b, :-1] = np.interp(distances, middles, np.append(log_interactions[a, b], 0.0))
        # A step that a hard core cuts is forbidden as a whole.
        table[a, b, :-1][distances - STEP_UM / 2 < hard_cores[a, b] - 1e-9] = FORBIDDEN
    return table


def move_points(
    points: np.ndarray,
    marks: np.ndarray,
    movable: np.ndarray,
    table: np.ndarray,
    propose: Propose,
    sweeps: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Give each movable point ``sweeps`` chances of another place.

    A step chooses among the point's place and `CANDIDATES` others with
    probability proportional to the interaction there. As candidates are
    independent draws from the density, this leaves the point process of that
    density and interaction unchanged (a Gibbs step over an exchangeable set).

    Parameters
    ----------
    points
        float64 (N, 2), um.
    marks
        int (N,): index into ``table``.
    movable
        int (M,): indices of the points that may move.
    table
        Of `interaction_table`.

    Returns
    -------
    float64 (N, 2): the new places.
    """
    rows, cols = points.T.copy()
    n_points, n_steps = len(points), table.shape[-1]
    flat, offsets = table.reshape(len(table), -1), marks * n_steps
    reach2 = ((n_steps - 1) * STEP_UM) ** 2
    for _ in range(sweeps):
        order = rng.permutation(movable)
        candidates = propose(order, rng) if len(order) else np.zeros((0, CANDIDATES, 2))
        # The largest sum of log-probability and Gumbel noise is a draw from the probabilities.
        noise = rng.gumbel(size=(len(order), CANDIDATES + 1))
        for i, places, gumbel in zip(order.tolist(), candidates, noise, strict=True):
            tried_rows = np.append(places[:, 0], rows[i])
            tried_cols = np.append(places[:, 1], cols[i])
            along, across = tried_rows[:, None] - rows, tried_cols[:, None] - cols
            squares = along * along + across * across  # (K + 1, N)
            squares[:, i] = np.inf
            # Few points are near: on a large tile the table is read for these alone.
            near = np.flatnonzero(squares < reach2)
            candidate, other = np.divmod(near, n_points)
            steps = (np.sqrt(squares.ravel()[near]) * (1 / STEP_UM)).astype(np.intp)
            energy = np.bincount(candidate, flat[marks[i]].take(steps + offsets[other]), CANDIDATES + 1)
            best = int((energy + gumbel).argmax())
            rows[i], cols[i] = tried_rows[best], tried_cols[best]
    return np.stack([rows, cols], axis=1)


def too_near(points: np.ndarray, marks: np.ndarray, movable: np.ndarray, hard_cores: np.ndarray) -> np.ndarray:
    """int (M',): those of the movable points that stand in another one's hard core."""
    offsets = points[movable, None] - points
    distances = np.hypot(offsets[..., 0], offsets[..., 1])
    distances[np.arange(len(movable)), movable] = np.inf
    near = (distances < hard_cores[marks[movable][:, None], marks]).any(axis=1)
    return movable[near]
