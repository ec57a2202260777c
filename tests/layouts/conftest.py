"""A tissue of two classes whose rules are known, and patterns to measure."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cosynth.layouts.model import Clustering, PairInteraction, TissueModel
from napari_cosynth.layouts.pattern import Pattern


def tissue(clustered: bool = True, hard_core_um: float = 3.0, **changes) -> TissueModel:
    """Neoplastic nuclei attract each other, inflammatory ones stay away from them."""
    names = ("neoplastic", "inflammatory")

    def pair(a: int, b: int, near: float) -> PairInteraction:
        logs = (-2.0, -1.0, near, near, near, near / 2, 0.0, 0.0)
        return PairInteraction(first=names[a], second=names[b], hard_core_um=hard_core_um, log_interaction=logs)

    return TissueModel(
        **{
            "name": "made",
            "n_tiles": 3,
            "n_nuclei": 300,
            "classes": names,
            "total_per_mm2": tuple(1000.0 * i for i in range(1, 12)),
            "per_mm2": {name: tuple(500.0 * i for i in range(1, 12)) for name in names},
            "mix_mean": (0.6, 0.4),
            "mix_concentration": 5.0,
            "bin_um": 1.0,
            "interactions": (pair(0, 0, 0.4), pair(0, 1, -1.0), pair(1, 1, 0.2)),
            "clustering": (Clustering(scale_um=15, covariance=((0.8, -0.5), (-0.5, 0.8))),) if clustered else (),
            **changes,
        }
    )


def poisson(n: int = 100, side: float = 64.0, n_marks: int = 1, seed: int = 0, group: str = "") -> Pattern:
    """Random points."""
    rng = np.random.default_rng(seed)
    return Pattern(rng.random((n, 2)) * side, rng.integers(n_marks, size=n), (side, side), group)


@pytest.fixture(name="make_tissue", scope="session")
def _make_tissue():
    return tissue


@pytest.fixture(name="poisson", scope="session")
def _poisson():
    return poisson
