"""Small random moves of a layout's points: the same tissue, another tile."""

from __future__ import annotations

import numpy as np

from napari_cosynth.layout import Layout
from napari_cosynth.points import MIN_DISTANCE

USUAL_MOVE = 2.0
"""Standard deviation in px, about a quarter of a lymphocyte at 0.25 um/px."""


def jittered(
    layout: Layout, rng: np.random.Generator, move: float = USUAL_MOVE, keep: np.ndarray | None = None
) -> Layout:
    """Every point moved by a normally distributed step; classes and order stay.

    A point whose move would take it off the tile or onto a neighbour stays where it is.

    Parameters
    ----------
    rng
        Source of the moves: the same state, the same layout.
    move
        Standard deviation of the step along rows and along columns, px.
    keep
        bool (N,): points that stay.
    """
    moved = layout.centroids.copy()  # (N, 2)
    size = np.array([layout.height, layout.width])
    wanted = moved + rng.normal(0, move, moved.shape)
    free = ((wanted >= -0.5) & (wanted < size - 0.5)).all(axis=1)
    if keep is not None:
        free &= ~keep
    for index in np.flatnonzero(free):
        distance2 = ((moved - wanted[index]) ** 2).sum(axis=1)
        distance2[index] = np.inf
        if distance2.min(initial=np.inf) >= MIN_DISTANCE**2:
            moved[index] = wanted[index]
    return layout.model_validate({**dict(layout), "centroids": moved})
