"""Luma and colour: back and forth, and what smoothing leaves alone."""

import pytest

torch = pytest.importorskip("torch")

from napari_cosynth.model.opponent import NEAREST, WIDER, opponent_of, rgb_of, smoothed  # noqa: E402


@pytest.fixture
def image():
    return torch.rand(2, 3, 20, 24, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_there_and_back(image):
    assert torch.allclose(rgb_of(opponent_of(image)), image, atol=1e-6)


def test_grey_has_no_colour(image):
    grey = image[:, :1].expand(-1, 3, -1, -1)
    luma, *colours = opponent_of(grey).unbind(1)
    assert torch.allclose(luma, grey[:, 0], atol=1e-6)
    assert all(colour.abs().max() < 1e-6 for colour in colours)


@pytest.mark.parametrize(("weights", "rim"), [(NEAREST, 1), (WIDER, 2)])
@pytest.mark.parametrize("step", [1, 2])
def test_what_is_straight_stays_where_it_is_smoothed(weights, rim, step):
    slope = torch.arange(20.0)[:, None] + 2 * torch.arange(24.0)
    smooth = smoothed(slope.expand(1, 2, -1, -1), weights, step)
    rim *= step
    assert torch.allclose(smooth, slope[rim:-rim, rim:-rim].expand(1, 2, -1, -1), atol=1e-4)
