"""Network and critic learn in turn, each from the other, neither from itself."""

import io

import pytest

torch = pytest.importorskip("torch")

from accelerate import Accelerator  # noqa: E402

from napari_cosynth.training.looks import Looks  # noqa: E402
from napari_cosynth.training.rival import Rival  # noqa: E402

WIDTHS = (4, 6)


def seen(tilt=0.0, seed=0):
    """Two rows of three; the made ones lack a tilt of the first channel."""
    chance = torch.Generator().manual_seed(seed)
    sides = tuple(zip(WIDTHS, (12, 6), strict=True))
    made, real = ([torch.randn(2, c, side, side, generator=chance) for c, side in sides] for _ in range(2))
    for feature in real:
        feature[:, 0] += tilt
    made, real = ([torch.nn.functional.normalize(f, dim=1) for f in part] for part in (made, real))
    return Looks(tuple(f.requires_grad_() for f in made), tuple(real), rows=3)


@pytest.fixture
def rival():
    torch.manual_seed(0)
    return Rival(WIDTHS, 3e-3, Accelerator(cpu=True))


def weights(rival):
    return {name: value.clone() for name, value in rival.critic.state_dict().items()}


def test_persuasion_teaches_the_network_alone(rival):
    look = seen()
    rival.persuasion_loss(look).backward()
    assert all(feature.grad.any() for feature in look.made)
    assert all(p.grad is None and p.requires_grad for p in rival.critic.parameters())


def test_learning_teaches_the_critic_alone_and_it_learns(rival):
    doubts = []
    for seed in range(60):
        look = seen(0.8, seed)
        doubts.append(rival.learn(look))
        assert all(feature.grad is None for feature in look.made)
    assert sum(doubts[-5:]) < sum(doubts[:5]) <= 5 * 2.2


def test_rows_that_are_not_looked_at_count_nothing(rival):
    rival.critic.eval()
    look = seen()
    more = Looks(look.made, look.real, rows=6)
    assert rival.persuasion_loss(more).item() == pytest.approx(rival.persuasion_loss(look).item() / 2, rel=1e-5)


def test_it_goes_on_from_its_state(rival):
    for seed in range(3):
        rival.learn(seen(0.8, seed))
    other = Rival(WIDTHS, 3e-3, Accelerator(cpu=True))
    file = io.BytesIO()
    torch.save(rival.state(), file)
    file.seek(0)
    other.load_state(torch.load(file, weights_only=True))
    one, two = (r.learn(seen(0.8, 9)) for r in (rival, other))
    assert one == two
    assert all(torch.equal(a, b) for a, b in zip(weights(rival).values(), weights(other).values(), strict=True))
