"""The rest of the path: led by the truth it ends there, and slopes go through its last steps alone."""

import pytest

torch = pytest.importorskip("torch")

from napari_cosynth.training.continuation import STEPS, continued, place_before  # noqa: E402


def noisy(tile, first):
    noise = torch.randn(tile.shape, generator=torch.Generator().manual_seed(0))
    t = place_before(first)
    return t * tile + (1 - t) * noise


@pytest.fixture
def tile():
    return torch.rand(2, 12, 16, 16, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize("first", [0, 6, STEPS - 1])
def test_who_knows_the_tile_gets_to_it_and_is_told_where_it_stands(tile, first):
    places = []

    def predict(z, t):
        places.append(t)
        assert torch.allclose(z, noisy(tile, first + len(places) - 1), atol=1e-4)
        return tile

    assert torch.allclose(continued(predict, noisy(tile, first), first, 1), tile, atol=1e-6)
    assert places == pytest.approx([place_before(step) for step in range(first, STEPS)], abs=1e-5)


@pytest.mark.parametrize("sloped", [1, 2, 3])
def test_slopes_go_through_the_last_steps_alone(tile, sloped):
    factors = [torch.tensor(1.0, requires_grad=True) for _ in range(4)]
    left = iter(factors)
    made = continued(lambda z, t: next(left) * z * 0.5, noisy(tile, 8), 8, sloped)
    made.square().mean().backward()
    assert [factor.grad is not None for factor in factors] == [False] * (4 - sloped) + [True] * sloped


def test_what_leaves_the_range_of_a_tile_is_cut(tile):
    assert continued(lambda z, t: 5 * tile, noisy(tile, 9), 9, 1).abs().max() == 1


def test_a_compiled_network_is_compiled_once(tile):
    compiled = []

    def backend(graph, inputs):
        compiled.append(graph)
        return graph.forward

    network = torch.compile(torch.nn.Conv2d(12, 12, 3, padding=1), backend=backend)
    network(noisy(tile, 8).requires_grad_()).mean().backward()
    for first, sloped in [(8, 1), (6, 3)]:
        continued(lambda z, t: network(z), noisy(tile, first), first, sloped).mean().backward()
    assert len(compiled) == 1
