"""Drawn layouts: exact, apart, repeatable, where they shall be."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from napari_cosynth.layout import Layout
from napari_cosynth.layout_io import read_layout, write_layout
from napari_cosynth.layouts.sample import sample_layout
from napari_cosynth.layouts.simulate import CrowdedError

COUNTS = {"neoplastic": 20, "inflammatory": 11}


@pytest.fixture(scope="module")
def drawn(make_tissue):
    return sample_layout(make_tissue(), COUNTS, seed=3, height=160, width=128)


@pytest.mark.parametrize("counts", [COUNTS, {"inflammatory": 7}, {"neoplastic": 1, "inflammatory": 0}, {}])
def test_counts_are_exact(make_tissue, counts):
    layout = sample_layout(make_tissue(), counts, seed=1, height=128, width=128)
    assert {name: n for name, n in layout.counts().items() if n} == {name: n for name, n in counts.items() if n}


def test_the_hard_core_is_kept(make_tissue):
    for seed in range(3):
        layout = sample_layout(make_tissue(hard_core_um=4.0), {"neoplastic": 50}, seed=seed, height=160, width=160)
        assert pdist(layout.centroids).min() >= 4.0 / 0.25


def test_points_are_never_the_same_nucleus_whatever_the_model_says(make_tissue):
    tight = make_tissue(hard_core_um=0.0, clustered=False)
    layout = sample_layout(tight, {"neoplastic": 400}, seed=0, height=64, width=64, um_per_px=0.5)
    assert pdist(layout.centroids).min() >= 1.0


def test_a_seed_gives_the_same_layout_and_another_seed_another(make_tissue, drawn):
    assert sample_layout(make_tissue(), COUNTS, seed=3, height=160, width=128) == drawn
    assert sample_layout(make_tissue(), COUNTS, seed=4, height=160, width=128) != drawn


def test_locked_points_stay_and_count(make_tissue, drawn):
    locked = drawn.remove(range(5, len(drawn)))
    again = sample_layout(make_tissue(), COUNTS, seed=9, height=160, width=128, locked=locked)
    assert np.array_equal(again.centroids[:5], locked.centroids) and again.names[:5] == locked.names
    assert again.counts() == drawn.counts()


def test_new_points_keep_the_hard_core_of_locked_ones(make_tissue):
    locked = Layout(centroids=[(40, 40), (80, 80)], classes=["neoplastic", "inflammatory"], height=128, width=128)
    counts = {"neoplastic": 30, "inflammatory": 9}
    layout = sample_layout(make_tissue(), counts, seed=0, height=128, width=128, locked=locked)
    assert pdist(layout.centroids).min() >= 3.0 / 0.25


def test_more_points_stand_where_the_density_is_high_and_none_where_it_is_zero(make_tissue):
    density = np.zeros((128, 128))
    density[:, 32:96], density[:, 96:] = 1, 6
    # Few points, as the hard core would fill the dense part up.
    made = [
        sample_layout(make_tissue(), {"neoplastic": 12}, seed=s, height=128, width=128, density=density)
        for s in range(6)
    ]
    cols = np.concatenate([layout.centroids[:, 1] for layout in made])
    assert cols.min() >= 31.5
    assert (cols >= 95.5).sum() > 1.2 * (cols < 95.5).sum()  # half as wide


def test_a_density_can_be_of_one_class(make_tissue):
    left = np.zeros((128, 128))
    left[:, :40] = 1
    layout = sample_layout(make_tissue(), COUNTS, seed=2, height=128, width=128, density={"inflammatory": left})
    cols = layout.centroids[:, 1]
    of = np.array(layout.names)
    assert cols[of == "inflammatory"].max() < 39.5 < cols[of == "neoplastic"].max()


def test_the_edge_is_as_dense_as_the_middle(make_tissue):
    flat = make_tissue(clustered=False)
    rows = np.concatenate(
        [sample_layout(flat, {"neoplastic": 40}, seed=s, height=128, width=128).centroids[:, 0] for s in range(20)]
    )
    at_edge = ((rows < 15.5) | (rows >= 111.5)).mean()  # a quarter of the tile
    assert 0.2 < at_edge < 0.3


def test_attraction_and_avoidance_show(make_tissue):
    from napari_cosynth.layouts.pattern import pattern_of_layout
    from napari_cosynth.layouts.statistics import pair_correlation

    flat = make_tissue(clustered=False)
    made = [sample_layout(flat, {"neoplastic": 40, "inflammatory": 40}, seed=s) for s in range(8)]
    patterns = [pattern_of_layout(layout, flat.classes) for layout in made]
    observed, expected = pair_correlation(patterns, 2, np.array([0.0, 3.0, 5.0]))
    near = (observed / expected)[..., 1]
    assert near[0, 0] > 1.2 and near[0, 1] < 0.7


@pytest.mark.parametrize("name", ["a.csv", "a.geojson"])
def test_files_of_layouts_read_back(drawn, tmp_path, name):
    write_layout(drawn, tmp_path / name)
    again = read_layout(tmp_path / name, size=(160, 128))
    assert again.names == drawn.names and np.allclose(again.centroids, drawn.centroids, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"counts": {"stroma": 3}}, "no class 'stroma'; it has neoplastic, inflammatory"),
        ({"counts": {"neoplastic": -1}}, "whole number of 0 or more"),
        ({"counts": {"neoplastic": 2.5}}, "whole number of 0 or more"),
        ({"counts": {"neoplastic": 400}, "height": 64, "width": 64}, "do not fit"),
        ({"counts": {"neoplastic": 6000}}, "at most 5000"),
        ({"height": 100}, "multiples of 16"),
        ({"density": np.ones((4, 4))}, "must be (256, 256)"),
        ({"density": np.full((256, 256), -1.0)}, "allowed is 0 or more"),
        ({"density": np.zeros((256, 256))}, "0 everywhere"),
        ({"density": {"stroma": np.ones((256, 256))}}, "no class 'stroma'"),
        ({"locked": Layout(height=64, width=64)}, "make them the same"),
        ({"locked": Layout(centroids=[(1, 1)], classes=["epithelial"])}, "no class 'epithelial'"),
        ({"counts": {}, "locked": Layout(centroids=[(1, 1)], classes=["neoplastic"])}, "1 are locked"),
    ],
)
def test_what_cannot_be_made_is_refused_with_the_reason(make_tissue, change, words):
    with pytest.raises(ValueError) as caught:
        sample_layout(make_tissue(), **{"counts": COUNTS, "seed": 0} | change)
    assert words in str(caught.value)


@pytest.mark.parametrize(("side", "larger"), [(64, True), (1024, False)])
def test_a_larger_tile_is_advised_only_where_there_is_one(make_tissue, monkeypatch, side, larger):
    def crowded(*_, **__):
        raise CrowdedError("9 nuclei do not fit")

    monkeypatch.setattr("napari_cosynth.layouts.sample.simulate", crowded)
    with pytest.raises(ValueError, match="ask for fewer") as caught:
        sample_layout(make_tissue(), {"neoplastic": 9}, seed=0, height=side, width=side)
    assert ("larger tile" in str(caught.value)) is larger
