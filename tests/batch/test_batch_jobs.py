"""Names and seeds follow from the plan alone, and stay when it grows."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cosynth.batch.jobs import attempt_seed, draw_layout, jobs_of, seed_of
from napari_cosynth.batch.plan import Group, Plan
from napari_cosynth.classes import BUNDLED
from napari_cosynth.request import MAX_SEED


def plan_of(layouts=2, prompts=("a", "b"), variants=2, seed=0, **group) -> Plan:
    table = {"name": "nest", "tissue": "made", "layouts": layouts, "prompts": prompts, "variants": variants}
    return Plan(seed=seed, group=(Group(**table | group),))


def test_each_layout_is_made_with_each_prompt_in_each_variant():
    jobs = list(jobs_of(plan_of()))
    assert [job.name for job in jobs[:5]] == [
        *("nest-00001-p1-v1", "nest-00001-p1-v2", "nest-00001-p2-v1", "nest-00001-p2-v2", "nest-00002-p1-v1")
    ]
    assert len(jobs) == plan_of().n_tiles == 8
    assert len({job.seed for job in jobs}) == 8 and len({job.layout_seed for job in jobs}) == 2


@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.integers(0, MAX_SEED))
def test_a_plan_that_grows_keeps_its_tiles(layouts, prompts, variants, seed):
    words = ("a", "b", "c", "d")
    before = list(jobs_of(plan_of(layouts, words[:prompts], variants, seed)))
    grown = plan_of(layouts + 1, words[: prompts + 1], variants + 1, seed)
    other = Group(name="other", tissue="made", layouts=1)
    after = list(jobs_of(grown.model_copy(update={"group": (other, *grown.group)})))
    assert set(before) < set(after)
    assert len({job.name for job in after}) == len(after)


def test_layouts_of_ones_own_give_tiles_their_files_names(tmp_path):
    own = Group(name="own", files=("b/Case 2 (A).csv", "a.geojson"), prompts=("a", "b"), variants=2)
    jobs = list(jobs_of(Plan(group=(own,))))
    assert len(jobs) == own.tiles == 8 and own.n_layouts == 2
    assert [jobs[0].name, jobs[-1].name] == ["own-case-2-a-p1-v1", "own-a-p2-v2"]
    assert jobs[0].source == "own, layout case-2-a"
    # Another file before the others changes nothing about their tiles.
    grown = Group(**dict(own) | {"files": ("0.csv", *own.files)})
    assert set(jobs) < set(jobs_of(Plan(group=(grown,))))


def test_seeds_fit_into_json_and_requests_and_differ_by_attempt():
    (job, *_) = jobs_of(plan_of())
    seeds = [attempt_seed(job, attempt) for attempt in (1, 2, 3)]
    assert seeds[0] == job.seed and len(set(seeds)) == 3
    assert all(json.loads(json.dumps(s)) == s and 0 <= s < 2**53 for s in seeds)
    assert seed_of(1, "a") != seed_of(2, "a") != seed_of(2, "b")


def test_seeds_are_those_of_every_release():
    assert seed_of(1, "nest-00001-p1-v1") == 33673655889272


def test_layouts_have_the_counts_and_follow_from_the_seed(tissue):
    group = plan_of(counts={"neoplastic": 4, "inflammatory": 3}).group[0]
    a, b, c = (draw_layout(group, tissue, (64, 96), seed, BUNDLED) for seed in (5, 5, 6))
    assert a == b != c and (a.height, a.width) == (64, 96)
    assert (a.counts()["neoplastic"], a.counts()["inflammatory"], len(a)) == (4, 3, 7)


def test_a_mix_is_apportioned_and_what_is_left_out_is_drawn_from_the_tissue(tissue):
    mixed = plan_of(mix={"neoplastic": 60, "inflammatory": 20}, total=8).group[0]
    counts = draw_layout(mixed, tissue, (64, 64), 1, BUNDLED).counts()
    assert (counts["neoplastic"], counts["inflammatory"]) == (6, 2)
    free = plan_of().group[0]
    drawn = [draw_layout(free, tissue, (64, 64), seed, BUNDLED).counts()["neoplastic"] for seed in range(12)]
    assert len(set(drawn)) > 2


def test_layouts_that_do_not_fit_say_so(tissue):
    with pytest.raises(ValueError, match="do not fit"):
        draw_layout(plan_of(counts={"neoplastic": 4000}).group[0], tissue, (64, 64), 1, BUNDLED)
