"""How many nuclei of each class: measured over windows, and drawn for a tile.

It knows counts alone, no places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from napari_cosynth.layouts.model import TissueModel
from napari_cosynth.layouts.pattern import Pattern, windows

WINDOW_UM = 64.0
"""Windows that densities are measured in: the usual tile, 256 px at 0.25 um/px."""
_LEAST_POINTS = 3
_TENTHS = np.linspace(0, 1, 11)


def abundance(patterns: Sequence[Pattern], classes: Sequence[str]) -> dict:
    """Densities and class mix of a tissue, as the fields of `TissueModel`."""
    side = min(WINDOW_UM, float(np.median([min(p.size) for p in patterns]))) - 1e-6
    parts = list(windows(patterns, side, _LEAST_POINTS)) or list(patterns)
    counts = np.array([p.counts(len(classes)) for p in parts], float)
    per_mm2 = counts / np.array([p.area for p in parts])[:, None] * 1e6
    shares = counts / counts.sum(axis=1, keepdims=True)
    mean = counts.sum(axis=0) / counts.sum()
    # Method of moments: the variance of a Dirichlet share is m (1 - m) / (concentration + 1).
    spread = shares.var(axis=0).sum() / max((mean * (1 - mean)).sum(), 1e-9)
    concentration = float(np.clip(1 / max(spread, 1e-3) - 1, 0.2, 1000))
    return {
        "total_per_mm2": _quantiles(per_mm2.sum(axis=1)),
        "per_mm2": {name: _quantiles(per_mm2[:, i]) for i, name in enumerate(classes)},
        "mix_mean": tuple(np.round(mean, 5).tolist()),
        "mix_concentration": round(concentration, 3),
    }


def draw_counts(
    tissue: TissueModel,
    area_um2: float,
    rng: np.random.Generator,
    *,
    total: int | None = None,
    mix: Mapping[str, float] | None = None,
) -> dict[str, int]:
    """Counts of a tile as the tissue has them.

    Parameters
    ----------
    total
        Number of nuclei; drawn from the tissue's densities if None.
    mix
        Share of each class, in any unit: they are divided by their sum. Drawn
        from the tissue's mixes if None.

    Returns
    -------
    A count for each class of the tissue; they sum to the total exactly.

    Raises
    ------
    ValueError
        If a class is none of the tissue's, a share is below 0 or all are 0, or
        the total is below 0.
    """
    if total is None:
        per_mm2 = np.interp(rng.random(), _TENTHS, tissue.total_per_mm2)
        total = round(per_mm2 * area_um2 / 1e6)
    if total < 0:
        raise ValueError(f"a total of {total} nuclei; give 0 or more")
    if mix is None:
        shares = rng.dirichlet(np.maximum(tissue.mix_mean, 1e-4) * tissue.mix_concentration)
    else:
        shares = np.zeros(len(tissue.classes))
        for name, share in mix.items():
            if not (np.isfinite(share) and share >= 0):
                raise ValueError(f"a share of {share:g} for {name}; give numbers of 0 or more, such as 60")
            shares[tissue.id_of(name)] = share
        if not shares.sum():
            raise ValueError("all shares of the mix are 0; give one above 0")
        shares /= shares.sum()
    return dict(zip(tissue.classes, apportioned(shares, total), strict=True))


def apportioned(shares: np.ndarray, total: int) -> list[int]:
    """Whole numbers with that sum, nearest to the shares (largest remainders)."""
    exact = shares * total
    counts = np.floor(exact).astype(int)
    missing = total - int(counts.sum())
    counts[np.argsort(counts - exact, kind="stable")[:missing]] += 1
    return counts.tolist()


def _quantiles(values: np.ndarray) -> tuple[float, ...]:
    return tuple(np.round(np.quantile(values, _TENTHS), 1).tolist())
