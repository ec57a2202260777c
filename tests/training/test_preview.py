"""Preview pictures."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from napari_cosynth.classes import BUNDLED  # noqa: E402
from napari_cosynth.training.preview import crop_layout, preview_grid  # noqa: E402


def test_a_grid_of_five_columns(pipe, sampler):
    grid = preview_grid(pipe, sampler, n=2, steps=1)
    assert grid.shape == (2 * 64, 5 * 64, 3) and grid.dtype == np.uint8


def test_the_first_column_is_real_and_the_grid_repeats(pipe, sampler):
    grid = preview_grid(pipe, sampler, n=2, steps=1)
    assert np.array_equal(grid, preview_grid(pipe, sampler, n=2, steps=1))
    # Crops of numbers that no training reaches.
    assert np.array_equal(grid[64:, :64], sampler.crop(2**40 + 1).image)


def test_a_crops_points_are_its_layout(sampler):
    for i in range(20):
        crop = sampler.crop(i)
        layout = crop_layout(crop, BUNDLED)
        assert (layout.height, layout.width) == (64, 64)
        assert len(layout) <= len(crop.points)
        assert {tuple(p) for p in layout.centroids} <= {tuple(p) for p in crop.points}


def test_of_two_points_on_one_spot_the_first_stays(sampler):
    crop = replace(sampler.crop(0), points=np.array([[5, 5], [5.2, 5.4], [9, 9.0]]), point_classes=np.array([0, 1, 2]))
    layout = crop_layout(crop, BUNDLED)
    assert layout.centroids.tolist() == [[5, 5], [9, 9]] and layout.class_ids.tolist() == [0, 2]


def test_a_crop_without_points(sampler):
    crop = replace(sampler.crop(0), points=np.zeros((0, 2)), point_classes=np.zeros(0, int))
    assert len(crop_layout(crop, BUNDLED)) == 0
