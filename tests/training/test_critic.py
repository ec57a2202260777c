"""The critic: learns what parts two kinds of images, and its slope leads from one to the other."""

import math

import pytest

torch = pytest.importorskip("torch")

from napari_cosynth.training.critic import (  # noqa: E402
    Critic,
    GrainCritic,
    critic_loss,
    paired_loss,
    persuasion_loss,
)

WIDTHS = (4, 6)


def features(batch, tilt, seed):
    """Unit vectors of two resolutions, the first channel raised by ``tilt``."""
    chance = torch.Generator().manual_seed(seed)
    found = [torch.randn(batch, c, side, side, generator=chance) for c, side in zip(WIDTHS, (12, 6), strict=True)]
    for f in found:
        f[:, 0] += tilt
    return [torch.nn.functional.normalize(f, dim=1) for f in found]


@pytest.fixture(scope="module")
def taught():
    """A critic that was shown tilted features as real, plain ones as made."""
    torch.manual_seed(0)
    critic = Critic(WIDTHS).train()
    optimizer = torch.optim.Adam(critic.parameters(), lr=3e-3, betas=(0.0, 0.99))
    for step in range(60):
        loss = critic_loss(critic(features(4, 0.8, 2 * step)), critic(features(4, 0.0, 2 * step + 1)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return critic.eval()


def test_marks_are_one_a_place_and_one_a_whole(taught):
    assert [tuple(m.shape) for m in taught(features(3, 0, 0))] == [(3, 100), (3, 1), (3, 16), (3, 1)]


def test_it_learns_to_tell_unseen_ones_apart(taught):
    real, made = taught(features(8, 0.8, 1001)), taught(features(8, 0.0, 1000))
    assert critic_loss(real, made) < 1.6 < critic_loss(made, real)
    assert all(r.mean() > m.mean() for r, m in zip(real, made, strict=True))


def test_following_its_slope_persuades_it(taught):
    made = [f.requires_grad_() for f in features(2, 0.0, 1000)]
    before = persuasion_loss(taught(made))
    before.sum().backward()
    with torch.no_grad():
        after = persuasion_loss(taught([f - 0.5 * f.grad / f.grad.norm() for f in made]))
    assert before.shape == (2,) and (after < before).all()


def test_a_sure_critic_has_no_loss_and_an_ignorant_one_two():
    sure, none = [torch.full((2, 3), 1.5)], [torch.zeros(2, 3)]
    assert critic_loss(sure, [-sure[0]]) == 0 and critic_loss(none, none) == 2


def test_an_image_is_marked_by_itself(taught):
    both = taught(features(2, 0.3, 5))
    alone = taught([f[1:] for f in features(2, 0.3, 5)])
    assert all(torch.allclose(b[1:], a, atol=1e-5) for b, a in zip(both, alone, strict=True))


def test_pairs_are_compared_one_by_one():
    marks = [torch.tensor([[1.0, -2.0]]), torch.tensor([[3.0]])]
    assert paired_loss(marks, marks).item() == pytest.approx(math.log(2))
    better = [mark + 20 for mark in marks]
    assert paired_loss(better, marks) < 1e-6 < 19 < paired_loss(marks, better)
    # What both have in common does not count.
    assert paired_loss([m + 100 for m in better], [m + 100 for m in marks]) < 1e-6


def test_the_critic_of_pixels_learns_to_tell_grain():
    torch.manual_seed(0)
    critic = GrainCritic()
    optimizer = torch.optim.Adam(critic.parameters(), lr=3e-3, betas=(0.0, 0.99))

    def images(seed):
        chance = torch.Generator().manual_seed(seed)
        smooth = torch.nn.functional.interpolate(torch.rand(4, 3, 6, 6, generator=chance), size=32, mode="bicubic")
        # Some hundredths of the contrast, as the grain of real tiles.
        return (smooth + 0.03 * torch.randn(smooth.shape, generator=chance)).clamp(-1, 1), smooth

    for seed in range(40):
        real, made = images(seed)
        loss = paired_loss(critic(real), critic(made))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    real, made = (critic.eval()(side) for side in images(1000))
    assert [tuple(m.shape) for m in real] == [(4, 576), (4, 1), (4, 64), (4, 1)]
    assert paired_loss(real, made) < 0.3 < 1 < paired_loss(made, real)


def test_an_image_without_any_grain_has_slopes_too():
    image = torch.ones(1, 3, 24, 24, requires_grad=True)
    sum(mark.sum() for mark in GrainCritic()(image)).backward()
    assert image.grad.isfinite().all()
