"""Labels that every reader's test uses, and what must hold for every tile read."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cosynth.classes import BUNDLED


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(1, 256, (48, 64, 3), dtype=np.uint8)


@pytest.fixture
def instances() -> np.ndarray:
    """Ids with gaps: a disc, two that touch, a concave one, one cut by the edge, one of 1 px."""
    labels = np.zeros((48, 64), np.int32)
    row, col = np.mgrid[:48, :64]
    labels[(row - 10) ** 2 + (col - 12) ** 2 <= 36] = 4
    labels[20:30, 5:15] = 7
    labels[20:30, 15:25] = 301
    labels[20:44, 40:60] = 70000
    labels[20:38, 46:54] = 0
    labels[0:6, 50:60] = 12
    labels[46, 2] = 9
    return labels


@pytest.fixture
def many_instances() -> np.ndarray:
    """300 nuclei of 3 x 3 px in 80 x 64."""
    labels = np.zeros((80, 64), np.int32)
    for i in range(300):
        row, col = divmod(i, 15)
        labels[row * 4 : row * 4 + 3, col * 4 : col * 4 + 3] = i + 1
    return labels


def check_tile(tile) -> None:
    """What holds for any tile with masks, whatever its source."""
    assert tile.image.dtype == np.uint8
    assert tile.instances.dtype == np.int32
    assert tile.image.shape == (*tile.instances.shape, 3)
    assert tile.shape == tile.instances.shape
    assert tile.ids.tolist() == np.unique(tile.instances[tile.instances > 0]).tolist()
    assert len(tile.ids) == len(tile.centroids) == len(tile.classes)
    assert set(tile.classes) <= set(BUNDLED.names)
    assert centroids_lie_inside(tile)


def centroids_lie_inside(tile) -> bool:
    row, col = np.rint(tile.centroids).astype(int).T
    return bool((tile.instances[row, col] == tile.ids).all())


@pytest.fixture(name="check_tile")
def _check_tile():
    return check_tile


@pytest.fixture(name="centroids_lie_inside")
def _centroids_lie_inside():
    return centroids_lie_inside
