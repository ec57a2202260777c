"""The pipeline: repeatable, linear in its path, equal to its own last step, loud about wrong input."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler  # noqa: E402
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler  # noqa: E402
from diffusers.schedulers.scheduling_unipc_multistep import UniPCMultistepScheduler  # noqa: E402

from napari_cosynth.classes import BUNDLED, Taxonomy  # noqa: E402
from napari_cosynth.interior import interior_points  # noqa: E402
from napari_cosynth.layout import Layout  # noqa: E402
from napari_cosynth.model.detail import detail_of  # noqa: E402
from napari_cosynth.model.path import noise_levels  # noqa: E402
from napari_cosynth.model.pipeline import CoSynthPipeline  # noqa: E402
from napari_cosynth.model.surround import MARGIN, SURROUNDED_FROM, inner, mirrored  # noqa: E402
from napari_cosynth.model.targets import class_target, distance_target, joint_tile  # noqa: E402
from napari_cosynth.model.unet import CleanTile  # noqa: E402

FLOW = {"prediction_type": "flow_prediction", "use_flow_sigmas": True, "flow_shift": 1.0}
LAYOUT = Layout(centroids=[(20, 20), (40.5, 50), (60, 10)], class_ids=[0, 1, 5], height=64, width=80)
EMPTY = Layout(height=64, width=80)


def seeded(seed=7):
    return torch.Generator().manual_seed(seed)


def run(pipe, layout=LAYOUT, prompt="dense colon", steps=3, seed=7, **options):
    return pipe(layout, prompt, steps, generator=seeded(seed), **options)


def identical(one, other):
    return all(
        np.array_equal(a, b) and np.array_equal(x.instances, y.instances) and np.array_equal(x.semantic, y.semantic)
        for a, b, x, y in zip(one.images, other.images, one.labels, other.labels, strict=True)
    )


class Oracle(torch.nn.Module):
    """A network that knows the clean tile, and remembers what it was asked."""

    def __init__(self, clean):
        super().__init__()
        self.clean, self.asked = clean, []
        self.config = SimpleNamespace(n_classes=clean.shape[1] - 5)
        self.device, self.dtype = torch.device("cpu"), torch.float32

    def forward(self, z, t, *_):
        self.asked.append((t.clone(), z.clone()))
        clean = self.clean if z.shape[-2:] == self.clean.shape[-2:] else mirrored(self.clean)
        clean = clean.expand(len(z), -1, -1, -1)
        return CleanTile(clean[:, :4], torch.log((clean[:, 4:] + 1) / 2 + 1e-30))


@pytest.fixture
def oracle(make_ellipses, make_encoder):
    """A pipeline whose network knows the tile of ``layout``."""
    instances = make_ellipses((64, 80), seed=2)
    ids, points = interior_points(instances)
    classes = {int(i): BUNDLED.stated[int(i) % 7] for i in ids}
    image = np.random.default_rng(0).integers(0, 256, (64, 80, 3), dtype=np.uint8)
    clean = joint_tile(image, distance_target(instances), class_target(instances, classes, BUNDLED), BUNDLED)
    pipe = CoSynthPipeline(Oracle(torch.tensor(clean[None])), FlowMatchEulerDiscreteScheduler(), make_encoder())
    layout = Layout(centroids=points, class_ids=[classes[int(i)] for i in ids], height=64, width=80)
    return SimpleNamespace(pipe=pipe, layout=layout, image=image, instances=instances, clean=clean, classes=classes)


def test_one_output_for_each_layout(pipe):
    out = run(pipe, [LAYOUT, EMPTY])
    assert len(out.images) == len(out.labels) == 2
    for image, labels in zip(out.images, out.labels, strict=True):
        assert image.shape == (64, 80, 3) and image.dtype == np.uint8
        assert labels.instances.shape == (64, 80) and labels.instances.dtype == np.int32
        assert labels.semantic.shape == (64, 80) and labels.semantic.dtype == np.uint8


def test_the_same_generator_gives_the_same_tile_bit_for_bit(pipe):
    assert identical(run(pipe), run(pipe))
    assert not np.array_equal(run(pipe).images[0], run(pipe, seed=8).images[0])


def test_layout_and_prompt_change_the_tile(pipe):
    first = run(pipe).images[0]
    assert not np.array_equal(first, run(pipe, EMPTY).images[0])
    assert not np.array_equal(first, run(pipe, prompt="breast").images[0])


def test_a_tile_gets_the_detail_of_a_training_tile(make_unet, make_encoder):
    def made(prompt="dense colon", seed=7, steps=2, **options):
        details = {"one": {"colon": [[2.0, -1.0]], "breast": [[-2.0, 1.0]]}}
        pipe = CoSynthPipeline(
            make_unet(told_detail=True), FlowMatchEulerDiscreteScheduler(), make_encoder(), details=details
        )
        told = []
        forward = pipe.unet.forward
        pipe.unet.forward = lambda *given: told.append(given[-1]) or forward(*given)
        run(pipe, [LAYOUT, EMPTY], [prompt, "breast"], steps, seed, **options)
        return told

    plain = made()
    assert len(plain) == 2 and all(torch.equal(t, torch.tensor([[2.0, -1.0], [-2.0, 1.0]])) for t in plain)
    # What tiles are guided away from is recorded alike: else detail would be exaggerated.
    assert torch.equal(made(guidance_scale=2.0)[0], plain[0].repeat(2, 1))
    either = {(2.0, -1.0), (-2.0, 1.0)}
    assert {tuple(made("nuclei", seed)[0][0].tolist()) for seed in range(8)} == either
    # Without a prompt no word of it counts.
    assert {tuple(made("dense colon", seed, guidance_scale=0)[0][0].tolist()) for seed in range(8)} == either


def test_only_the_finished_tile_is_brought_to_the_colour_of_its_detail(make_unet, make_encoder):
    def steps(details):
        pipe = CoSynthPipeline(make_unet(), FlowMatchEulerDiscreteScheduler(), make_encoder(), details=details)
        noise = pipe.draw_noise((64, 80), [seeded()])
        return [step.joint for step in pipe.denoise([LAYOUT], ["colon"], noise, 3)]

    plain, dull = steps(None), steps({"one": {"colon": [[0.0, -2.5]]}})
    assert all(torch.equal(a, b) for a, b in zip(plain[:-1], dull[:-1], strict=True))
    assert torch.equal(plain[-1][:, 3:], dull[-1][:, 3:])
    assert detail_of(dull[-1][:, :3])[0, 1] < detail_of(plain[-1][:, :3])[0, 1] - 0.5


def test_a_tile_does_not_depend_on_the_others_of_its_batch(pipe):
    noise = torch.cat([pipe.draw_noise((64, 80), [seeded(1)]), pipe.draw_noise((64, 80), [seeded(2)])])
    (*_, both) = pipe.denoise([LAYOUT, EMPTY], ["colon", "dense breast"], noise, 2)
    (*_, alone) = pipe.denoise([EMPTY], ["dense breast"], noise[1:], 2)
    assert torch.allclose(both.joint[1:], alone.joint, atol=1e-3)


def test_noise_comes_from_each_layouts_own_generator(pipe):
    two = pipe.draw_noise((64, 80), [seeded(1), seeded(2)])
    assert two.shape == (2, 12, 64 + 2 * MARGIN, 80 + 2 * MARGIN) and two.device.type == "cpu"
    assert torch.equal(two[1:], pipe.draw_noise((64, 80), [seeded(2)]))
    one = seeded(1)
    in_turn = pipe.draw_noise((64, 80), [one, one])
    assert torch.equal(in_turn[0], two[0]) and not torch.equal(in_turn[1], in_turn[0])


def test_denoise_yields_each_step_and_ends_in_the_tile(pipe):
    noise = pipe.draw_noise((64, 80), [seeded()])
    steps = list(pipe.denoise([LAYOUT], ["dense colon"], noise, 5))
    assert [(s.number, s.total) for s in steps] == [(i, 5) for i in range(1, 6)]
    assert all(s.joint.shape == (1, 12, 64, 80) and s.joint.dtype == torch.float32 for s in steps)
    assert all(s.joint.abs().max() <= 1 for s in steps)
    assert [s.timestep for s in steps] == sorted((s.timestep for s in steps), reverse=True)
    assert identical(pipe.decode(steps[-1].joint, [LAYOUT]), run(pipe, steps=5))


def test_the_callback_sees_each_step(pipe):
    seen = []
    out = run(pipe, steps=4, callback_on_step_end=lambda *step: seen.append(step))
    assert [index for _, index, *_ in seen] == [0, 1, 2, 3] and all(p is pipe for p, *_ in seen)
    assert identical(pipe.decode(seen[-1][3]["joint"], [LAYOUT]), out)


def test_a_callback_that_raises_stops_the_run(pipe):
    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(pipe, callback_on_step_end=stop)
    assert identical(run(pipe), run(pipe))


def test_guidance_of_one_adds_no_term(pipe):
    rows = []
    hook = pipe.unet.register_forward_pre_hook(lambda _, given: rows.append(len(given[0])))
    plain = run(pipe, guidance_scale=1, layout_guidance_scale=1, steps=1)
    run(pipe, guidance_scale=2, layout_guidance_scale=1, steps=1)
    run(pipe, guidance_scale=1, layout_guidance_scale=2, steps=1)
    run(pipe, guidance_scale=2, layout_guidance_scale=2, steps=1)
    run(pipe, guidance_scale=2, layout_guidance_scale=1, prompt="", steps=1)
    hook.remove()
    assert rows == [1, 2, 2, 3, 1]
    assert identical(plain, run(pipe, guidance_scale=1, layout_guidance_scale=1, steps=1))
    prompted = run(pipe, guidance_scale=3, layout_guidance_scale=1, steps=1)
    assert not np.array_equal(plain.images[0], prompted.images[0])
    assert not np.array_equal(plain.images[0], run(pipe, guidance_scale=1, layout_guidance_scale=3, steps=1).images[0])


def test_guidance_goes_from_the_unconditional_through_the_conditional_tile(pipe):
    noise = pipe.draw_noise((64, 80), [seeded()])

    def first(prompt, g):
        scales = {"guidance_scale": g, "layout_guidance_scale": 1}
        return next(pipe.denoise([LAYOUT], [prompt], noise, 4, **scales, held_until=2)).joint

    full, without = first("dense colon", 1), first("", 1)
    guided, half = first("dense colon", 1.5), first("dense colon", 0.5)
    inner = (full.abs() < 1) & (without.abs() < 1)  # Where nothing was clipped.
    expected = (full + 0.5 * (full - without)).clamp(-1, 1)
    assert inner[:, :3].float().mean() > 0.1
    assert torch.allclose(guided[:, :3][inner[:, :3]], expected[:, :3][inner[:, :3]], atol=1e-4)
    assert torch.allclose(half[inner], ((full + without) / 2)[inner], atol=1e-4)


@pytest.mark.parametrize("scales", [(3, 1), (1, 3), (2, 2)])
def test_guidance_above_one_leaves_the_labels_as_the_network_predicts_them(pipe, scales):
    noise = pipe.draw_noise((64, 80), [seeded()])

    def first(g, h):
        return next(pipe.denoise([LAYOUT], ["dense colon"], noise, 4, g, h, held_until=2)).joint

    plain, guided = first(1, 1), first(*scales)
    assert torch.allclose(plain[:, 3:], guided[:, 3:], atol=1e-5) and not torch.equal(plain[:, :3], guided[:, :3])


@pytest.mark.parametrize("scheduler", [FlowMatchEulerDiscreteScheduler(), UniPCMultistepScheduler(**FLOW)])
@pytest.mark.parametrize("steps", [1, 2, 7, 60])
def test_a_network_that_knows_the_tile_leads_straight_to_it(oracle, monkeypatch, scheduler, steps):
    # Equivalence with the flow-matching definition: z(sigma) = (1 - sigma) x + sigma e for all sigma, x at the end.
    ends = []
    oracle.pipe.scheduler = scheduler
    step = type(scheduler).step

    def recorded(*args, **options):
        ends.append(step(*args, **options)[0])
        return (ends[-1],)

    monkeypatch.setattr(type(scheduler), "step", recorded)
    noise = oracle.pipe.draw_noise((64, 80), [seeded()])
    clean = torch.tensor(oracle.clean[None])
    made = list(oracle.pipe.denoise([oracle.layout], [""], noise, steps, held_until=2))
    for level, (t, z) in zip(noise_levels(steps), oracle.pipe.unet.asked, strict=True):
        assert t[0].item() == pytest.approx(1 - level, abs=2e-6)
        x, e = (mirrored(clean), noise) if level < SURROUNDED_FROM else (clean, inner(noise))
        assert torch.allclose(z[:1], t[:1] * x + (1 - t[:1]) * e, atol=1e-4)
    assert torch.allclose(ends[-1], clean, atol=1e-4)
    assert torch.allclose(made[-1].joint, clean, atol=1e-5)


def test_a_network_that_knows_the_tile_gives_its_image_and_labels(oracle):
    out = oracle.pipe(oracle.layout, "colon", 3, generator=seeded())
    assert np.array_equal(out.images[0], oracle.image)
    made, true = out.labels[0].instances, oracle.instances
    assert (made == true).mean() > 0.97 and np.unique(made).tolist() == np.unique(true).tolist()
    assert out.labels[0].class_of == oracle.classes


def test_a_tile_has_surroundings_only_when_what_stands_where_is_settled(oracle):
    # The network sees points at the edge as in training, where a crop ends with its canvas.
    noise = oracle.pipe.draw_noise((64, 80), [seeded()])
    list(oracle.pipe.denoise([oracle.layout], [""], noise, 6))
    own, wider = (64, 80), (64 + 2 * MARGIN, 80 + 2 * MARGIN)
    sizes = [tuple(z.shape[-2:]) for _, z in oracle.pipe.unet.asked]
    assert sizes == [wider if level < SURROUNDED_FROM else own for level in noise_levels(6)]
    assert set(sizes) == {own, wider}


def test_labels_are_held_to_the_layout_while_there_is_much_noise(oracle):
    fewer = oracle.layout.remove([0])
    noise = oracle.pipe.draw_noise((64, 80), [seeded()])
    steps = list(oracle.pipe.denoise([fewer], [""], noise, 4, held_until=0.5))
    extra = [oracle.pipe.decode(step.joint, [fewer]).labels[0].instances.max() > len(fewer) for step in steps]
    assert extra == (noise_levels(4) < 0.5).tolist() and 0 < sum(extra) < 4
    muted = next(oracle.pipe.denoise([fewer], [""], noise, 4, layout_guidance_scale=0.5))
    assert torch.allclose(muted.joint, torch.tensor(oracle.clean[None]), atol=1e-5)


@pytest.mark.parametrize("layout_guidance", [0, 0.5, 1, 1.25, 2])
def test_a_prompt_of_weight_zero_is_unheard_whatever_the_weight_of_the_layout(pipe, layout_guidance):
    def made(prompt, guidance):
        return run(pipe, prompt=prompt, guidance_scale=guidance, layout_guidance_scale=layout_guidance)

    assert identical(made("dense colon", 0), made("", 1)) and identical(made("dense colon", 0), made("breast", 0))
    assert not np.array_equal(made("dense colon", 1).images[0], made("", 1).images[0])


@pytest.mark.parametrize("layout_guidance", [1, 2])
def test_the_lower_its_weight_the_less_is_heard_of_a_prompt(pipe, layout_guidance):
    noise = pipe.draw_noise((64, 80), [seeded()])
    options = {"num_inference_steps": 1, "layout_guidance_scale": layout_guidance, "held_until": 2}

    def image(guidance):
        (step,) = pipe.denoise([LAYOUT], ["dense colon"], noise, guidance_scale=guidance, **options)
        return step.joint[:, :3]

    unheard = image(0)
    heard = [float((image(guidance) - unheard).abs().mean()) for guidance in (0.01, 0.5, 1)]
    assert heard[0] < 0.05 * heard[2] and heard[0] < heard[1] < heard[2]


def test_layouts_of_mixed_sizes_are_refused(pipe):
    with pytest.raises(ValueError, match="2 sizes"):
        run(pipe, [LAYOUT, Layout(height=64, width=64)])


def test_a_layout_of_another_taxonomy_is_refused(pipe):
    other = Taxonomy(classes=[c for c in BUNDLED if c.name not in ("positive", "negative")])
    with pytest.raises(ValueError, match="this model knows neoplastic.*positive"):
        run(pipe, Layout(height=64, width=80, taxonomy=other))


def test_a_layout_of_another_magnification_is_refused(pipe):
    def at(um_per_px):
        return LAYOUT.model_validate({**dict(LAYOUT), "um_per_px": um_per_px})

    with pytest.raises(ValueError, match=r"at 0\.5 um/px, and tiles are made at 0\.25 .*would have 2 times their size"):
        run(pipe, at(0.5))
    with pytest.raises(ValueError, match=r"at 0\.125 um/px"):
        run(pipe, [LAYOUT, at(0.125)])
    # What scanners call 40x is not one number.
    assert identical(run(pipe, at(0.2277), steps=1), run(pipe, steps=1))


def test_counts_must_agree(pipe):
    with pytest.raises(ValueError, match="2 layouts.*got 1 prompts"):
        run(pipe, [LAYOUT, LAYOUT], prompt=["colon"])
    with pytest.raises(ValueError, match="2 layouts and 1 generators"):
        pipe([LAYOUT, LAYOUT], "", 1, generator=[seeded()])
    with pytest.raises(ValueError, match="at least one layout"):
        run(pipe, [])
    with pytest.raises(ValueError, match="noise of that size"):
        next(pipe.denoise([LAYOUT], [""], torch.zeros(1, 12, 64, 64), 1))


def test_a_scheduler_that_cannot_be_told_its_noise_levels_gives_way(make_unet, make_encoder):
    old = CoSynthPipeline(make_unet(), DPMSolverMultistepScheduler(**FLOW), make_encoder())
    new = CoSynthPipeline(make_unet(), UniPCMultistepScheduler(**FLOW), make_encoder())
    assert isinstance(old.scheduler, UniPCMultistepScheduler) and identical(run(old), run(new))


def test_a_saved_model_makes_the_same_tile(model_folder, tmp_path):
    first = CoSynthPipeline.from_pretrained(model_folder)
    first.save_pretrained(tmp_path / "again")
    second = CoSynthPipeline.from_pretrained(tmp_path / "again")
    assert identical(run(first, steps=2), run(second, steps=2))
    assert second.taxonomy == BUNDLED
    assert {p.suffix for p in (tmp_path / "again").rglob("*") if p.is_file()} == {".json", ".safetensors"}


def test_a_model_keeps_its_own_taxonomy(make_unet, minilm, tmp_path):
    two = Taxonomy(classes=[c for c in BUNDLED if c.name in ("neoplastic", "unspecified")])
    unet = make_unet(text_channels=minilm.channels, n_classes=1, condition_channels=3)
    pipe = CoSynthPipeline(unet, FlowMatchEulerDiscreteScheduler(), minilm, two.model_dump(mode="json"))
    pipe.save_pretrained(tmp_path)
    again = CoSynthPipeline.from_pretrained(tmp_path)
    assert again.taxonomy == two
    layout = Layout(centroids=[(20, 20)], class_ids=[0], height=64, width=80, taxonomy=two)
    assert set(np.unique(run(again, layout, steps=1).labels[0].semantic)) <= {0, 1}


def test_module_paths_are_part_of_the_file_format(model_folder):
    index = json.loads((model_folder / "model_index.json").read_text(encoding="utf-8"))
    assert index["_class_name"] == "CoSynthPipeline"
    assert index["unet"] == ["napari_cosynth.model.unet", "JointUNet"]
    assert index["text_encoder"] == ["napari_cosynth.model.text", "TextEncoder"]
    assert index["scheduler"] == ["diffusers", "UniPCMultistepScheduler"]
