"""Distances between two sets of feature vectors.

Each function takes float (n, d) and (m, d) and knows nothing about where the
vectors come from; no figure here has a meaning without its feature space.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import cdist


def kernel_distance(
    first: np.ndarray,
    second: np.ndarray,
    *,
    subset_size: int | None = None,
    n_subsets: int = 50,
    seed: int = 0,
) -> float:
    """Unbiased squared maximum mean discrepancy with a cubic kernel: KID.

    Binkowski et al. 2018 (Demystifying MMD GANs), kernel ``(x.y / d + 1) ** 3``.
    Unbiased means that the expected value is 0 for two samples of one
    distribution, at any size; single values may be negative.

    Parameters
    ----------
    first, second
        Float (n, d) and (m, d), at least 2 rows each.
    subset_size
        Rows drawn from each set per subset, without replacement; the mean over
        ``n_subsets`` is returned. None: all rows at once, which has the
        smallest spread.

    Raises
    ------
    ValueError
        If a set has fewer than 2 rows, or than ``subset_size``.
    """
    needed = subset_size or 2
    if min(len(first), len(second)) < max(2, needed):
        raise ValueError(f"{len(first)} and {len(second)} vectors; at least {max(2, needed)} in each set are needed")
    if subset_size is None:
        return _mmd2(first, second)
    rng = np.random.default_rng(seed)
    return float(
        np.mean(
            [
                _mmd2(
                    first[rng.choice(len(first), subset_size, replace=False)],
                    second[rng.choice(len(second), subset_size, replace=False)],
                )
                for _ in range(n_subsets)
            ]
        )
    )


def _mmd2(first: np.ndarray, second: np.ndarray) -> float:
    x, y = first.astype(np.float64), second.astype(np.float64)
    n, m, d = len(x), len(y), x.shape[1]
    xx, yy, xy = ((a @ b.T / d + 1) ** 3 for a, b in ((x, x), (y, y), (x, y)))
    within = (xx.sum() - np.trace(xx)) / (n * (n - 1)) + (yy.sum() - np.trace(yy)) / (m * (m - 1))
    return float(within - 2 * xy.mean())


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Frechet distance between the Gaussians of two sets (Dowson and Landau 1982).

    ``|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))``. With the centred data
    matrices A and B the last trace is the nuclear norm of ``A B^T``, which is
    exact also where there are fewer vectors than dimensions and needs no matrix
    root. Its value falls with the number of vectors: compare equal sizes only.

    Raises
    ------
    ValueError
        If a set has fewer than 2 rows.
    """
    if min(len(first), len(second)) < 2:
        raise ValueError(f"{len(first)} and {len(second)} vectors; at least 2 in each set are needed")
    x, y = first.astype(np.float64), second.astype(np.float64)
    difference = x.mean(0) - y.mean(0)
    a = (x - x.mean(0)) / np.sqrt(len(x) - 1)
    b = (y - y.mean(0)) / np.sqrt(len(y) - 1)
    cross = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    return float(max(0.0, difference @ difference + (a**2).sum() + (b**2).sum() - 2 * cross))


class Manifold(NamedTuple):
    """Fidelity and variety from nearest neighbours: the higher the better."""

    precision: float
    """Share of the second set inside the first set's neighbourhoods."""
    recall: float
    """Share of the first set inside the second set's neighbourhoods."""
    density: float
    """Mean number of the first set's neighbourhoods around a vector of the second, over k; may exceed 1."""
    coverage: float
    """Share of the first set's neighbourhoods that hold a vector of the second."""


def manifold(real: np.ndarray, other: np.ndarray, *, k_precision: int = 3, k_density: int = 5) -> Manifold:
    """Precision and recall, density and coverage.

    Kynkaanniemi et al. 2019 (k = 3) and Naeem et al. 2020 (k = 5). The
    neighbourhood of a vector is the ball that reaches to its k-th nearest
    neighbour in its own set, itself not counted.

    Parameters
    ----------
    real, other
        Float (n, d) and (m, d), more rows than the larger k.

    Raises
    ------
    ValueError
        If a set has too few rows.
    """
    needed = max(k_precision, k_density) + 1
    if min(len(real), len(other)) < needed:
        raise ValueError(f"{len(real)} and {len(other)} vectors; at least {needed} in each set are needed")
    between = cdist(real.astype(np.float64), other.astype(np.float64))  # (n, m)
    of_real, of_other = (np.sort(cdist(v, v), axis=1) for v in (real.astype(np.float64), other.astype(np.float64)))
    real_ball = of_real[:, k_density]  # column 0 is the vector itself
    return Manifold(
        precision=float((between <= of_real[:, k_precision, None]).any(0).mean()),
        recall=float((between <= of_other[None, :, k_precision]).any(1).mean()),
        density=float((between <= real_ball[:, None]).sum(0).mean() / k_density),
        coverage=float((between.min(1) <= real_ball).mean()),
    )
