"""Labels first: two stages on one network, and a folder that says so."""

import pytest

torch = pytest.importorskip("torch")

from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler  # noqa: E402

from napari_cosynth.classes import BUNDLED  # noqa: E402
from napari_cosynth.layout import Layout  # noqa: E402
from napari_cosynth.model import zoo  # noqa: E402
from napari_cosynth.model.labels_first import IMAGE, LABELS, LabelsFirstPipeline, pipeline_class  # noqa: E402
from napari_cosynth.model.path import noise_levels  # noqa: E402
from napari_cosynth.model.pipeline import CoSynthPipeline  # noqa: E402
from napari_cosynth.model.surround import inner  # noqa: E402

LAYOUT = Layout(centroids=[(20, 20), (40.5, 50), (60, 10)], class_ids=[0, 1, 5], height=64, width=80)


@pytest.fixture
def two_stages(make_unet, make_encoder):
    network = make_unet(process="labels-first")
    return LabelsFirstPipeline(network, FlowMatchEulerDiscreteScheduler(), make_encoder())


def denoised(pipe, steps):
    noise = pipe.draw_noise((64, 80), [torch.Generator().manual_seed(7)])
    return inner(noise), list(pipe.denoise([LAYOUT], ["dense colon"], noise, steps))


def test_labels_are_made_beside_noise_and_then_stand_still(two_stages):
    asked = []
    two_stages.unet.register_forward_pre_hook(lambda module, inputs: asked.append((inputs[0].clone(), inputs[1])))
    noise, steps = denoised(two_stages, 4)
    assert [(s.number, s.total) for s in steps] == [(i, 4) for i in range(1, 5)]
    for step in steps[:2]:
        assert torch.equal(step.joint[:, IMAGE], noise[:, IMAGE])
        assert not torch.equal(step.joint[:, LABELS], noise[:, LABELS])
    for step in steps[2:]:
        torch.testing.assert_close(step.joint[:, LABELS], steps[1].joint[:, LABELS])
        assert not torch.equal(step.joint[:, IMAGE], noise[:, IMAGE])
    # The network is told where each part stands: noise beside labels, then clean labels beside the image.
    places = torch.stack([t[0] for _, t in asked])
    half = 1 - float(noise_levels(2)[1])
    torch.testing.assert_close(places, torch.tensor([[0.0, 0.0], [0.0, half], [0.0, 1.0], [half, 1.0]]))


def test_at_least_one_step_for_each_stage(two_stages):
    assert len(denoised(two_stages, 1)[1]) == 2 and len(denoised(two_stages, 5)[1]) == 5


def test_a_folder_says_how_it_is_sampled(make_unet, minilm, tmp_path):
    from napari_cosynth.training.export import export_model
    from napari_cosynth.training.loop import TrainedState

    for process, kind in (("labels-first", LabelsFirstPipeline), ("joint", CoSynthPipeline)):
        network = make_unet(text_channels=minilm.channels, process=process)
        assert pipeline_class(network) is kind
        state = TrainedState(network.state_dict(), 3, 24, 1.5, {})
        export_model(state, dict(network.config), minilm, BUNDLED, tmp_path / process)
        assert type(zoo.load(zoo.check_folder(tmp_path / process))) is kind


def test_equal_places_of_both_parts_are_the_joint_path(make_unet):
    network = make_unet(process="labels-first")
    with torch.no_grad():
        for layer in network.label_time:
            if isinstance(layer, torch.nn.Linear):
                layer.weight.zero_()
                layer.bias.zero_()
    z = torch.randn(2, 12, 32, 32, generator=torch.Generator().manual_seed(0))
    t = torch.tensor([0.3, 0.9])
    rest = (torch.zeros(2, 9, 32, 32), torch.ones(2, 1, 32, 32), torch.tensor([2, 1]))
    text = (torch.zeros(2, 1, 16), torch.zeros(2, 1, dtype=torch.bool))
    with torch.inference_mode():
        one, two = network(z, t, *rest, *text).joint, network(z, torch.stack([t, t], 1), *rest, *text).joint
    torch.testing.assert_close(one, two)
