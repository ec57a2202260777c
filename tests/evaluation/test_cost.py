"""What a tile costs."""

import pytest
import torch

from napari_cosynth.evaluation.cost import OFFICIAL, CostReport, cost, flop_of_forward
from napari_cosynth.layout import Layout
from napari_cosynth.model.unet import JointUNet
from napari_cosynth.model.zoo import check_folder, load
from napari_cosynth.request import SynthesisRequest


@pytest.fixture
def folder(model_folder):
    return check_folder(model_folder)


def request(**values):
    return SynthesisRequest(layout=Layout(), model="m", model_hash="0", **({"prompt": "colon"} | values))


def network(**config):
    with torch.device("meta"):
        return JointUNet(text_channels=16, **({"channels": (32, 32), "attention_blocks": 1} | config))


def test_parameters_are_those_of_the_weights(folder, pipe):
    from safetensors.torch import load_file

    weights = load_file(folder.path / "unet" / "diffusion_pytorch_model.safetensors")
    assert cost(folder, request()).ours.parameters == sum(w.numel() for w in weights.values())


@pytest.mark.parametrize(
    ("values", "forwards"),
    [
        ({"guidance": 2, "layout_guidance": 1}, 12 + 4),
        ({"guidance": 1, "layout_guidance": 1}, 12),
        ({"guidance": 2, "layout_guidance": 1, "prompt": ""}, 12),
        ({"guidance": 2, "layout_guidance": 1.5}, 12 + 4 + 4),
        ({"guidance": 1, "layout_guidance": 0}, 12 + 12),
        ({"guidance": 0.5, "layout_guidance": 1.5}, 12 + 12 + 4),
        ({"guidance": 0, "layout_guidance": 1.5}, 12 + 4),
    ],
)
def test_guidance_costs_forwards_while_it_lasts(folder, values, forwards):
    assert cost(folder, request(steps=12, **values)).ours.forwards_per_tile == forwards


@pytest.mark.parametrize(
    "values",
    [
        {"guidance": 1, "layout_guidance": 1},
        {"guidance": 2, "layout_guidance": 1.5},
        {"layout_guidance": 0},
        {"guidance": 0},
    ],
)
def test_operations_are_those_of_the_canvases_that_the_pipeline_goes_over(folder, values):
    pipe, flop = load(folder, "cpu"), 0
    with torch.device("meta"):
        same = JointUNet.from_config(pipe.unet.config)

    def count(network, inputs):
        nonlocal flop
        flop += len(inputs[0]) * flop_of_forward(same, inputs[0].shape[-1])

    handle = pipe.unet.register_forward_pre_hook(count)
    asked = request(steps=4, **values)
    pipe(asked.layout, asked.prompt, asked.steps, asked.guidance, asked.layout_guidance)
    handle.remove()
    assert cost(folder, asked).ours.tflop_per_tile == pytest.approx(flop / 1e12, rel=1e-3)


def test_operations_of_convolutions_grow_with_the_area():
    # The coarsest level's attention grows faster than the area, a little.
    small, large = (flop_of_forward(network(), side) for side in (64, 128))
    assert 4 < large / small < 5


def test_a_convolution_is_counted_by_hand():
    wider = flop_of_forward(network(n_classes=8), 64) - flop_of_forward(network(n_classes=7), 64)
    # One class map more: 4 channels more into the stem and out of the head, 3 x 3, at 32 x 32, twice for multiply-add.
    assert wider == 2 * 2 * 9 * 4 * 32 * 32 * 32


def test_against_the_official_network(folder):
    report = cost(folder, request(steps=12))
    assert OFFICIAL.tflop_per_tile == pytest.approx(2552)
    assert report.times_less == pytest.approx(OFFICIAL.tflop_per_tile / report.ours.tflop_per_tile)
    assert report.times_less > 1
    assert CostReport.model_validate_json(report.model_dump_json()) == report
