"""A finished tile gets grain where it lacks sharpness, and loses fine colour that it has too much of."""

import numpy as np
import pytest
from scipy import ndimage as ndi
from skimage import data

torch = pytest.importorskip("torch")

from torch.nn import functional as F  # noqa: E402

from napari_cosynth.model.detail import detail_of, ratios_of  # noqa: E402
from napari_cosynth.model.opponent import opponent_of  # noqa: E402
from napari_cosynth.model.recording import recorded  # noqa: E402

LESS, MORE = -0.8, 0.8


@pytest.fixture(scope="module")
def tissue():
    """(1, 3, H, W) in -1..1."""
    image = data.immunohistochemistry()[:200, :200].astype(np.float32)
    return torch.from_numpy(image).permute(2, 0, 1)[None] / 127.5 - 1


def chance(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def soft(image, sigma=0.7):
    return torch.from_numpy(ndi.gaussian_filter(image.numpy(), (0, 0, sigma, sigma)))


def told(image, sharpness=0.0, colour=0.0):
    """The detail of an image, and so much more."""
    return detail_of(image) + torch.tensor([[sharpness, colour]])


def made(image, detail, seed=1):
    return recorded(image, detail, chance(len(image), 1, *image.shape[2:], seed=seed))


def test_fine_colour_is_brought_down_to_what_is_told(tissue):
    noisy = 0.7 * tissue + 0.05 * chance(*tissue.shape)
    detail = told(noisy, LESS, LESS)
    dull = made(noisy, detail)
    assert detail_of(dull)[0, 1] == pytest.approx(detail[0, 1].item(), abs=0.05)
    assert (opponent_of(dull) - opponent_of(noisy))[:, 0].abs().max() < 1e-4
    # What the eye takes for colour stays.
    assert F.avg_pool2d((dull - noisy).abs(), 8).max() < F.avg_pool2d((noisy - noisy.mean()).abs(), 8).max() / 5


@pytest.mark.parametrize("sigma", [0.6, 0.8])
def test_what_is_soft_gets_half_of_the_grain_that_it_lacks(tissue, sigma):
    image = soft(0.3 * tissue, sigma)
    detail = told(image, MORE, MORE)
    sharp = made(image, detail)
    had, asked, has = (ratios_of(d)[0, 0].item() for d in (detail_of(image), detail, detail_of(sharp)))
    assert (has - had) / (asked - had) == pytest.approx(0.5, abs=0.15)
    changed = opponent_of(sharp) - opponent_of(image)
    assert changed[:, 1:].abs().max() < 1e-4, "grain has no colour"
    assert abs(changed[:, 0].mean()) < 1e-3 < changed[:, 0].std()


def test_grain_stands_where_there_is_detail(tissue):
    image = soft(0.5 * tissue)
    image[..., 100:] = 0.85
    changed = (made(image, told(image, MORE, MORE)) - image).abs().mean((0, 1))
    assert changed[:, :90].mean() > 1e-3 and changed[:, 110:].max() == 0


def test_grain_is_no_finer_than_optics_leave_it(tissue):
    image = soft(0.5 * tissue)
    changed = (opponent_of(made(image, told(image, MORE, MORE))) - opponent_of(image))[0, 0]
    power = torch.fft.fft2(changed).abs().square()
    radius = torch.hypot(torch.fft.fftfreq(200)[:, None], torch.fft.fftfreq(200)[None])
    coarse, fine = (power[(radius > low) & (radius < high)].mean() for low, high in ((0.15, 0.25), (0.4, 0.5)))
    assert fine < coarse / 8


def test_there_is_no_more_grain_than_is_taken_for_sharpness(tissue):
    image = soft(tissue)
    changed = (opponent_of(made(image, torch.tensor([[3.0, 3.0]]))) - opponent_of(image))[:, 0]
    assert changed.square().mean().sqrt() * 127.5 == pytest.approx(3, abs=0.1)


def test_what_lacks_nothing_stays_as_it_is(tissue):
    both = torch.cat([tissue, soft(tissue)])
    assert torch.equal(made(both, told(both, LESS, MORE)), both)
    one = told(both, LESS, MORE)
    one[0, 1] -= 2 * MORE
    assert torch.equal(made(both, one)[1], both[1]) and not torch.equal(made(both, one)[0], both[0])


def test_noise_alone_decides_and_each_image_by_itself(tissue):
    both = soft(torch.cat([tissue, tissue.flip(3)]))
    detail, noise = told(both, MORE, LESS), chance(2, 1, 200, 200)
    together = recorded(both, detail, noise)
    for i in range(2):
        (alone,) = recorded(both[i : i + 1], detail[i : i + 1], noise[i : i + 1])
        assert torch.allclose(together[i], alone, atol=1e-5)
    assert not torch.equal(made(both, detail, seed=2), made(both, detail, seed=3))
    assert together.abs().max() <= 1


def test_an_even_image_stays_even():
    image = torch.full((1, 3, 32, 32), 0.9)
    assert torch.equal(made(image, torch.tensor([[3.0, -3.0]])), image)
