"""A deeper network computes what the one that it was made of does."""

import pytest

torch = pytest.importorskip("torch")

from napari_cosynth.training.deepen import deepened  # noqa: E402


def inputs(network):
    config, chance = network.config, torch.Generator().manual_seed(0)
    return (
        torch.randn(2, 5 + config.n_classes, 64, 64, generator=chance),
        torch.rand(2, generator=chance),
        torch.rand(2, config.condition_channels, 64, 64, generator=chance),
        torch.ones(2, 1, 64, 64),
        torch.tensor([1, 2]),
        torch.randn(2, 4, config.text_channels, generator=chance),
        torch.ones(2, 4, dtype=torch.bool),
    )


@pytest.fixture
def trained(make_unet):
    """A network none of whose weights is where it began."""
    network = make_unet(3).eval()
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.02 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(1)))
    return network


@torch.no_grad()
@pytest.mark.parametrize("more", [0, 1, 3])
def test_it_computes_the_same(trained, more):
    deeper = deepened(trained, trained.config.attention_blocks + more).eval()
    assert deeper.config.attention_blocks == trained.config.attention_blocks + more
    assert torch.equal(deeper(*inputs(trained)).joint, trained(*inputs(trained)).joint)


@torch.no_grad()
@pytest.mark.parametrize("refinements", [(0, 0), (2, 0), (1, 3)])
def test_with_refinements_it_computes_the_same(trained, refinements):
    deeper = deepened(trained, refinements=refinements).eval()
    assert [len(blocks) for blocks in deeper.refine] == list(reversed(refinements))
    assert torch.equal(deeper(*inputs(trained)).joint, trained(*inputs(trained)).joint)
    still = deepened(deeper, trained.config.attention_blocks + 1)
    assert tuple(still.config.refinements) == refinements
    assert torch.equal(still(*inputs(trained)).joint, trained(*inputs(trained)).joint)


@torch.no_grad()
def test_told_of_detail_it_computes_the_same(trained):
    told = deepened(trained, told_detail=True)
    detail = torch.tensor([[1.0, -2.0], [0.3, 0.5]])
    assert torch.equal(told(*inputs(trained), detail).joint, trained(*inputs(trained)).joint)
    assert deepened(told).config.told_detail and not deepened(trained).config.told_detail


def test_what_tells_it_of_detail_learns(trained):
    told = deepened(trained, told_detail=True)
    told(*inputs(trained), torch.ones(2, 2)).continuous.square().mean().backward()
    assert told.detail[-1].weight.grad.any()


def test_without_a_wish_nothing_changes(trained):
    same = deepened(trained)
    assert all(same.config[name] == value for name, value in trained.config.items() if not name.startswith("_"))
    assert all(torch.equal(weight, trained.state_dict()[name]) for name, weight in same.state_dict().items())


def test_new_refinements_learn(trained):
    deeper = deepened(trained, refinements=(2, 1))
    deeper(*inputs(trained)).continuous.square().mean().backward()
    new = [block for blocks in deeper.refine for block in blocks]
    assert len(new) == 3 and all(block.conv2.weight.grad.any() for block in new)


def test_its_new_blocks_learn(trained):
    deeper = deepened(trained, trained.config.attention_blocks + 1)
    deeper(*inputs(trained)).continuous.square().mean().backward()
    new = deeper.middle[2 * trained.config.attention_blocks :][:-1]
    assert len(new) == 2
    assert all(any(w.grad is not None and w.grad.any() for w in block.parameters()) for block in new)


def test_fewer_blocks_are_refused(make_unet):
    deeper = deepened(make_unet(0), 3)
    with pytest.raises(ValueError, match="fewer than the 3 of the network to start from"):
        deepened(deeper, 2)


@pytest.mark.parametrize("refinements", [(1, 0), (2,), (2, 1, 0)])
def test_fewer_refinements_or_other_levels_are_refused(make_unet, refinements):
    deeper = deepened(make_unet(0), refinements=(2, 1))
    with pytest.raises(ValueError, match="it has 2,1; give as many or more for each of its 2 levels"):
        deepened(deeper, refinements=refinements)
