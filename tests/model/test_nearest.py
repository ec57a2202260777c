"""The look-up against a search through everything."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from napari_cosynth.model.fingerprint import (  # noqa: E402
    BLOCK,
    STEP,
    TURNS,
    blocks_at,
    cell_features,
    places,
    turned,
)
from napari_cosynth.model.nearest import FARTHEST, WINDOW  # noqa: E402
from napari_cosynth.model.segmenter_folder import load_segmenter  # noqa: E402


@pytest.fixture(scope="module")
def network():
    return load_segmenter()


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(1).integers(0, 256, (176, 144, 3), dtype=np.uint8)


def least(index, network, image) -> float:
    """By turning the window, not the neighbours: all places, all turns, all windows of the training tiles."""
    cells = index.projection.cells(cell_features(network, image))
    stored, usual = index.codes * index.scale, index.usual.astype(np.float32) ** 2
    windows, first = [], 0
    for rows, columns in index.grids.tolist():
        numbers = first + np.arange(rows * columns).reshape(rows, columns)
        first += rows * columns
        windows += [numbers[i : i + 2, j : j + 2] for i in range(rows - 1) for j in range(columns - 1)]
    best = np.inf
    beside = BLOCK // STEP
    for corner in places(cells, STEP):
        four = corner + np.array([[[0, 0], [0, beside]], [[beside, 0], [beside, beside]]])
        if (four.max(axis=(0, 1)) > places(cells, STEP)[-1]).any():
            continue
        for turn in TURNS:
            at = turned(four, turn).reshape(-1, 2)
            prints = index.projection.fingerprints(blocks_at(cells, at), (turn,))
            for window in windows:
                away = ((prints - stored[window.ravel()]) ** 2).sum()
                best = min(best, away / usual[window.ravel()].sum())
    return min(best**0.5 / index.unit, FARTHEST)


def test_the_distance_is_the_least_that_a_search_through_everything_finds(make_training_index, network, image):
    index = replace(make_training_index(), unit=10.0)
    wanted = least(index, network, image)
    # It follows the blocks that fit best: near the least, and never below it.
    assert wanted * (1 - 1e-4) <= index.distance(network, image) <= wanted * 1.3


def test_what_is_far_is_not_told_apart(make_training_index, network, image):
    assert replace(make_training_index(), unit=1e-6).distance(network, image) == FARTHEST


def test_an_image_smaller_than_a_window_has_no_distance(make_training_index, network, image):
    assert make_training_index().distance(network, image[: WINDOW - 16]) is None
