"""Glands and bands drawn into densities: what is made of them by the point process."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cosynth.layouts.pattern import pattern_of_layout
from napari_cosynth.layouts.sample import sample_layout
from napari_cosynth.layouts.tissues import find_tissue
from napari_cosynth.structure.arrangements import ring_likeness, rings, slimness
from napari_cosynth.structure.shaped import shaped

GLAND = {"epithelial": 30, "connective": 10, "inflammatory": 4}
BAND = {"neoplastic": 36, "connective": 12}
SEEDS = range(20)


def even(counts: dict[str, int], side: int = 256) -> dict[str, np.ndarray]:
    return {name: np.ones((side, side)) for name in counts}


def places(tissue: str, prompt: str, counts: dict[str, int], seed: int, side: int = 256):
    """Places of each class, all places, and the size, um."""
    density = shaped(even(counts, side), prompt, counts, 0.25, seed)
    layout = sample_layout(find_tissue(tissue), counts, seed=seed, height=side, width=side, density=density)
    assert {name: n for name, n in layout.counts().items() if n} == counts
    classes = tuple(counts)
    pattern = pattern_of_layout(layout, classes)
    return {name: pattern.points[pattern.marks == i] for i, name in enumerate(classes)}, pattern.points, pattern.size


@pytest.mark.parametrize("lining", ["epithelial", "neoplastic"])
def test_with_the_word_rings_are_closed_more_clearly_and_counts_are_exact(lining):
    counts = {lining: 30, "connective": 10, "inflammatory": 4}

    def closure(prompt: str) -> np.ndarray:
        made = (places("colon", prompt, counts, seed) for seed in SEEDS)
        return np.array([ring_likeness(of[lining], everyone, size) for of, everyone, size in made])

    gain = closure("gland-forming tissue") - closure("")
    assert gain.mean() > 0.2 and (gain > 0).mean() > 0.8


def test_a_larger_tile_gets_several_glands():
    counts = {"neoplastic": 110, "connective": 40, "inflammatory": 20}
    for seed in range(3):
        of, everyone, size = places("colon", "gland-forming adenocarcinoma", counts, seed, 512)
        assert sum(share >= 0.75 for share, *_ in rings(of["neoplastic"], everyone, size)) >= 3


def test_a_large_coarse_tile_is_full_of_glands():
    counts = {"epithelial": 900, "connective": 300}
    made = shaped(even(counts, 512), "glands", counts, 1.0, 0)["connective"]
    lumina = made < 0.01
    quarters = [
        lumina[rows, cols].mean() for rows in (slice(256), slice(256, 512)) for cols in (slice(256), slice(256, 512))
    ]
    assert min(quarters) > 0.05


def test_a_band_is_longer_than_without_the_word():
    def slim(prompt: str) -> float:
        return np.mean([slimness(places("breast", prompt, BAND, seed)[0]["connective"]) for seed in SEEDS])

    assert slim("band of stroma") > 1.5 * slim("stroma")


@pytest.mark.parametrize(("prompt", "counts"), [("gland", GLAND), ("glands", GLAND), ("strip of stroma", BAND)])
def test_densities_stay_positive_of_mean_one_and_the_seed_decides(prompt, counts):
    given = even(counts)
    made, again, other = (shaped(given, prompt, counts, 0.25, seed) for seed in (1, 1, 2))
    assert made.keys() == given.keys() and all((values == 1).all() for values in given.values())
    for name, values in made.items():
        assert values.min() > 0 and values.mean() == pytest.approx(1) and values.std() > 0.1
        assert np.array_equal(values, again[name]) and not np.allclose(values, other[name])


@pytest.mark.parametrize(
    ("prompt", "counts"),
    [
        ("", GLAND),
        ("tumour nest, stroma", GLAND),
        ("gland", {"epithelial": 5, "connective": 30}),
        ("gland", {"connective": 30}),
        ("band of stroma", {"neoplastic": 30}),
        ("band of stroma", {"neoplastic": 30, "connective": 2}),
    ],
)
def test_without_the_word_or_the_nuclei_for_it_densities_stay(prompt, counts):
    made = shaped(even(counts), prompt, counts, 0.25, 0)
    assert all((values == 1).all() for values in made.values())


def test_no_class_stands_in_a_lumen_and_the_most_frequent_one_lines_it():
    counts = {"neoplastic": 12, "epithelial": 30, "connective": 20}
    made = shaped(even(counts), "gland", counts, 0.25, 0)
    assert made["epithelial"].max() > 3 > made["neoplastic"].max()
    empty = [values < 0.01 * values.max() for values in made.values()]
    assert np.logical_and.reduce(empty).mean() > 0.05


def test_what_was_learned_still_says_where_glands_lie():
    left = np.full((512, 512), 0.01)
    left[:, :256] = 2
    counts = {"epithelial": 30}
    made = [shaped({"epithelial": left / left.mean()}, "gland", counts, 0.25, seed)["epithelial"] for seed in SEEDS]
    assert np.mean([values[:, :256].sum() / values.sum() for values in made]) > 0.75


def test_gland_and_band_stand_together():
    counts = {"epithelial": 20, "connective": 12}
    both = shaped(even(counts), "gland, band of stroma", counts, 0.25, 0)
    alone = shaped(even(counts), "gland", counts, 0.25, 0)
    assert not np.allclose(both["connective"], alone["connective"])
    assert both["epithelial"].std() > 1 and both["connective"].std() > 1
