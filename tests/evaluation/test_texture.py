from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage as ndi
from scipy.stats import wasserstein_distance

from napari_cosynth.evaluation.texture import TextureReport, histogram_distance, stain_histogram, texture
from napari_cosynth.evaluation.tile_statistics import stain_densities

GROUPS = [f"patient {i // 3}" for i in range(12)]


def _images(seed=0, darker=0, n=12):
    rng = np.random.default_rng(seed)
    images = rng.normal(150 - darker, 40, (n, 48, 48, 3)) + rng.normal(0, 10, (n, 1, 1, 3))
    return [np.clip(ndi.gaussian_filter(i, (0.7, 0.7, 0)), 0, 255).astype(np.uint8) for i in images]


def test_stain_distance_is_scipys():
    first, second = _images(n=1)[0], _images(1, darker=40, n=1)[0]
    for stain in range(2):
        expected = wasserstein_distance(*(stain_densities(i)[..., stain].ravel() for i in (first, second)))
        found = histogram_distance(stain_histogram(first)[stain], stain_histogram(second)[stain])
        assert found == pytest.approx(expected, abs=0.005)


def test_histogram_counts_every_pixel_even_of_black_tiles():
    for value in (0, 128, 255):
        assert stain_histogram(np.full((8, 8, 3), value, np.uint8)).sum(1) == pytest.approx([1, 1])


def test_same_tiles_give_floor_and_ratio_one():
    report = texture(_images(), _images(), GROUPS, made_groups=GROUPS)
    assert report.haematoxylin.excess == report.eosin.excess == 0
    for ratio in (report.high_frequency_energy, report.high_frequency_share, report.rim_gradient):
        assert ratio.value == ratio.low == ratio.high == 1


def test_darker_tiles_are_seen_in_the_stain():
    report = texture(_images(), _images(1, darker=50), GROUPS)
    assert report.haematoxylin.in_floors > 2


def test_blurred_tiles_are_seen_in_the_ratio_and_its_interval():
    blurred = [ndi.gaussian_filter(i, (1, 1, 0)) for i in _images()]
    energy = texture(_images(), blurred, GROUPS, made_groups=GROUPS).high_frequency_energy
    assert energy.low < energy.value < energy.high < 0.7


def test_noise_at_the_rim_is_seen():
    made = _images()
    for image in made:
        image[:4] = np.random.default_rng(0).integers(0, 256, image[:4].shape)
    ratio = texture(_images(), made, GROUPS, made_groups=GROUPS).rim_gradient
    assert ratio.low > 1.5


def test_pairs_narrow_the_interval():
    # tiles differ much from group to group, made ones follow their layouts
    real = [ndi.gaussian_filter(i, (k // 3 * 0.4, k // 3 * 0.4, 0)) for k, i in enumerate(_images())]
    paired, free = (texture(real, real, GROUPS, made_groups=g).high_frequency_energy for g in (GROUPS, None))
    assert paired.high - paired.low < free.high - free.low


def test_deterministic_and_reads_back():
    first, again = (texture(_images(), _images(1), GROUPS, 3) for _ in range(2))
    assert first == again == TextureReport.model_validate_json(first.model_dump_json())
