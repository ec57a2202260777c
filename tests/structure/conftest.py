"""A tiny generator of structure whose weights are all random, and arrangements to measure."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cosynth.classes import BUNDLED


def circle(n: int, radius: float, middle: tuple[float, float] = (32.0, 32.0)) -> np.ndarray:
    """float (n, 2): points on a circle."""
    angles = np.arange(n) / n * 2 * np.pi
    return np.stack([np.sin(angles), np.cos(angles)], axis=1) * radius + middle


def grid(rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    """float (n, 2): points of a rectangular grid."""
    return np.stack(np.meshgrid(rows, cols, indexing="ij"), axis=-1).reshape(-1, 2).astype(float)


@pytest.fixture(name="circle", scope="session")
def _circle():
    return circle


@pytest.fixture(name="grid", scope="session")
def _grid():
    return grid


@pytest.fixture(scope="session")
def make_net():
    """Tiny networks; random weights, so that no input is ignored by an initial zero."""
    import torch

    from napari_cosynth.structure.density_net import DensityNet
    from napari_cosynth.structure.traits import TRAITS

    def make(seed: int = 0, text_channels: int = 16, n_traits: int = len(TRAITS)) -> DensityNet:
        network = DensityNet(
            n_classes=len(BUNDLED), text_channels=text_channels, channels=(8, 16), blocks=1, n_traits=n_traits
        )
        random = torch.Generator().manual_seed(seed)
        for name, weight in network.named_parameters():
            if "norm" not in name:
                fan_in = weight[0].numel() if weight.ndim > 1 else 100
                weight.data = torch.randn(weight.shape, generator=random) / fan_in**0.5
        return network.eval()

    return make


@pytest.fixture(scope="session")
def generator(make_net, make_encoder):
    from napari_cosynth.structure.generator import StructureGenerator

    return StructureGenerator(make_net(), make_encoder(), BUNDLED, {"gland": 3}, {"gland": {"closure": 1.0}})
