"""Which estimates are looked at, and how far they look from the real image."""

from itertools import islice

import pytest

torch = pytest.importorskip("torch")

from napari_cosynth.model.unet import CleanTile  # noqa: E402
from napari_cosynth.training.batches import batches  # noqa: E402
from napari_cosynth.training.looks import LOOKS_FROM, looks  # noqa: E402
from napari_cosynth.training.perception import TrainedEye  # noqa: E402

LATE = torch.tensor([LOOKS_FROM - 0.01, LOOKS_FROM + 0.01])


@pytest.fixture(scope="module")
def eye():
    return TrainedEye()


@pytest.fixture
def batch(sampler):
    return next(islice(batches(sampler, 2, 0), 1)).whole()


@pytest.fixture
def estimate(batch):
    blurred = torch.nn.functional.avg_pool2d(batch.clean[:, :4], 5, stride=1, padding=2)
    return CleanTile(blurred.requires_grad_(), torch.zeros(2, 8, 64, 64))


def test_only_late_rows_are_looked_at(eye, batch, estimate):
    assert looks(eye, estimate, batch, torch.zeros(2)) is None
    half, whole = looks(eye, estimate, batch, LATE), looks(eye, estimate, batch, torch.ones(2))
    assert len(half.made[0]) == len(half.real[0]) == 1
    each = [looks(eye, estimate, batch, t).perceptual_loss() for t in (LATE, LATE.flip(0))]
    assert half.perceptual_loss() > 0
    assert torch.allclose(sum(each), whole.perceptual_loss(), rtol=1e-4)


def test_a_perfect_estimate_is_no_distance_away(eye, batch):
    clean = CleanTile(batch.clean[:, :4], torch.zeros(2, 8, 64, 64))
    assert looks(eye, clean, batch, torch.ones(2)).perceptual_loss() == 0
