from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from napari_cosynth.evaluation.set_distances import frechet_distance, kernel_distance, manifold


class _Pass(torch.nn.Module):
    """Hands vectors to torchmetrics as if they were an image network's output."""

    num_features = 12

    def forward(self, images):
        return images.flatten(1).float()


@pytest.fixture
def sets():
    rng = np.random.default_rng(0)
    first = rng.normal(size=(40, 12)).astype(np.float32)
    second = (rng.normal(size=(40, 12)) * 1.3 + 0.4).astype(np.float32)
    return first, second


def _as_images(vectors):
    return torch.from_numpy(vectors).reshape(-1, 3, 2, 2)


@pytest.mark.filterwarnings("ignore:Metric `Kernel Inception Distance` will save")
def test_kernel_distance_is_that_of_torchmetrics(sets):
    image = pytest.importorskip("torchmetrics.image.kid")
    theirs = image.KernelInceptionDistance(feature=_Pass(), subsets=1, subset_size=40)
    theirs.update(_as_images(sets[0]), real=True)
    theirs.update(_as_images(sets[1]), real=False)
    assert kernel_distance(*sets) == pytest.approx(float(theirs.compute()[0]), rel=1e-4)


def test_frechet_distance_is_that_of_torchmetrics(sets):
    image = pytest.importorskip("torchmetrics.image.fid")
    theirs = image.FrechetInceptionDistance(feature=_Pass()).set_dtype(torch.float64)
    theirs.update(_as_images(sets[0]), real=True)
    theirs.update(_as_images(sets[1]), real=False)
    assert frechet_distance(*sets) == pytest.approx(float(theirs.compute()), rel=1e-4)


def test_frechet_distance_is_the_formula_with_a_matrix_root(sets):
    a, b = (s.astype(float) for s in sets)
    root = sqrtm(np.cov(a.T) @ np.cov(b.T))
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(np.cov(a.T) + np.cov(b.T) - 2 * root.real)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-8)


def test_frechet_distance_of_fewer_vectors_than_dimensions():
    """Two vectors each, along different axes: the covariances commute and have no common direction."""
    a, b = np.zeros((2, 50)), np.zeros((2, 50))
    a[:, 0], b[:, 1] = (-1, 1), (-2, 2)
    assert frechet_distance(a, b) == pytest.approx(2 + 8)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)


def test_frechet_distance_of_a_shift_is_its_squared_length(sets):
    assert frechet_distance(sets[0], sets[0] + np.float32(3)) == pytest.approx(12 * 9, rel=1e-4)


def test_kernel_distance_is_unbiased_at_any_size():
    rng = np.random.default_rng(1)
    values = [kernel_distance(*rng.normal(size=(2, 8, 4))) for _ in range(400)]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(len(values))
    assert min(values) < 0


def test_kernel_distance_by_subsets(sets):
    whole = kernel_distance(*sets)
    parts = kernel_distance(*sets, subset_size=20, n_subsets=200, seed=3)
    assert parts == pytest.approx(whole, rel=0.2)
    assert parts == kernel_distance(*sets, subset_size=20, n_subsets=200, seed=3)


def test_order_does_not_matter(sets):
    shuffled = np.random.default_rng(2).permutation(sets[1])
    for distance in (kernel_distance, frechet_distance):
        assert distance(sets[0], shuffled) == pytest.approx(distance(*sets))
        assert distance(*sets) == pytest.approx(distance(*sets[::-1]))


def _by_loops(real, other, k):
    """Neighbour figures written out as in the papers' definitions."""

    def radius(points, i):
        return sorted(np.linalg.norm(points - points[i], axis=1))[k]

    def inside(point, points):
        return [np.linalg.norm(point - points[i]) <= radius(points, i) for i in range(len(points))]

    precision = np.mean([any(inside(o, real)) for o in other])
    recall = np.mean([any(inside(r, other)) for r in real])
    density = np.mean([sum(inside(o, real)) for o in other]) / k
    coverage = np.mean([any(np.linalg.norm(o - r) <= radius(real, i) for o in other) for i, r in enumerate(real)])
    return precision, recall, density, coverage


@pytest.mark.parametrize("k", [1, 3, 5])
def test_neighbour_figures_are_the_definitions(sets, k):
    real, other = sets[0][:30].astype(float), sets[1][:17].astype(float)
    assert tuple(manifold(real, other, k_precision=k, k_density=k)) == pytest.approx(_by_loops(real, other, k))


def test_neighbour_figures_of_extremes():
    rng = np.random.default_rng(0)
    real = rng.normal(size=(30, 3))
    assert manifold(real, real + 100) == (0, 0, 0, 0)
    same = manifold(real, real)
    assert (same.precision, same.recall, same.coverage) == (1, 1, 1)
    one_mode = manifold(real, real[:1] + rng.normal(size=(30, 3)) * 1e-3)
    assert one_mode.precision == 1 and one_mode.recall < 0.2 and one_mode.coverage < 0.5


def test_too_few_vectors():
    one = np.zeros((1, 3))
    for distance, needed in ((kernel_distance, 2), (frechet_distance, 2), (manifold, 6)):
        with pytest.raises(ValueError, match=f"1 and 4 vectors; at least {needed}"):
            distance(one, np.zeros((4, 3)))
    with pytest.raises(ValueError, match="at least 5"):
        kernel_distance(np.zeros((4, 3)), np.zeros((9, 3)), subset_size=5)
