"""The detail of an image: blur and colour move it, turning and darkening do not; and which one a prompt gets."""

import numpy as np
import pytest
from scipy import ndimage as ndi
from skimage import data

torch = pytest.importorskip("torch")

from napari_cosynth.model.detail import detail_of, drawn_detail, energies_of, ratios_of  # noqa: E402
from napari_cosynth.model.opponent import opponent_of  # noqa: E402

DETAILS = {
    "one": {"breast, invasive carcinoma, H&E": [[1.0, 1.0], [1.5, 1.0]], "colon, H&E": [[2.0, 2.0]]},
    "other": {"colon, adenocarcinoma, H&E": [[-1.0, -1.0]], "breast, Ki-67 IHC": [[-2.0, 0.5]]},
}


@pytest.fixture(scope="module")
def tissue():
    """(3, H, W) in -1..1."""
    image = data.immunohistochemistry()[:200, :200].astype(np.float32)
    return torch.from_numpy(image).permute(2, 0, 1) / 127.5 - 1


def blurred(image, sigma):
    return torch.from_numpy(ndi.gaussian_filter(image.numpy(), (0, sigma, sigma)))


def luma(image):
    return torch.einsum("c,...chw->...hw", torch.tensor([0.299, 0.587, 0.114]), image)


def of(*images):
    return detail_of(torch.stack(images))


def test_it_is_of_each_image_alone(tissue):
    both = of(tissue, blurred(tissue, 1))
    assert both.shape == (2, 2) and both.dtype == torch.float32
    assert torch.allclose(both[1], of(blurred(tissue, 1))[0], atol=1e-5)


@pytest.mark.parametrize("ways", [1, 2, 3])
def test_turned_and_mirrored_images_have_the_same(tissue, ways):
    turned = of(torch.rot90(tissue, ways, (1, 2)), tissue.flip(2))
    assert torch.allclose(turned, of(tissue).expand(2, 2), atol=0.02)


def test_contrast_and_brightness_do_not_count(tissue):
    assert torch.allclose(of(0.6 * tissue - 0.2), of(tissue), atol=0.1)


def test_a_blurred_image_is_less_sharp(tissue):
    sharp, soft, softer = of(tissue, blurred(tissue, 0.7), blurred(tissue, 1.2))[:, 0]
    assert sharp > soft + 0.3 > softer + 0.6


def test_without_fine_colour_there_is_less_of_it_as_sharp(tissue):
    grey = luma(tissue)
    compressed = grey + blurred(tissue - grey, 1.5)
    before, after = of(tissue, compressed)
    assert after[1] < before[1] - 0.5
    assert after[0] == pytest.approx(before[0].item(), abs=0.1)


def test_an_even_image_has_some_too():
    assert of(torch.ones(3, 32, 32)).isfinite().all()


def test_it_has_slopes_everywhere(tissue):
    image = tissue[None].clone().requires_grad_()
    detail_of(image).sum().backward()
    assert image.grad.isfinite().all() and (image.grad != 0).float().mean() > 0.9


def test_its_ratios_are_those_of_the_energies(tissue):
    image = torch.stack([tissue, blurred(tissue, 0.7)])
    fine, coarse = energies_of(opponent_of(image))
    expected = torch.stack([fine[:, 0] / coarse, fine[:, 1:].sum(1) / fine[:, 0]], dim=1)
    assert torch.allclose(ratios_of(detail_of(image)), expected, rtol=0.1)


def drawn(prompt, n=400):
    noise = torch.randn(n, 1, 1, 1, generator=torch.Generator().manual_seed(0))
    return [tuple(row) for row in drawn_detail(DETAILS, [prompt] * n, noise).tolist()]


def test_the_tissue_that_fits_a_prompt_best_gives_its_detail():
    assert set(drawn("colon adenocarcinoma, H&E, 40x")) == {(-1.0, -1.0)}
    assert set(drawn("Breast, Ki-67 IHC with many positive nuclei")) == {(-2.0, 0.5)}
    assert set(drawn("Breast, Ki 67 immunohistochemistry")) == {(-2.0, 0.5)}
    assert set(drawn("invasive carcinoma of the breast, H&E")) == {(1.0, 1.0), (1.5, 1.0)}


def test_sources_that_fit_alike_count_alike():
    found = drawn("colon")
    assert set(found) == {(2.0, 2.0), (-1.0, -1.0)}
    assert found.count((2.0, 2.0)) == pytest.approx(200, abs=50)


@pytest.mark.parametrize("prompt", ["", "crowded nuclei"])
def test_where_no_word_fits_any_may_come(prompt):
    found = drawn(prompt)
    assert len(set(found)) == 5
    assert sum(row[0] > 0 for row in found) == pytest.approx(200, abs=50)


def test_noise_alone_decides_and_each_tile_by_its_own():
    noise = torch.randn(3, 12, 8, 8, generator=torch.Generator().manual_seed(1))
    prompts = ["colon", "breast", ""]
    together = drawn_detail(DETAILS, prompts, noise)
    for i in range(3):
        assert torch.equal(together[i : i + 1], drawn_detail(DETAILS, prompts[i : i + 1], noise[i : i + 1]))


@pytest.mark.parametrize("extreme", [-40.0, 40.0])
def test_the_ends_of_chance_have_a_detail(extreme):
    assert drawn_detail(DETAILS, [""], torch.full((1, 1, 1, 1), extreme)).shape == (1, 2)
