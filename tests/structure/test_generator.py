"""The generator: sizes, seeds, prompts, classes."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cosynth.structure.generator import FLOOR, flow_times

COUNTS = {"neoplastic": 20, "inflammatory": 10, "connective": 0}


def draw(generator, prompt="gland", counts=COUNTS, **changes):
    return generator.densities(prompt, counts, **{"seed": 1, "height": 64, "width": 64, "steps": 2, **changes})


@pytest.mark.parametrize("size", [(64, 64), (80, 272), (256, 96)])
def test_any_tile_gets_positive_maps_of_mean_one_for_the_classes_that_it_has(generator, size):
    made = draw(generator, height=size[0], width=size[1])
    assert set(made) == {"neoplastic", "inflammatory"}
    for values in made.values():
        assert values.shape == size and values.min() > 0 and values.mean() == pytest.approx(1)
        assert np.isfinite(values).all() and values.std() > 0


def test_the_same_seed_gives_the_same_maps_and_another_one_others(generator):
    first, again, other = (draw(generator, seed=seed)["neoplastic"] for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.allclose(first, other)


def test_prompt_counts_and_guidance_have_an_effect_and_an_empty_prompt_takes_none(generator):
    base = draw(generator)["neoplastic"]
    assert not np.allclose(base, draw(generator, prompt="stroma")["neoplastic"])
    assert not np.allclose(base, draw(generator, counts={"neoplastic": 2})["neoplastic"])
    assert not np.allclose(base, draw(generator, guidance=1)["neoplastic"])
    plain = draw(generator, prompt="")["neoplastic"]
    assert np.array_equal(plain, draw(generator, prompt="  ", guidance=5)["neoplastic"])
    # Without guidance the prompt counts for nothing at 0.
    assert draw(generator, guidance=0)["neoplastic"] == pytest.approx(plain, rel=1e-3)


def test_what_is_typical_of_a_word_is_told_the_network(make_net, make_encoder):
    from napari_cosynth.classes import BUNDLED
    from napari_cosynth.structure.generator import StructureGenerator

    def made(prompt: str, **typical) -> np.ndarray:
        generator = StructureGenerator(make_net(), make_encoder(), BUNDLED, typical=typical)
        return draw(generator, prompt)["neoplastic"]

    told = made("gland", gland={"closure": 3.0})
    assert not np.allclose(told, made("gland", gland={"closure": -3.0})) and not np.allclose(told, made("gland"))
    assert np.array_equal(made("stroma", gland={"closure": 3.0}), made("stroma"))
    # Without its class the trait means nothing, and is not told.
    band = {"band of epithelium": {"slimness of epithelial": 3.0}}
    assert np.array_equal(made("band of epithelium", **band), made("band of epithelium"))


def test_a_gland_is_drawn_where_it_finds_room_and_not_without_guidance(generator):
    def made(prompt, **changes):
        counts = {"neoplastic": 30, "connective": 5}
        return draw(generator, prompt, counts, height=256, width=256, **changes)["neoplastic"]

    # A lumen is emptier than the floor under what is learned.
    assert (made("gland") < 0.9 * FLOOR).mean() > 0.02 > (made("stroma") < 0.9 * FLOOR).mean()
    assert made("gland", guidance=0) == pytest.approx(made("", guidance=0), rel=1e-3)


def test_a_network_without_traits_draws_by_words_alone(make_net, make_encoder):
    from napari_cosynth.classes import BUNDLED
    from napari_cosynth.structure.generator import StructureGenerator

    generator = StructureGenerator(make_net(n_traits=0), make_encoder(), BUNDLED)
    assert not np.allclose(draw(generator)["neoplastic"], draw(generator, prompt="stroma")["neoplastic"])


def test_a_map_is_that_of_the_same_tissue_at_another_pixel_size(generator):
    fine = draw(generator, height=256, width=256)["neoplastic"]
    coarse = draw(generator, height=128, width=128, um_per_px=0.5)["neoplastic"]
    assert np.corrcoef(fine.reshape(128, 2, 128, 2).mean(axis=(1, 3)).ravel(), coarse.ravel())[0, 1] > 0.999


def test_contrast_makes_places_more_or_less_alike(generator):
    spread = [draw(generator, contrast=c)["neoplastic"].std() for c in (0, 0.5, 1)]
    assert spread[0] == pytest.approx(0) and spread[0] < spread[1] < spread[2]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"counts": {"hepatocyte": 3}}, "unknown class 'hepatocyte'"),
        ({"height": 100}, "multiples of 16"),
        ({"steps": 0}, "at least 1"),
    ],
)
def test_wrong_input_is_refused(generator, changes, words):
    with pytest.raises(ValueError, match=words):
        draw(generator, **changes)


def test_times_go_from_noise_to_map():
    times = flow_times(5)
    assert len(times) == 6 and times[0] == 0 and times[-1] == 1 and times == sorted(times)


def test_the_network_takes_maps_of_any_size(make_net):
    import torch

    network = make_net()
    for side in (16, 24, 40):
        z = torch.randn(2, 8, side, 16)
        out = network(z, torch.rand(2), torch.ones(2, 8), torch.randn(2, 16), torch.tensor([True, False]))
        assert out.shape == z.shape
    assert network.multiple == 2
