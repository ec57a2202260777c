"""What the network is shown and scored for: together, or labels first."""

import pytest

torch = pytest.importorskip("torch")

from napari_cosynth.model.unet import CleanTile  # noqa: E402
from napari_cosynth.training.batches import batches  # noqa: E402
from napari_cosynth.training.loop import TrainingSettings, train  # noqa: E402
from napari_cosynth.training.losses import joint_losses, noisy_tile  # noqa: E402
from napari_cosynth.training.process import PROCESSES  # noqa: E402

T = torch.tensor([0.2, 0.4, 0.6, 0.8])


@pytest.fixture
def batch(sampler):
    return next(iter(batches(sampler, 4, 0))).whole()


@pytest.fixture
def noise(batch):
    return torch.randn(batch.clean.shape, generator=torch.Generator().manual_seed(0))


def test_the_joint_process_is_the_plain_path(batch, noise):
    z, places = PROCESSES["joint"].shown(batch, noise, T)
    assert torch.equal(z, noisy_tile(batch, noise, T)) and torch.equal(places, T)
    assert torch.equal(PROCESSES["joint"].image_times(T), T)


def test_labels_beside_noise_then_the_image_beside_labels(batch, noise):
    z, places = PROCESSES["labels-first"].shown(batch, noise, T)
    plain = noisy_tile(batch, noise, T)
    assert torch.equal(z[0::2, :3], noise[0::2, :3]) and torch.equal(z[0::2, 3:], plain[0::2, 3:])
    assert torch.equal(z[1::2, :3], plain[1::2, :3])
    known = (batch.known[1::2] > 0).expand_as(z[1::2, 3:])
    wanted = torch.where(known, batch.clean[1::2, 3:], noise[1::2, 3:])
    torch.testing.assert_close(z[1::2, 3:], wanted)
    torch.testing.assert_close(places, torch.tensor([[0, 0.2], [0.4, 1], [0, 0.6], [0.8, 1]]))
    assert PROCESSES["labels-first"].image_times(T).tolist() == pytest.approx([0, 0.4, 0, 0.8])


def test_each_half_is_scored_for_its_own_part(batch):
    process = PROCESSES["labels-first"]
    generator = torch.Generator().manual_seed(1)
    maps = batch.clean.shape[1] - 4
    continuous = torch.randn(4, 4, *batch.clean.shape[2:], generator=generator, requires_grad=True)
    logits = torch.randn(4, maps, *batch.clean.shape[2:], generator=generator, requires_grad=True)
    losses = process.losses(CleanTile(continuous, logits), batch, T)
    losses.total.backward()
    assert not continuous.grad[0::2, :3].any() and continuous.grad[1::2, :3].any()
    assert not continuous.grad[1::2, 3:].any() and continuous.grad[0::2, 3:].any()
    assert not logits.grad[1::2].any() and logits.grad[0::2].any()
    joint = PROCESSES["joint"].losses(CleanTile(continuous, logits), batch, T)
    assert joint.total.item() == joint_losses(CleanTile(continuous, logits), batch, T).total.item()


@pytest.mark.parametrize("config", [{"process": "labels-first"}, {"distance": "centroid"}])
def test_variants_train(make_unet, make_encoder, sampler, tmp_path, config):
    network = make_unet(**config)
    before = {name: weight.clone() for name, weight in network.state_dict().items()}
    settings = TrainingSettings(batch_size=2, warmup=1, precision="no", perceptual=0)
    run = train(network, make_encoder(), sampler, settings, tmp_path, cpu=True)
    steps = [next(run), next(run)]
    run.close()
    assert all(torch.isfinite(torch.tensor([s.image, s.distance, s.classes])).all() for s in steps)
    moved = {name for name, weight in network.state_dict().items() if not torch.equal(weight, before[name])}
    assert any(name.startswith("label_time") for name in moved) == (network.config.process == "labels-first")


def test_the_distance_map_of_the_batch_is_the_one_asked_for(sampler):
    from napari_cosynth.model.targets import DISTANCES

    maps = [next(iter(batches(sampler, 2, 0, distance=target))).clean for target in DISTANCES.values()]
    assert torch.equal(maps[0][:, :3], maps[1][:, :3]) and torch.equal(maps[0][:, 4:], maps[1][:, 4:])
    assert not torch.equal(maps[0][:, 3], maps[1][:, 3])
