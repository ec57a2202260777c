"""Words of arrangements, and captions made of them."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cosynth.structure.traits import TRAITS
from napari_cosynth.structure.words import (
    STRUCTURES,
    Structure,
    draws_maps,
    structures_in,
    structures_of,
    traits_in,
    write_structure_caption,
)

SIZE = (64.0, 64.0)


def words(points, names):
    return {structure.ways[0] for structure in structures_of(points, names, SIZE)}


def test_a_gland_in_stroma_is_called_so(circle):
    corners = np.array([[3.0, 3], [3, 60], [60, 3], [60, 60], [3, 32], [60, 32]])
    points = np.concatenate([circle(18, 15.0), corners])
    assert "gland" in words(points, ["epithelial"] * 18 + ["connective"] * 6)
    assert "gland" not in words(points, ["connective"] * 24)
    two = np.concatenate([circle(14, 11, (16, 16)), circle(14, 11, (46, 46))])
    assert "glands" in words(two, ["neoplastic"] * 28)


def test_a_ring_without_classes_is_a_gland_only_beyond_chance(circle):
    corners = np.array([[3.0, 3], [3, 60], [60, 3], [60, 60], [3, 32], [60, 32]])
    closed = np.concatenate([circle(20, 15.0), corners])
    assert "gland" in words(closed, ["unspecified"] * 26)
    thin = np.concatenate([circle(12, 12.0), corners])
    assert "gland" in words(thin, ["epithelial"] * 12 + ["connective"] * 6)
    assert "gland" not in words(thin, ["unspecified"] * 18)
    # A class that says so is believed although others have none.
    assert "gland" in words(thin, ["epithelial"] * 12 + ["unspecified"] * 6)


def test_chance_makes_no_glands_of_nuclei_without_classes():
    named = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        points = rng.random((rng.integers(20, 90), 2)) * 64
        named += bool({"gland", "glands"} & words(points, ["unspecified"] * len(points)))
    assert named <= 4


def test_lymphocytes_crowd_or_are_scattered(grid):
    tumour = grid(np.arange(2, 64, 9), np.arange(2, 64, 9))
    few = np.array([[6.5, 6.5], [6.5, 51.5], [42.5, 33.5], [51.5, 6.5], [33.5, 51.5]])
    points = np.concatenate([tumour, few])
    assert "scattered lymphocytes" in words(points, ["neoplastic"] * len(tumour) + ["inflammatory"] * len(few))
    crowd = np.random.default_rng(0).normal(32, 5, (20, 2))
    assert "lymphoid aggregate" in words(crowd, ["inflammatory"] * 20)


def test_nest_rim_band_and_border(circle, grid):
    nest = np.concatenate([circle(10, 8.0), circle(5, 3.0)])
    around = circle(22, 22.0)
    found = words(np.concatenate([nest, around]), ["neoplastic"] * 15 + ["inflammatory"] * 22)
    assert {"tumour nest", "rim of lymphocytes"} <= found
    left, right = grid(np.arange(4, 64, 7), np.arange(4, 30, 7)), grid(np.arange(4, 64, 7), np.arange(36, 60, 7))
    found = words(np.concatenate([left, right]), ["neoplastic"] * len(left) + ["connective"] * len(right))
    assert "tumour border" in found and "rim of stroma" not in found
    band = grid(np.arange(2, 64, 6), np.array([30.0, 34.0]))
    rest = grid(np.arange(4, 64, 7), np.array([4.0, 11, 18, 46, 53, 60]))
    found = words(np.concatenate([band, rest]), ["connective"] * len(band) + ["neoplastic"] * len(rest))
    assert "band of stroma" in found


def test_a_sheet_is_solid_and_too_few_points_are_nothing(grid):
    sheet = grid(np.arange(3, 64, 8), np.arange(3, 64, 8))
    assert "solid tumour" in words(sheet, ["neoplastic"] * len(sheet))
    assert "stroma" in words(sheet, ["connective"] * len(sheet))
    assert words(sheet[:5], ["neoplastic"] * 5) == set()


def test_captions_say_the_tissue_and_the_structures_in_many_ways():
    rng = np.random.default_rng(0)
    shown = [Structure("gland", ("gland", "glandular lumen")), Structure("stroma", ("stroma",))]
    captions = [write_structure_caption("colon", "adenocarcinoma", ["epithelial"] * 9, shown, rng) for _ in range(200)]
    assert len(set(captions)) > 50
    for part in ("colon adenocarcinoma", "gland", "glandular lumen", "stroma", "gland with stroma", "epithelial"):
        assert any(part in caption for caption in captions), part
    assert "" in {write_structure_caption("", "", [], [], rng) for _ in range(50)}


def test_what_is_said_depends_on_the_random_numbers_alone():
    made = [write_structure_caption("colon", "", [], STRUCTURES[:1], np.random.default_rng(5)) for _ in range(2)]
    assert made[0] == made[1]


@pytest.mark.parametrize("names", [["unspecified"] * 18, ["positive"] * 9 + ["negative"] * 9])
def test_classes_without_structure_words_are_no_trouble(circle, names):
    assert isinstance(words(circle(18, 15.0), names), set)


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda structure: structure.name)
def test_a_structure_is_found_in_each_way_to_say_it(structure):
    for way in structure.ways:
        assert structure in structures_in(f"Colon, {way.upper()} with stroma")
    assert {*structure.high, *structure.low} <= set(TRAITS)
    assert structures_in("") == [] and structures_in("colonband of stromatic") == []


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("tumour nests", "tumour nest"),
        ("Nests of tumor cells", "tumour nest"),
        ("lymphoid aggregates", "lymphoid aggregate"),
        ("two bands of  stroma", "band of stroma"),
        ("tumour nest with rims of\nlymphocytes", "rim of lymphocytes around tumour"),
        ("tumors surrounded by stroma", "rim of stroma around tumour"),
        ("sheets of epithelium", "sheet of epithelium"),
        ("tumour infiltrating lymphocytes", "infiltrating lymphocytes"),
        ("nuclei in a cluster, nuclei in clusters", "clustered nuclei"),
    ],
)
def test_the_plural_and_hyphens_do_not_matter(prompt, name):
    assert name in [structure.name for structure in structures_in(prompt)]


def test_one_gland_is_not_several():
    assert [s.name for s in structures_in("gland")] == ["gland"]
    assert [s.name for s in structures_in("glands")] == ["glands"]


@pytest.mark.parametrize("prompt", ["no glands", "colon without a gland", "No gland", "without any tumour nests"])
def test_what_is_denied_is_not_named(prompt):
    assert structures_in(prompt) == []
    assert [s.name for s in structures_in(f"{prompt}, gland")] == ["gland"]


def test_names_are_of_one_structure_alone():
    assert len({structure.name for structure in STRUCTURES}) == len(STRUCTURES)


def test_words_become_traits_and_the_longer_words_win():
    typical = {
        "border of tumour and stroma": {"connective parted from neoplastic": 0.97},
        "gland": {"closure": 0.9},
        "sheet of epithelium": {"closure": 0.5},
    }
    assert traits_in("tumor border", typical) == {"connective parted from neoplastic": 0.97}
    assert traits_in("sheet of epithelium without gland", typical) == {"closure": 0.5}
    assert traits_in("breast", typical) == {}


def test_without_classes_maps_are_drawn_for_a_structure_alone():
    unknown = {"unspecified": 30, "neoplastic": 0}
    assert not draws_maps("glioma", unknown) and not draws_maps("", unknown)
    assert draws_maps("glioma, clustered nuclei", unknown)
    assert draws_maps("glioma", {**unknown, "neoplastic": 1})
