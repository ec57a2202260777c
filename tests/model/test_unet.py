"""The network: any allowed size, no row knows its neighbours, the ends of the path."""

import pytest

torch = pytest.importorskip("torch")

from napari_cosynth.model.unet import CleanTile, JointUNet  # noqa: E402

CHANNELS = 12


@pytest.fixture(scope="module")
def network(make_unet):
    return make_unet()


def inputs(batch=2, size=(64, 80), t=0.5, words=3, seed=0):
    g = torch.Generator().manual_seed(seed)
    condition = torch.rand(batch, 9, *size, generator=g)
    return {
        "z": torch.randn(batch, CHANNELS, *size, generator=g),
        "t": torch.full((batch,), t),
        "condition": condition,
        "known": torch.ones(batch, 1, *size),
        "layout_state": torch.full((batch,), 2),
        "text": torch.randn(batch, words, 16, generator=g),
        "text_mask": torch.ones(batch, words, dtype=torch.bool),
    }


@torch.inference_mode()
def joint(network, **given):
    return network(**given).joint


@pytest.mark.parametrize("size", [(64, 64), (64, 80), (128, 128), (16, 144)])
@pytest.mark.parametrize("t", [0.0, 0.5, 1.0])
def test_any_multiple_of_16_gives_a_finite_tile(network, size, t):
    made = joint(network, **inputs(1, size, t))
    assert made.shape == (1, CHANNELS, *size) and made.dtype == torch.float32
    assert made.isfinite().all()


def test_four_levels_take_multiples_of_16(make_unet):
    deep = make_unet(channels=(32, 32, 32, 32))
    assert joint(deep, **inputs(1, (80, 112))).isfinite().all()


def test_only_a_network_that_is_told_of_details_hears_them(network, make_unet):
    detail = torch.tensor([[1.0, -2.0], [0.0, 0.0]])
    assert torch.equal(joint(network, **inputs(), detail=detail), joint(network, **inputs()))
    told = make_unet(told_detail=True)
    with_detail, without = joint(told, **inputs(), detail=detail), joint(told, **inputs())
    assert not torch.allclose(with_detail[0], without[0], atol=1e-3)
    assert torch.allclose(with_detail[1], without[1], atol=1e-4)


def test_class_maps_are_probabilities(network):
    maps = (joint(network, **inputs())[:, 4:] + 1) / 2
    assert torch.allclose(maps.sum(1), torch.ones(2, 64, 80), atol=1e-5) and maps.min() >= 0


def test_a_tile_does_not_depend_on_the_others_of_its_batch(network):
    both = inputs()
    together = joint(network, **both)
    for i in range(2):
        alone = joint(network, **{name: x[i : i + 1] for name, x in both.items()})
        assert torch.allclose(together[i], alone[0], atol=1e-4)


def test_at_the_end_of_the_path_the_estimate_is_what_came_in(network):
    for t, tolerance in ((1.0, 1e-6), (0.999, 0.05)):
        given = inputs(t=t)
        with torch.inference_mode():
            estimate = network(**given)
        assert torch.allclose(estimate.continuous, given["z"][:, :4] * t, atol=tolerance)


@pytest.mark.parametrize("name", ["condition", "known", "layout_state", "text", "t"])
def test_every_input_matters(network, name):
    given = inputs()
    changed = given | {name: torch.zeros_like(given[name])}
    assert not torch.allclose(joint(network, **given), joint(network, **changed), atol=1e-4)


def test_an_absent_prompt_ignores_its_token_states(network):
    given = inputs()
    given["text_mask"] = torch.zeros_like(given["text_mask"])
    nothing = joint(network, **given)
    assert torch.equal(nothing, joint(network, **given | {"text": given["text"] * 7 + 1}))
    shorter = given | {"text": given["text"][:, :1], "text_mask": given["text_mask"][:, :1]}
    assert torch.allclose(nothing, joint(network, **shorter), atol=1e-4)
    given["text_mask"][:] = True
    assert not torch.allclose(nothing, joint(network, **given), atol=1e-3)


def test_padding_of_a_prompt_changes_nothing(network):
    given = inputs(words=3)
    padded = given | {
        "text": torch.cat([given["text"], torch.full((2, 4, 16), 9.0)], 1),
        "text_mask": torch.cat([given["text_mask"], torch.zeros(2, 4, dtype=torch.bool)], 1),
    }
    assert torch.allclose(joint(network, **given), joint(network, **padded), atol=1e-4)


def test_rows_with_and_without_prompt_in_one_batch(network):
    given = inputs()
    given["text_mask"][1] = False
    without = given | {"text_mask": torch.zeros_like(given["text_mask"])}
    mixed = joint(network, **given)
    assert torch.allclose(mixed[1], joint(network, **without)[1], atol=1e-4)
    assert not torch.allclose(mixed[0], joint(network, **without)[0], atol=1e-3)


def test_bfloat16_gives_float32_estimates(make_unet):
    network = make_unet().to(torch.bfloat16)
    given = inputs(1)
    halves = {n: x.to(torch.bfloat16) if n in ("z", "condition", "known", "text") else x for n, x in given.items()}
    made = joint(network, **halves)
    assert made.dtype == torch.float32 and made.isfinite().all()


def test_every_weight_gets_a_gradient(make_unet):
    network = make_unet().train()
    given = inputs(4)
    given["layout_state"] = torch.tensor([0, 1, 2, 2])
    given["text_mask"][3] = False
    network(**given).joint.square().sum().backward()
    assert [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_a_fresh_network_starts_from_the_preconditioned_input():
    fresh = JointUNet(text_channels=16, channels=(32, 32))
    estimate = fresh(**inputs(t=0.5))
    assert not estimate.class_logits.any()
    assert torch.allclose(estimate.continuous, inputs(t=0.5)["z"][:, :4] * 0.4, atol=1e-5)  # c_skip at t = 1/2


def test_config_survives_saving(make_unet, tmp_path):
    network = make_unet(n_classes=3, condition_channels=5)
    network.save_pretrained(tmp_path)
    again = JointUNet.from_pretrained(tmp_path)
    assert again.config.n_classes == 3 and again.config.condition_channels == 5
    assert again.state_dict().keys() == network.state_dict().keys()
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), network.parameters(), strict=True))
    assert [p.suffix for p in tmp_path.iterdir() if p.name != "config.json"] == [".safetensors"]


def test_joint_stacks_continuous_and_classes():
    tile = CleanTile(torch.full((1, 4, 2, 2), 0.25), torch.zeros(1, 8, 2, 2))
    assert tile.joint.shape == (1, 12, 2, 2)
    assert torch.allclose(tile.joint[:, 4:], torch.full((1, 8, 2, 2), 2 / 8 - 1))


@torch.no_grad()
def test_compiled_it_computes_the_same(network):
    # Without code generation: that takes minutes, and what differs is what is traced.
    compiled = torch.compile(network, backend="eager", fullgraph=True)
    assert torch.allclose(compiled(**inputs()).joint, network(**inputs()).joint, atol=1e-5)


def test_refinements_are_for_each_level(make_unet):
    network = make_unet(refinements=(1, 2))
    assert [len(blocks) for blocks in network.refine] == [2, 1]  # the coarsest level comes first on the way up
    with pytest.raises(ValueError, match=r"got refinements for 3 levels \(1,2,0\); give one number for each of the 2"):
        make_unet(refinements=(1, 2, 0))
