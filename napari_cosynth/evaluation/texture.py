"""Stain, sharpness and rim of made against real tiles.

No learned features: every figure can be checked by eye and hand. Stains are
compared by the earth mover's distance, with the distance between two halves of
the real tiles as the unit (see `split_half`); sharpness and rim by ratios.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from napari_cosynth.evaluation.bootstrap import Estimate, Sums, estimates
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
    """Made against real tiles, without learned features.

    Ratios are made over real, of geometric means over tiles, so that one stark
    tile does not decide.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_real: int
    n_made: int
    n_halves: int
    seed: int
    haematoxylin: Compared
    """Earth mover's distance of the optical density's distribution over all pixels."""
    eosin: Compared
    high_frequency_energy: Estimate
    """Of the luma above a quarter of Nyquist; 1 = as much fine detail as in real tiles."""
    high_frequency_share: Estimate
    """The same as a share of all energy, which does not depend on contrast."""
    rim_gradient: Estimate
    """Gradient energy of the rim over the interior; above 1: noise at the rim, below: smeared there."""


def texture(
    real_images: Sequence[np.ndarray],
    made_images: Sequence[np.ndarray],
    real_groups: Sequence[str],
    seed: int = 0,
    *,
    made_groups: Sequence[str] | None = None,
    real_strata: Sequence[str] | None = None,
    n_halves: int = 10,
) -> TextureReport:
    """Compare stains, sharpness and rim; arguments as in `realism.realism`."""
    halves = random_halves(real_groups, len(made_images), made_groups, strata=real_strata, n_halves=n_halves, seed=seed)
    stains = compare(_stain_distances, _histograms(real_images), _histograms(made_images), halves)
    ratios = _ratios(_logarithms(real_images), _logarithms(made_images), real_groups, made_groups, seed)
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


_MEASURES = {
    "high_frequency_energy": high_frequency_energy,
    "high_frequency_share": high_frequency_share,
    "rim_gradient": rim_gradient_ratio,
}


def _logarithms(images: Sequence[np.ndarray]) -> np.ndarray:
    return np.log([[measure(image) for measure in _MEASURES.values()] for image in images])  # (N, 3)


def _ratios(
    real: np.ndarray, made: np.ndarray, real_groups: Sequence[str], made_groups: Sequence[str] | None, seed: int
) -> dict[str, Estimate]:
    # Made tiles without a group are drawn one by one; those with one are drawn together with their real tiles.
    of_made = [("made", i) for i in range(len(made))] if made_groups is None else [("group", g) for g in made_groups]
    tallies = [
        {f"{which} tiles": 1.0, **{f"{which} {name}": value for name, value in zip(_MEASURES, row, strict=True)}}
        for which, rows in (("real", real), ("made", made))
        for row in rows
    ]

    def ratios(sums: Sums) -> dict[str, np.ndarray]:
        # A draw may hold no made tile at all: its ratio is NaN and left out of the interval.
        with np.errstate(divide="ignore", invalid="ignore"):
            return {
                name: np.exp(sums[f"made {name}"] / sums["made tiles"] - sums[f"real {name}"] / sums["real tiles"])
                for name in _MEASURES
            }

    return estimates(tallies, [*(("group", g) for g in real_groups), *of_made], ratios, seed=seed)
