"""The layout's tensor: spots in place, by class, turning with the layout."""

import numpy as np
import pytest

from napari_cosynth.model.conditioning import REACH, SPOT_SIGMA, layout_condition

SIZE = (64, 80)


def test_a_spot_stands_at_its_sub_pixel_place():
    row, col = 20.3, 31.8
    spot = layout_condition(np.array([[row, col]]), np.array([0]), 2, SIZE)[0]
    rows, cols = np.mgrid[:64, :80]
    assert np.hypot((spot * rows).sum() / spot.sum() - row, (spot * cols).sum() / spot.sum() - col) < 0.01
    exact = np.exp(-((rows - row) ** 2 + (cols - col) ** 2) / (2 * SPOT_SIGMA**2))
    assert np.allclose(spot, exact, atol=1e-3)


def test_a_spot_on_a_pixel_peaks_at_one():
    condition = layout_condition(np.array([[5, 7]]), np.array([1]), 2, SIZE)
    assert condition.shape == (3, 64, 80) and condition.dtype == np.float32
    assert condition[1, 5, 7] == condition[2, 5, 7] == condition.max() == 1


def test_classes_keep_to_their_channels():
    condition = layout_condition(np.array([[10, 10], [40, 60]]), np.array([0, 2]), 3, SIZE)
    assert condition[0, 10, 10] == 1 and condition[0, 40, 60] == 0
    assert condition[2, 40, 60] == 1 and condition[2, 10, 10] == 0
    assert not condition[1].any()


def test_spots_that_overlap_do_not_add_up():
    pair = layout_condition(np.array([[10, 10], [10, 12]]), np.array([0, 0]), 1, SIZE)[0]
    singles = [layout_condition(np.array([[10, c]]), np.array([0]), 1, SIZE)[0] for c in (10, 12)]
    assert np.array_equal(pair, np.maximum(*singles))


def test_the_order_of_points_does_not_matter():
    points, classes = np.random.default_rng(0).uniform(0, 63, (30, 2)), np.arange(30) % 3
    one = layout_condition(points, classes, 3, SIZE)
    assert np.array_equal(one, layout_condition(points[::-1], classes[::-1], 3, SIZE))


def test_nearness_falls_from_a_point_to_nothing_at_reach():
    near = layout_condition(np.array([[0, 0]]), np.array([0]), 1, (16, 128))[-1]
    assert near[0, 0] == 1 and near[0, 16] == pytest.approx(1 - 16 / REACH)
    assert not near[0, int(REACH) :].any() and (np.diff(near[0]) <= 0).all()


def test_an_empty_layout_is_all_zeros():
    condition = layout_condition(np.zeros((0, 2)), np.zeros(0, int), 8, SIZE)
    assert condition.shape == (9, 64, 80) and not condition.any()


@pytest.mark.parametrize("place", [(-0.5, -0.5), (63.49, 79.49), (-0.5, 79.4)])
def test_points_on_the_rim(place):
    condition = layout_condition(np.array([place]), np.array([0]), 1, SIZE)
    row, col = np.clip(np.floor(np.add(place, 0.5)).astype(int), 0, (63, 79))
    assert condition[0].max() == condition[0, row, col] > 0.9 and condition[1, row, col] == 1


@pytest.mark.parametrize("base", [19.5, 20.5])
def test_points_a_pixel_apart_have_a_pixel_each(base):
    near = layout_condition(np.array([[base, 20], [base + 1, 40.5], [base, 39.5]]), np.zeros(3, int), 1, SIZE)[-1]
    row = int(base + 0.5)
    assert np.argwhere(near == 1).tolist() == [[row, 20], [row, 40], [row + 1, 41]]


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("turns", range(4))
def test_a_turned_layout_gives_the_turned_tensor(flip, turns):
    rng = np.random.default_rng(2)
    # Quarters of a pixel mirror without rounding; halves would leave open which pixel is nearest.
    points = rng.integers(0, 64, (20, 2)) + rng.choice([-0.25, 0, 0.25], (20, 2))
    classes = rng.integers(0, 3, 20)
    row, col = points.T
    col = 63 - col if flip else col
    for _ in range(turns):
        row, col = 63 - col, row
    made = layout_condition(np.stack([row, col], 1), classes, 3, (64, 64))
    upright = layout_condition(points, classes, 3, (64, 64))
    assert np.array_equal(made, np.rot90(upright[..., ::-1] if flip else upright, turns, axes=(1, 2)))
