from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage as ndi

from napari_cosynth.evaluation.tile_statistics import (
    BANDS,
    band_energies,
    high_frequency_energy,
    high_frequency_share,
    radial_power,
    rim_gradient_ratio,
    stain_densities,
    statistic_names,
    tile_statistics,
)


def _noise(side=96, seed=0, spread=20):
    noise = np.random.default_rng(seed).normal(150, spread, (side, side, 3))
    return np.clip(ndi.gaussian_filter(noise, (1, 1, 0)) * 1.0, 0, 255).astype(np.uint8)


def _wave(cycles_per_px, angle=0.0, amplitude=50, side=128):
    row, col = np.mgrid[:side, :side]
    wave = 128 + amplitude * np.sin(2 * np.pi * cycles_per_px * (np.cos(angle) * col + np.sin(angle) * row))
    return np.repeat(np.rint(wave)[..., None], 3, -1).astype(np.uint8)


@pytest.mark.parametrize("angle", [0, 0.5, np.pi / 4, np.pi / 2])
@pytest.mark.parametrize("band", range(1, len(BANDS) - 1))
def test_a_wave_lands_in_its_band_with_its_variance(band, angle):
    energies = band_energies(_wave((BANDS[band] + BANDS[band + 1]) / 2, angle))
    assert energies.argmax() == band
    assert energies[band] == pytest.approx(50**2 / 2, rel=0.05)


@pytest.mark.parametrize("cycles_per_px", [0.03, 0.11, 0.3])
def test_a_wave_is_the_peak_of_the_power_by_frequency(cycles_per_px):
    frequencies, power = radial_power(_wave(cycles_per_px, 0.4))
    assert (np.diff(frequencies) > 0).all() and frequencies[0] > 1 / 64 and frequencies[-1] < 0.5
    assert frequencies[power.argmax()] == pytest.approx(cycles_per_px, rel=0.25)
    assert (power > 0).all() and power.max() > 1000 * np.median(power)


def test_high_frequencies_begin_at_a_quarter_of_nyquist():
    fine, coarse = _wave(0.2), _wave(0.06)
    assert high_frequency_energy(fine) > 1000 > 5 > high_frequency_energy(coarse)
    assert high_frequency_share(fine) > 0.99 > 0.01 > high_frequency_share(coarse)


def test_contrast_changes_the_energy_but_not_the_share():
    strong, weak = _wave(0.2, amplitude=80), _wave(0.2, amplitude=20)
    assert high_frequency_energy(strong) / high_frequency_energy(weak) == pytest.approx(16, rel=0.05)
    assert high_frequency_share(strong) == pytest.approx(high_frequency_share(weak), rel=0.01)


def test_blur_takes_detail_away():
    sharp = _noise()
    soft = ndi.gaussian_filter(sharp, (1, 1, 0))
    assert high_frequency_energy(soft) < 0.5 * high_frequency_energy(sharp)
    assert high_frequency_share(soft) < high_frequency_share(sharp)


def test_rim_ratio_is_about_one_and_grows_with_noise_at_the_rim():
    image = _noise()
    assert rim_gradient_ratio(image) == pytest.approx(1, abs=0.15)
    noisy = image.astype(int)
    rim = np.ones(image.shape[:2], bool)
    rim[8:-8, 8:-8] = False
    noisy[rim] += np.random.default_rng(1).normal(0, 20, (rim.sum(), 3)).astype(int)
    assert rim_gradient_ratio(np.clip(noisy, 0, 255).astype(np.uint8)) > 3
    flat = image.copy()
    flat[rim] = 150
    assert rim_gradient_ratio(flat) < 0.5


def test_rim_ratio_sees_all_four_sides():
    for turns in range(4):
        image = np.full((64, 64, 3), 150, np.uint8)
        image[20:40, 20:40] = 100
        image[::2, 1:4] = 200
        assert rim_gradient_ratio(np.rot90(image, turns).copy()) > 2


def test_tile_without_interior():
    with pytest.raises(ValueError, match="no interior within a rim of 8 px"):
        rim_gradient_ratio(np.zeros((17, 64, 3), np.uint8))


def test_stains_are_parted():
    densities = stain_densities(np.array([[(255, 255, 255), (90, 70, 160), (230, 120, 190)]], np.uint8))[0]
    glass, nucleus, cytoplasm = densities
    assert np.abs(glass).max() < 0.02
    assert nucleus[0] > 2 * cytoplasm[0] and cytoplasm[1] > nucleus[0] * 0.1
    assert nucleus[0] > nucleus[1] and cytoplasm[1] > cytoplasm[0]


@pytest.mark.parametrize("image", [_noise(48), np.zeros((48, 48, 3), np.uint8), np.full((48, 40, 3), 255, np.uint8)])
def test_statistics_have_names_and_are_finite(image):
    found = tile_statistics(image)
    assert found.shape == (len(statistic_names()),) and found.dtype == np.float64
    assert np.isfinite(found).all()
    assert len(set(statistic_names())) == len(statistic_names())


def test_stain_and_sharpness_do_not_change_when_the_tile_is_turned():
    image = _noise(64)
    straight, turned = tile_statistics(image), tile_statistics(np.rot90(image).copy())
    kept = [i for i, name in enumerate(statistic_names()) if "detail" not in name and "rim" not in name]
    assert straight[kept] == pytest.approx(turned[kept], rel=1e-6)
