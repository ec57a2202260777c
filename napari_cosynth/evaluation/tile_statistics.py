"""What can be said of one image without a network: stains, sharpness, rim.

Defined here once, and used by the texture report and by the classifier that
sees no learned features. Knows no labels and no second image.
"""

from __future__ import annotations

import numpy as np
from skimage.color import hed_from_rgb

from napari_cosynth.data.stain import optical_density

RIM_PX = 8
"""Width of the rim in which a network's padding leaves its traces."""

LOW_CUT = 0.125
"""Lower end of the high frequencies in cycles per px: a quarter of Nyquist (0.5)."""

BANDS = (0.0, 0.03125, 0.0625, LOW_CUT, 0.25, 0.5)
"""Edges of the radial frequency bands, cycles per px; the last two are the high frequencies."""

_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_STAINS = ("haematoxylin", "eosin", "residual")
_PAIRS = ((0, 1), (0, 2), (1, 2))
_FLOOR = 1e-6  # keeps the logarithm of an empty tile finite


def stain_densities(image: np.ndarray) -> np.ndarray:
    """Optical density of haematoxylin, eosin and the rest (DAB in IHC).

    Stains are parted as Ruifrok and Johnston 2001.

    Parameters
    ----------
    image
        uint8 (H, W, 3) RGB.

    Returns
    -------
    float32 (H, W, 3), natural logarithm; small negative values occur.
    """
    return optical_density(image) @ hed_from_rgb.astype(np.float32)


def band_energies(image: np.ndarray) -> np.ndarray:
    """Energy of the luma in each radial frequency band of `BANDS`.

    The luma (BT.601, 0-255) less its mean is multiplied with a Hann window, so
    that the jump from one edge of the tile to the other does not count as
    detail; the power spectrum is scaled so that all bands and the corners
    beyond 0.5 cycles per px add up to the windowed variance.

    Parameters
    ----------
    image
        uint8 (H, W, 3) RGB.

    Returns
    -------
    float64 (5,), squared grey levels.
    """
    power, radius = _power(image)
    band = np.digitize(radius, BANDS[1:], right=True)
    return np.bincount(band, power, minlength=len(BANDS))[: len(BANDS) - 1]


def radial_power(image: np.ndarray, n_rings: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Mean power of the luma in rings of spatial frequency, windowed and scaled as in `band_energies`.

    Parameters
    ----------
    image
        uint8 (H, W, 3) RGB, at least 64 px a side.
    n_rings
        Rings as wide as each other on a logarithmic axis, from 1/64 to 1/2 cycles per px;
        those without a frequency are left out.

    Returns
    -------
    float64 (n,) middle of each ring, cycles per px, and float64 (n,) power, squared grey levels.
    """
    power, radius = _power(image)
    edges = np.geomspace(1 / 64, 0.5, n_rings + 1)
    ring = np.digitize(radius, edges) - 1
    inside = (ring >= 0) & (ring < n_rings)
    count = np.bincount(ring[inside], minlength=n_rings)
    total = np.bincount(ring[inside], power[inside], minlength=n_rings)
    filled = count > 0
    return np.sqrt(edges[:-1] * edges[1:])[filled], total[filled] / count[filled] + _FLOOR


def _power(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each frequency of the luma: power, squared grey levels, and size, cycles per px, float64 (H * W,) each."""
    luma = image @ _LUMA  # (H, W)
    height, width = luma.shape
    window = np.hanning(height + 2)[1:-1, None] * np.hanning(width + 2)[None, 1:-1]
    luma = (luma - np.average(luma, weights=window)) * window
    power = np.abs(np.fft.fft2(luma)) ** 2 / (luma.size * (window**2).sum())
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None])
    return power.ravel(), radius.ravel()


def high_frequency_energy(image: np.ndarray) -> float:
    """Energy from `LOW_CUT` to Nyquist, squared grey levels: how much fine detail there is."""
    return float(band_energies(image)[-2:].sum() + _FLOOR)


def high_frequency_share(image: np.ndarray) -> float:
    """That energy over the energy of all bands: fine detail whatever the contrast."""
    energies = band_energies(image)
    return float((energies[-2:].sum() + _FLOOR) / (energies.sum() + _FLOOR))


def rim_gradient_ratio(image: np.ndarray, rim_px: int = RIM_PX) -> float:
    """Mean gradient energy in the rim over that of the interior.

    Squared differences of neighbouring pixels in all three channels, so that
    coloured noise counts as well. About 1 for tissue, whose content does not
    know where the tile ends.

    Parameters
    ----------
    image
        uint8 (H, W, 3) RGB, larger than two rims.
    rim_px
        Width of the rim.

    Raises
    ------
    ValueError
        If the tile has no interior.
    """
    height, width = image.shape[:2]
    if min(height, width) <= 2 * rim_px + 1:
        raise ValueError(f"tile of {height} x {width} px has no interior within a rim of {rim_px} px")
    values = image.astype(np.float32)
    energy = ((values[1:, :-1] - values[:-1, :-1]) ** 2 + (values[:-1, 1:] - values[:-1, :-1]) ** 2).sum(-1)
    interior = energy[rim_px : height - 1 - rim_px, rim_px : width - 1 - rim_px]
    rim = (energy.sum(dtype=np.float64) - interior.sum(dtype=np.float64)) / (energy.size - interior.size)
    return float((rim + _FLOOR) / (interior.mean(dtype=np.float64) + _FLOOR))


def statistic_names() -> tuple[str, ...]:
    """Names of the columns of `tile_statistics`."""
    stains = [f"{stain} {what}" for stain in _STAINS for what in ("mean", "sd", *(f"q{q:g}" for q in _QUANTILES))]
    bands = [f"log energy {low:g}-{high:g} /px" for low, high in zip(BANDS, BANDS[1:], strict=False)]
    colour = [f"correlation {'RGB'[i]}-{'RGB'[j]}" for i, j in _PAIRS]
    detail = [f"log detail {channel}" for channel in ("red-green", "blue-yellow")]
    return (*stains, *bands, *colour, *detail, "log rim gradient ratio")


def tile_statistics(image: np.ndarray) -> np.ndarray:
    """A vector that describes stain, sharpness, colour and rim of a tile.

    Parameters
    ----------
    image
        uint8 (H, W, 3) RGB.

    Returns
    -------
    float64 (n,), one value per name of `statistic_names`, all finite.
    """
    densities = stain_densities(image).reshape(-1, 3).astype(np.float64)
    quantiles = np.quantile(densities, _QUANTILES, axis=0)  # (5, 3)
    stains = np.concatenate([densities.mean(0)[None], densities.std(0)[None], quantiles]).T.ravel()
    values = image.astype(np.float64)
    covariance = np.cov(values.reshape(-1, 3).T)  # (3, 3)
    colour = [covariance[i, j] / np.sqrt(covariance[i, i] * covariance[j, j] + _FLOOR) for i, j in _PAIRS]
    opponent = values[..., 0] - values[..., 1], values[..., 2] - values[..., :2].mean(-1)
    detail = [np.log(np.diff(o, axis=1).var() + _FLOOR) for o in opponent]
    return np.array(
        [*stains, *np.log(band_energies(image) + _FLOOR), *colour, *detail, np.log(rim_gradient_ratio(image))]
    )
