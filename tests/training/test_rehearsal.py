"""Rehearsals: critics learn from what is made anew, the network from the critics, neither from itself."""

import io
from contextlib import nullcontext

import pytest

torch = pytest.importorskip("torch")

from accelerate import Accelerator  # noqa: E402

from napari_cosynth.training.batches import batches  # noqa: E402
from napari_cosynth.training.rehearsal import Rehearsal, Rehearsed  # noqa: E402


@pytest.fixture(scope="module")
def batch(sampler):
    return next(iter(batches(sampler, 2, 0))).whole()


@pytest.fixture
def rehearsal():
    torch.manual_seed(0)
    return Rehearsal(1e-3, Accelerator(mixed_precision="no", cpu=True), nullcontext)


class Dim(torch.nn.Module):
    """Sees the true tile, its image with too little contrast."""

    def __init__(self, batch):
        super().__init__()
        self.clean, self.contrast = batch.clean, torch.nn.Parameter(torch.tensor(0.5))

    def forward(self, z, t):
        return torch.cat([self.clean[:, :3] * self.contrast, self.clean[:, 3:]], dim=1)


def perform(rehearsal, network, batch, seed=0):
    chance = torch.Generator().manual_seed(seed)
    return rehearsal.perform(network, batch, torch.randn(batch.clean.shape, generator=chance), chance)


def doubted(rehearsal, seen):
    """The critics' loss; they learn nothing."""
    copy = Rehearsal(1e-3, Accelerator(mixed_precision="no", cpu=True), nullcontext)
    copy.load_state(rehearsal.state())
    return copy.learn(seen).item()


def test_real_and_made_tiles_are_seen_by_two_eyes_and_as_a_file_holds_them(rehearsal, batch):
    seen = perform(rehearsal, Dim(batch), batch)
    assert torch.equal(seen.real[-1], batch.clean[:, :3])
    assert (seen.made[-1] - 0.5 * batch.clean[:, :3]).abs().max() < 1 / 255
    steps = (seen.made[-1] + 1) * 127.5
    assert torch.allclose(steps, steps.round(), atol=1e-3)
    assert [len(side) for side in (seen.real, seen.made)] == [3, 3]
    assert not any(feature.requires_grad for eye in seen.real[:-1] for feature in eye)


def test_critics_learn_to_tell_and_the_network_to_persuade_them(rehearsal, batch):
    network = Dim(batch)
    told = [rehearsal.learn(perform(rehearsal, network, batch, seed)).item() for seed in range(12)]
    assert told[0] == pytest.approx(0.69, abs=0.05) and told[-1] < 0.9 * told[0]
    assert network.contrast.grad is None
    before = [parameter.clone() for parameter in rehearsal.critics.parameters()]
    network.contrast.grad = torch.tensor(1e-3)
    seen = perform(rehearsal, network, batch)
    # Longer than the gradient of the other losses, which is in its way.
    rehearsal.teach([network.contrast], seen, 2.0)
    with torch.no_grad():
        network.contrast -= 0.05 * network.contrast.grad.sign()
    assert doubted(rehearsal, perform(rehearsal, network, batch)) > doubted(rehearsal, seen)
    assert all(
        p.grad is None and torch.equal(p, b) for p, b in zip(rehearsal.critics.parameters(), before, strict=True)
    )


@pytest.mark.parametrize("length", [0.5, 2.0])
def test_what_is_added_is_as_long_as_asked_for(rehearsal, batch, length):
    network = Dim(batch)
    other = torch.nn.Parameter(torch.zeros(3))
    other.grad = torch.tensor([0.0, 3e-3, 4e-3])
    rehearsal.teach([network.contrast, other], perform(rehearsal, network, batch), length)
    assert network.contrast.grad.abs().item() == pytest.approx(length * 5e-3, rel=1e-4)
    assert torch.equal(other.grad, torch.tensor([0.0, 3e-3, 4e-3]))


def test_an_image_that_misses_its_detail_is_brought_to_it(rehearsal):
    real = torch.rand(2, 3, 48, 48, generator=torch.Generator().manual_seed(0)) * 2 - 1
    grey = real.mean(1, keepdim=True)
    colour = torch.nn.Parameter(torch.tensor(0.3))
    seen = Rehearsed((real,), (grey + colour * (real - grey),))
    rehearsal.critics, rehearsal.eyes = torch.nn.ModuleList([Silent()]), []
    colour.grad = torch.tensor(1e-3)
    rehearsal.teach([colour], seen, 2.0)
    assert colour.grad < 0
    # One that has it is asked nothing.
    colour.grad = torch.tensor(1e-3)
    rehearsal.teach([colour], Rehearsed((real,), (real + 0 * colour,)), 2.0)
    assert colour.grad.item() == pytest.approx(1e-3)


class Silent(torch.nn.Module):
    """A critic with the same marks for all."""

    def forward(self, image):
        return [0 * image.flatten(1)]


def test_they_go_on_from_a_checkpoint(rehearsal, batch):
    network = Dim(batch)
    network.contrast.grad = torch.tensor(1e-3)
    rehearsal.learn(perform(rehearsal, network, batch))
    rehearsal.teach([network.contrast], perform(rehearsal, network, batch), 1.0)
    stream = io.BytesIO()
    torch.save(rehearsal.state(), stream)
    other = Rehearsal(1e-3, Accelerator(mixed_precision="no", cpu=True), nullcontext)
    other.load_state(torch.load(io.BytesIO(stream.getvalue()), weights_only=True))
    both = [r.learn(perform(r, network, batch, 3)).item() for r in (rehearsal, other)]
    assert both[0] == both[1]
    slopes = []
    for r in (rehearsal, other):
        network.contrast.grad = torch.tensor(1e-3)
        r.teach([network.contrast], perform(r, network, batch, 4), 1.0)
        slopes.append(network.contrast.grad.item())
    assert slopes[0] == slopes[1]
