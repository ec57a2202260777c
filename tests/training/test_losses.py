"""The objective: zero at the truth, silent where labels do not speak."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr

torch = pytest.importorskip("torch")

from napari_cosynth.classes import BUNDLED  # noqa: E402
from napari_cosynth.model.targets import UNSTATED, class_target, distance_target, joint_tile  # noqa: E402
from napari_cosynth.model.unet import CleanTile  # noqa: E402
from napari_cosynth.training.batches import Batch  # noqa: E402
from napari_cosynth.training.losses import (  # noqa: E402
    CLASS_WEIGHT,
    DISTANCE_WEIGHT,
    IMAGE_WEIGHT,
    TIMES,
    draw_times,
    joint_losses,
    noisy_tile,
)

T = torch.tensor([0.3, 0.8])


@pytest.fixture
def batch(make_ellipses):
    """Two tiles, known on the left half; every second nucleus has a class."""
    rows = []
    for seed in (0, 1):
        instances = make_ellipses((48, 64), seed)
        classes = {i: BUNDLED.stated[i % 7] for i in range(2, instances.max() + 1, 2)}
        image = np.random.default_rng(seed).integers(0, 256, (48, 64, 3), dtype=np.uint8)
        target = class_target(instances, classes, BUNDLED)
        rows.append((joint_tile(image, distance_target(instances), target, BUNDLED), target))
    known = torch.zeros(2, 1, 48, 64)
    known[..., :32] = 1
    clean, target = (torch.tensor(np.stack(x)) for x in zip(*rows, strict=True))
    return Batch(clean, target, known, known.clone(), torch.zeros(2, 9, 48, 64), torch.tensor([2, 2]), ("", ""))


@pytest.fixture
def estimate():
    generator = torch.Generator().manual_seed(0)
    return CleanTile(
        torch.randn(2, 4, 48, 64, generator=generator).requires_grad_(),
        torch.randn(2, 8, 48, 64, generator=generator).requires_grad_(),
    )


def values(losses):
    return [losses.image.item(), losses.distance.item(), losses.classes.item()]


def elsewhere(batch):
    """The batch with other labels where none are known."""
    unknown = batch.known == 0
    clean = batch.clean.clone()
    clean[:, 3:] = torch.where(unknown, -clean[:, 3:], clean[:, 3:])
    return replace(batch, clean=clean, classes=torch.where(unknown[:, 0], 3, batch.classes))


def test_the_truth_costs_nothing(batch):
    maps = (batch.clean[:, 4:] + 1) / 2
    losses = joint_losses(CleanTile(batch.clean[:, :4], torch.log(maps + 1e-12)), batch, T)
    assert values(losses) == pytest.approx([0, 0, 0], abs=1e-5)


def test_the_total_is_the_weighted_sum(batch, estimate):
    losses = joint_losses(estimate, batch, T)
    image, distance, classes = values(losses)
    wanted = IMAGE_WEIGHT * image + DISTANCE_WEIGHT * distance + CLASS_WEIGHT * classes
    assert losses.total.item() == pytest.approx(wanted) and min(image, distance, classes) > 0


def test_all_times_weigh_alike(batch):
    # An error of c_out costs 1 at any time: what an untrained network's unit output errs by.
    for t in (0.0, 0.5, 0.9):
        c_out = (1 - t) * 0.5 / ((t * 0.5) ** 2 + (1 - t) ** 2) ** 0.5
        wrong = CleanTile(batch.clean[:, :4] + c_out, torch.zeros(2, 8, 48, 64))
        assert joint_losses(wrong, batch, torch.full((2,), t)).image.item() == pytest.approx(1, rel=1e-4)


def test_the_very_end_of_the_path_stays_finite(batch, estimate):
    assert np.isfinite(values(joint_losses(estimate, batch, torch.ones(2)))).all()


def test_labels_where_none_are_known_change_nothing(batch, estimate):
    other = elsewhere(batch)
    assert not torch.equal(other.classes, batch.classes)
    assert values(joint_losses(estimate, other, T)) == values(joint_losses(estimate, batch, T))


def test_labels_that_are_known_do_count(batch, estimate):
    everywhere = torch.ones_like(batch.known)
    known = replace(batch, known=everywhere, class_weight=everywhere)
    before, after = values(joint_losses(estimate, known, T)), values(joint_losses(estimate, elsewhere(batch), T))
    assert before[1] != after[1] and before[2] != after[2]


def test_label_outputs_get_no_gradient_where_nothing_is_known(batch, estimate):
    joint_losses(estimate, batch, T).total.backward()
    assert not estimate.class_logits.grad[..., 32:].any() and not estimate.continuous.grad[:, 3, :, 32:].any()
    assert estimate.class_logits.grad[..., :32].any() and estimate.continuous.grad[:, :3, :, 32:].any()


def test_tiles_without_labels_teach_the_image_alone(batch, estimate):
    nothing = replace(batch, known=torch.zeros_like(batch.known), class_weight=torch.zeros_like(batch.known))
    image, distance, classes = values(joint_losses(estimate, nothing, T))
    assert image > 0 and distance == classes == 0


def test_points_without_masks_teach_their_class_but_no_distance(batch, estimate):
    discs = torch.zeros_like(batch.known)
    discs[..., 40:44, 40:44] = 6
    joint_losses(estimate, replace(batch, known=torch.zeros_like(discs), class_weight=discs), T).total.backward()
    taught = estimate.class_logits.grad.abs().sum(1, keepdim=True) > 0
    assert torch.equal(taught, discs > 0)
    assert not estimate.continuous.grad[:, 3].any()


def test_the_weight_of_a_pixel_is_its_share_of_the_class_loss(batch, estimate):
    heavy = batch.class_weight.clone()
    heavy[0] *= 3
    alone = [
        joint_losses(estimate, replace(batch, class_weight=w), T).classes.item()
        for w in (batch.class_weight, heavy, torch.stack([batch.class_weight[0], torch.zeros(1, 48, 64)]))
    ]
    first, both = alone[2], alone[0]
    assert alone[1] == pytest.approx((3 * first + (2 * both - first)) / 4, rel=1e-5)


def unstated(batch):
    return replace(batch, classes=torch.where(batch.classes > 0, UNSTATED, batch.classes))


def redistributed(logits):
    """Other class logits with the same probability of nucleus and of background."""
    mixed = torch.roll(logits[:, 1:], 2, dims=1) * 1.7 + torch.arange(7.0)[None, :, None, None]
    mixed += logits[:, 1:].logsumexp(1, keepdim=True) - mixed.logsumexp(1, keepdim=True)
    return torch.cat([logits[:, :1], mixed], 1)


def test_an_unstated_class_scores_nucleus_against_background_alone(batch, estimate):
    batch = unstated(batch)
    logits = estimate.class_logits.detach()
    one, other = (joint_losses(CleanTile(estimate.continuous, x), batch, T) for x in (logits, redistributed(logits)))
    assert other.classes.item() == pytest.approx(one.classes.item(), rel=1e-5)
    # Against background it is the cross-entropy of two: background, and all the rest.
    two = torch.stack([logits[:, 0], logits[:, 1:].logsumexp(1)], 1)
    entropy = torch.nn.functional.cross_entropy(two, (batch.classes != 0).long(), reduction="none")
    assert one.classes.item() == pytest.approx(entropy[..., :32].mean().item(), rel=1e-5)


def test_an_unstated_class_pulls_no_class_towards_another(batch, estimate):
    batch = unstated(batch)
    joint_losses(estimate, batch, T).classes.backward()
    gradient = estimate.class_logits.grad[:, 1:]
    within = estimate.class_logits[:, 1:].detach().softmax(1)
    # The gradient only scales all class probabilities together: its share of each is the class' own share.
    assert torch.allclose(gradient, within * gradient.sum(1, keepdim=True), atol=1e-8)
    assert gradient.any()


def test_a_stated_class_pulls_towards_itself(batch, estimate):
    joint_losses(estimate, batch, T).classes.backward()
    stated = (batch.classes > 0) & (batch.known[:, 0] > 0)
    own = estimate.class_logits.grad.gather(1, batch.classes.clamp_min(0)[:, None])[:, 0]
    assert stated.any() and (own[stated] < 0).all()


def test_the_noisy_tile_lies_on_the_straight_path_where_labels_are_known(batch):
    noise = torch.randn(batch.clean.shape, generator=torch.Generator().manual_seed(0))
    z = noisy_tile(batch, noise, T)
    path = T[:, None, None, None] * batch.clean + (1 - T[:, None, None, None]) * noise
    assert torch.equal(z[:, :3], path[:, :3])
    assert torch.equal(z[..., :32], path[..., :32])


def test_label_channels_without_labels_are_noise_alone(batch):
    noise = torch.randn(batch.clean.shape, generator=torch.Generator().manual_seed(0))
    for t in (T, torch.ones(2)):
        z = noisy_tile(batch, noise, t)
        assert torch.equal(z[:, 3:, :, 32:], noise[:, 3:, :, 32:])
        assert torch.equal(z, noisy_tile(elsewhere(batch), noise, t))


def times(n, seed=0):
    return draw_times(n, torch.Generator().manual_seed(seed))


def test_times_repeat_and_stay_on_the_path():
    assert torch.equal(times(8), times(8)) and not torch.equal(times(8), times(8, 1))
    many = times(20_000)
    assert many.dtype == torch.float32 and 0 < many.min() < 1e-3 and 0.99 < many.max() < 1


def test_every_row_of_a_batch_comes_anywhere_on_the_path():
    rows = torch.stack([times(4, seed) for seed in range(200)])
    assert (rows.min(0).values < 0.01).all() and (rows.max(0).values > 0.95).all()


@pytest.mark.parametrize("seed", range(3))
def test_each_batch_covers_the_path_as_the_parts_of_the_times_say(seed):
    assert sum(share for share, _, _ in TIMES) == pytest.approx(1)
    many = times(2000, seed).double()
    for limit in (0.01, 0.03, 0.1, 0.38, 0.8, 0.9, 0.97):
        z = [(np.log(limit / (1 - limit)) - mean) / spread for _, mean, spread in TIMES]
        wanted = 2000 * sum(share * ndtr(x) for (share, _, _), x in zip(TIMES, z, strict=True))
        # Drawn each from its own stretch: chance moves one draw of a part across a limit, not the 20 that it would.
        assert (many < limit).sum().item() == pytest.approx(wanted, abs=len(TIMES))
