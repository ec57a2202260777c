"""Fingerprints follow their blocks in place and orientation."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from napari_cosynth.classes import BUNDLED  # noqa: E402
from napari_cosynth.model.fingerprint import (  # noqa: E402
    BLOCK,
    CELL,
    GRID,
    STEP,
    TURNS,
    Projection,
    blocks_at,
    cell_features,
    places,
    turned,
)
from napari_cosynth.model.segmenter import Segmenter  # noqa: E402


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return Segmenter(taxonomy=BUNDLED.model_dump(mode="json"), channels=(8, 8, 16)).eval()


@pytest.mark.parametrize("turn", TURNS)
def test_turns_are_undone_and_differ(turn):
    grid = np.arange(2 * 3 * 4 * 4 * 2).reshape(6, 4, 4, 2)
    there = turned(grid, turn)
    assert np.array_equal(turned(there, turn, back=True), grid)
    assert sum(np.array_equal(there, turned(grid, other)) for other in TURNS) == 1


def test_an_image_turns_as_its_cells_do():
    image = np.random.default_rng(0).integers(0, 256, (BLOCK, BLOCK, 3), dtype=np.uint8)
    means = image.reshape(GRID, CELL, GRID, CELL, 3).mean(axis=(1, 3))
    for turn in TURNS:
        of_turned = turned(image, turn).reshape(GRID, CELL, GRID, CELL, 3).mean(axis=(1, 3))
        np.testing.assert_allclose(of_turned, turned(means, turn))


def test_cells_begin_at_every_step(network):
    image = np.random.default_rng(0).integers(0, 256, (150, 200, 3), dtype=np.uint8)
    fine, coarse = cell_features(network, image), cell_features(network, image, CELL)
    # 150 px count as 144, 200 px as 196.
    network_sides = [side - side % network.multiple for side in image.shape[:2]]
    assert fine.shape == (*((side - CELL) // STEP + 1 for side in network_sides), 8 + 16) and fine.dtype == np.float32
    ratio = CELL // STEP
    np.testing.assert_allclose(fine[::ratio, ::ratio], coarse, atol=1e-5)


def test_blocks_are_cut_where_they_begin():
    cells = np.mgrid[:17, :25].transpose(1, 2, 0)
    corners = places(cells, 16)
    assert corners.tolist()[:3] == [[0, 0], [0, 4], [0, 8]] and corners.max(axis=0).tolist() == [4, 12]
    blocks = blocks_at(cells, corners)
    assert blocks.shape == (len(corners), GRID, GRID, 2)
    np.testing.assert_array_equal(blocks[:, 0, 0], corners)
    np.testing.assert_array_equal(blocks[:, -1, -1], corners + (GRID - 1) * CELL // STEP)


def test_no_block_fits_into_few_cells():
    assert places(np.zeros((3, 20, 2)), 64, CELL).shape == (0, 2)


def test_fingerprints_come_one_orientation_after_the_other():
    rng = np.random.default_rng(0)
    projection = Projection(
        rng.normal(size=5), rng.normal(size=(5, 3)), rng.normal(size=GRID**2 * 3), rng.normal(size=(GRID**2 * 3, 4))
    )
    blocks = projection.cells(rng.normal(size=(2, GRID, GRID, 5)))
    prints = projection.fingerprints(blocks, TURNS)
    assert prints.shape == (16, 4) and prints.dtype == np.float32 and projection.dimensions == 4
    for turn in TURNS:
        alone = projection.fingerprints(turned(blocks, turn))
        np.testing.assert_allclose(prints[2 * turn : 2 * turn + 2], alone, rtol=1e-5)
