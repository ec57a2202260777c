"""What a user sets: bounds, what it comes to, and that a made tile's settings come back."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from napari_cosynth.presets import DRAFT, FINE, QUALITIES, STANDARD
from napari_cosynth.request import MAX_SEED
from napari_cosynth.run_settings import MAX_VARIANTS, NEW_SEEDS, RunSettings

settings_made = st.builds(
    RunSettings,
    quality=st.sampled_from(list(QUALITIES)),
    variants=st.integers(1, MAX_VARIANTS),
    seed=st.integers(0, MAX_SEED),
    seed_locked=st.booleans(),
    steps=st.none() | st.integers(1, 200),
    guidance=st.none() | st.floats(0, 20),
    layout_guidance=st.none() | st.floats(0, 20),
    model=st.none() | st.just("cosynth-nuclei"),
    device=st.none() | st.just("cpu"),
    live=st.booleans(),
    preview=st.booleans(),
)


def test_defaults():
    made = RunSettings()
    assert (made.quality, made.variants, made.seed, made.seed_locked) == ("standard", 1, 1, True)
    assert (made.preset, made.model, made.device, made.live, made.preview) == (STANDARD, None, None, False, True)


@given(settings_made)
def test_json_round_trip(made):
    assert RunSettings.model_validate_json(made.model_dump_json()) == made


@pytest.mark.parametrize(
    "fields",
    [
        {"quality": "best"},
        {"variants": 0},
        {"variants": 17},
        {"seed": -1},
        {"seed": 2**63},
        {"steps": 0},
        {"steps": 201},
        {"guidance": 20.1},
        {"layout_guidance": math.nan},
        {"colour": "red"},
    ],
)
def test_values_out_of_bounds_are_refused(fields):
    with pytest.raises(ValidationError, match=next(iter(fields))):
        RunSettings(**fields)
    with pytest.raises(ValidationError, match=next(iter(fields))):
        RunSettings().but(**fields)


def test_what_is_set_takes_the_place_of_the_quality_s_own():
    assert RunSettings(quality="fine").preset == FINE
    assert RunSettings(quality="draft", guidance=3).preset == DRAFT._replace(guidance=3)
    assert RunSettings(steps=7, layout_guidance=0).preset == STANDARD._replace(steps=7, layout_guidance=0)


@given(settings_made)
def test_a_draft_is_one_quick_tile_of_the_same_seed(made):
    draft = made.draft
    assert (draft.preset.steps, draft.seeds) == (DRAFT.steps, (made.seed,))
    assert (draft.guidance, draft.layout_guidance, draft.model) == (made.guidance, made.layout_guidance, made.model)


@given(settings_made)
def test_variants_have_seeds_of_their_own_that_a_request_can_hold(made):
    assert made.seeds[0] == made.seed
    assert len(set(made.seeds)) == made.variants
    assert all(0 <= seed <= MAX_SEED for seed in made.seeds)


def test_the_seed_after_the_highest_is_0():
    assert RunSettings(seed=MAX_SEED, variants=3).seeds == (MAX_SEED, 0, 1)


@pytest.mark.parametrize("seed", [0, 1, NEW_SEEDS - 1, NEW_SEEDS, MAX_SEED])
def test_a_new_seed_is_another_one_and_nothing_else_changes(seed):
    made = RunSettings(seed=seed, variants=4)
    drawn = [made.with_new_seed() for _ in range(200)]
    assert all(new.seed != seed and 0 <= new.seed < NEW_SEEDS for new in drawn)
    assert {new.but(seed=seed) for new in drawn} == {made}
    assert len({new.seed for new in drawn}) > 150


@given(settings_made, settings_made)
def test_the_settings_of_a_made_tile_come_back(now, then):
    again = now.like(then.preset)
    assert again.preset == then.preset
    assert (again.variants, again.seed, again.model) == (now.variants, now.seed, now.model)


def test_the_settings_of_a_made_tile_come_back_as_a_quality_where_it_is_one():
    now = RunSettings(quality="draft", steps=9)
    assert now.like(FINE) == RunSettings(quality="fine")
    assert now.like(DRAFT._replace(guidance=2)) == RunSettings(quality="draft", guidance=2)
    assert now.like(STANDARD._replace(steps=30)) == RunSettings(quality="draft", steps=30)


def test_a_difference_is_named_for_the_menu():
    assert RunSettings(seed=2).difference(RunSettings()) == "seed"
    assert RunSettings(layout_guidance=2).difference(RunSettings()) == "layout guidance"
    assert RunSettings(seed=2, live=True).difference(RunSettings()) == "settings"
