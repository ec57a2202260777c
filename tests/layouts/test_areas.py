"""Areas out of drawn lines: where they are, what they weigh, turned and mirrored with the line."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cosynth.layouts.areas import TOOLS, brush, gradient, is_closed, lasso, ring, stripe

SHAPE = (96, 128)
TURN = np.linspace(0, 2 * np.pi, 60)[:, None]


def circle(row=50.3, col=60.2, radius=22.4, turns=1.0):
    angle = TURN * turns
    return np.hstack([row + radius * np.sin(angle), col + radius * np.cos(angle)])


def distance(row, col):
    rows, cols = np.indices(SHAPE)
    return np.hypot(rows - row, cols - col)


def test_a_lasso_is_all_that_the_line_encloses():
    area = lasso(circle(), SHAPE)
    assert set(np.unique(area)) == {0, 1}
    assert (area[distance(50.3, 60.2) < 22] == 1).all() and (area[distance(50.3, 60.2) > 22.4] == 0).all()


def test_a_lasso_drawn_round_twice_has_no_hole():
    assert np.array_equal(lasso(circle(turns=2), SHAPE) > 0, lasso(circle(turns=2)[::-1], SHAPE) > 0)
    assert lasso(circle(turns=2), SHAPE)[50, 60] == 1


def test_a_lasso_may_leave_the_tile():
    area = lasso(np.array([(-50.5, -50.5), (-50.5, 40.5), (40.5, 40.5), (40.5, -50.5)]), SHAPE)
    assert area.sum() == 41 * 41 and area[:41, :41].all()


def test_a_ring_around_a_place_and_along_an_outline_are_the_same_wall():
    around = ring(np.array([(50.3, 60.2), (50.3, 70.2), (50.3, 82.6)]), SHAPE, 8)
    along = ring(circle(), SHAPE, 8)
    assert np.array_equal(around > 0, np.abs(distance(50.3, 60.2) - 22.4) <= 4)
    assert (around != along).mean() < 0.01


def test_a_line_is_an_outline_if_it_comes_back():
    assert is_closed(circle()) and is_closed(circle(turns=0.9))
    assert not is_closed(circle(turns=0.5)) and not is_closed(np.array([(0, 0), (0, 9)]))
    assert not is_closed(np.array([(3.0, 4.0)]))


def test_a_stripe_is_a_straight_band():
    area = stripe(np.array([(20, 10), (90, 3), (20, 100)]), SHAPE, 10)
    rows, cols = np.indices(SHAPE)
    assert np.array_equal(area > 0, (np.abs(rows - 20) <= 5) & (cols >= 10) & (cols <= 100))


def test_a_gradient_falls_evenly():
    area = gradient(np.array([(40, 20), (40, 120)]), SHAPE)
    assert (area[:, :21] == 1).all() and (area[:, 120:] == 0).all()
    assert area[3, 70] == pytest.approx(0.5)


def test_a_brush_is_as_wide_as_said():
    path = np.array([(30, 20), (30, 80)])
    area = brush(path, SHAPE, 12)
    assert area[30, 14] and not area[30, 13] and area[36, 50] and not area[37, 50]
    assert np.array_equal(brush(path[:1], SHAPE, 12) > 0, distance(30, 20) <= 6)


@pytest.mark.parametrize("name", TOOLS)
def test_areas_are_mirrored_and_turned_with_the_line(name):
    path = circle(turns=0.9, row=40.1, col=70.3)
    area = TOOLS[name](path, SHAPE, 9.3)
    assert 0 < area.mean() < 1 and area.min() >= 0 and area.max() <= 1
    mirrored = TOOLS[name](np.stack([path[:, 0], SHAPE[1] - 1 - path[:, 1]], axis=1), SHAPE, 9.3)
    assert np.allclose(mirrored, np.fliplr(area), atol=1e-9)
    turned = TOOLS[name](np.stack([SHAPE[1] - 1 - path[:, 1], path[:, 0]], axis=1), SHAPE[::-1], 9.3)
    assert np.allclose(turned, np.rot90(area), atol=1e-9)


@pytest.mark.parametrize("name", ["lasso", "stripe", "gradient"])
def test_a_click_is_no_area(name):
    assert not TOOLS[name](np.array([(40.0, 40.0)]), SHAPE, 9.3).any()


@pytest.mark.parametrize("name", TOOLS)
@pytest.mark.parametrize("path", [np.zeros((0, 2)), np.zeros((3, 3)), np.array([(np.nan, 1)])])
def test_what_is_no_line_is_refused(name, path):
    with pytest.raises(ValueError, match="one place at least"):
        TOOLS[name](path, SHAPE, 9.3)
