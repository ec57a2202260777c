"""Stain, sharpness and rim of made against real tiles.

No learned features: every figure can be checked by eye and hand. Distances are
earth mover's distances; the distance between two halves of the real tiles is
their unit (see `split_half`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from napari_cosynth.evaluation.split_half import Compared, compare, random_halves
from napari_cosynth.evaluation.tile_statistics import (
    high_frequency_energy,
    high_frequency_share,
    rim_gradient_ratio,
    stain_densities,
)

_BIN_WIDTH = 0.01  # optical density
_BIN_EDGES = np.arange(-1.0, 6.0 + _BIN_WIDTH / 2, _BIN_WIDTH)


class TextureReport(BaseModel):
    """Made against real tiles, without learned features."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_real: int
    n_made: int
    n_halves: int
    seed: int
    haematoxylin: Compared
    """Earth mover's distance of the optical density's distribution over all pixels."""
    eosin: Compared
    high_frequency_energy: Compared
    """Ratio, other over real, of the geometric means over tiles; 1 = as sharp as real tiles."""
    high_frequency_share: Compared
    """The same of the share of all energy, which does not depend on contrast."""
    rim_gradient: Compared
    """Ratio, other over real, of the gradient energy in the rim over the interior; above 1: noise at the rim."""


def texture(
    real_images: Sequence[np.ndarray],
    made_images: Sequence[np.ndarray],
    real_groups: Sequence[str],
    seed: int = 0,
    *,
    made_groups: Sequence[str] | None = None,
    n_halves: int = 10,
) -> TextureReport:
    """Compare stains, sharpness and rim; arguments as in `realism.realism`."""
    halves = random_halves(real_groups, len(made_images), made_groups, n_halves=n_halves, seed=seed)
    stains = compare(_stain_distances, _histograms(real_images), _histograms(made_images), halves)
    ratios = compare(_ratios, _logarithms(real_images), _logarithms(made_images), halves)
    return TextureReport(
        n_real=len(real_images), n_made=len(made_images), n_halves=n_halves, seed=seed, **stains, **ratios
    )


def stain_histogram(image: np.ndarray) -> np.ndarray:
    """Share of pixels per bin of optical density: float64 (2, bins), haematoxylin and eosin."""
    densities = np.clip(stain_densities(image)[..., :2], _BIN_EDGES[0], _BIN_EDGES[-1]).reshape(-1, 2)
    return np.stack([np.histogram(stain, _BIN_EDGES)[0] / len(densities) for stain in densities.T])


def histogram_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Earth mover's distance of two histograms over `stain_histogram`'s bins, in optical density."""
    return float(np.abs(np.cumsum(first - second)).sum() * _BIN_WIDTH)


def _histograms(images: Sequence[np.ndarray]) -> np.ndarray:
    return np.stack([stain_histogram(image) for image in images])  # (N, 2, bins)


def _stain_distances(real: np.ndarray, other: np.ndarray) -> dict[str, float]:
    haematoxylin, eosin = (histogram_distance(a, b) for a, b in zip(real.mean(0), other.mean(0), strict=True))
    return {"haematoxylin": haematoxylin, "eosin": eosin}


def _logarithms(images: Sequence[np.ndarray]) -> np.ndarray:
    measures = (high_frequency_energy, high_frequency_share, rim_gradient_ratio)
    return np.log([[measure(image) for measure in measures] for image in images])  # (N, 3)


def _ratios(real: np.ndarray, other: np.ndarray) -> dict[str, float]:
    ratios = np.exp(other.mean(0) - real.mean(0))
    return dict(zip(("high_frequency_energy", "high_frequency_share", "rim_gradient"), ratios.tolist(), strict=True))
