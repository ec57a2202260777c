"""Likeness to real layouts: the measures tell what differs from what does not."""

from __future__ import annotations

import builtins

import numpy as np
import pytest

from napari_cosynth.data.labelled import LabelledTile
from napari_cosynth.layouts.discriminate import auc_of_telling_apart
from napari_cosynth.layouts.measure import measure
from napari_cosynth.layouts.pattern import Pattern
from napari_cosynth.layouts.sample import sample_layout

sklearn = pytest.importorskip("sklearn", reason="measuring needs the extra train")


@pytest.fixture(scope="module")
def random_sets(poisson):
    return [[poisson(30, seed=s, group=str(s % 40)) for s in range(first, first + 40)] for first in (0, 40)]


def test_what_is_alike_cannot_be_told_apart(random_sets):
    assert auc_of_telling_apart(*random_sets, 1) == pytest.approx(0.5, abs=0.15)


def test_clumps_are_told_from_random_points(random_sets):
    clumps = [Pattern(p.points * 0.4, p.marks, p.size, p.group) for p in random_sets[1]]
    assert auc_of_telling_apart(random_sets[0], clumps, 1) > 0.95


def test_too_few_patients_are_refused(poisson):
    with pytest.raises(ValueError, match="needs 5"):
        auc_of_telling_apart([poisson()], [poisson()], 1)


def test_without_scikit_learn_the_message_says_how_to_get_it(random_sets, monkeypatch):
    real_import = builtins.__import__

    def without(name, *rest):
        if name.startswith("sklearn"):
            raise ImportError("No module named 'sklearn'")
        return real_import(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r'pip install "\.\[train\]"'):
        auc_of_telling_apart(*random_sets, 1)


def test_a_tissue_is_like_its_own_layouts_and_random_points_are_not(make_tissue):
    tissue = make_tissue(hard_core_um=4.5)
    tiles = []
    for seed in range(24):
        layout = sample_layout(tissue, {"neoplastic": 20, "inflammatory": 8}, seed=seed, height=160, width=160)
        ids = np.arange(1, len(layout) + 1)
        facts = {"group": f"p{seed % 8}", "shape": (160, 160)}
        tiles.append(LabelledTile(f"t{seed}", None, None, ids, layout.centroids, layout.names, **facts))
    measured = measure(tissue, tiles, side=160, seed=100)
    by_name = {row.name: row for row in measured.likeness}
    assert measured.n_windows == 24 and measured.n_groups == 8 and measured.n_points == 24 * 28
    assert all(row.counts_exact for row in measured.likeness)
    assert by_name["generated"].auc < 0.75 < by_name["random"].auc
    assert by_name["random"].nearest < 0.9 < by_name["generated"].nearest
    # One patient in eight is left out of the band: less than the 95 % that the band holds of its own.
    assert 0.8 < by_name["real, others'"].l < by_name["real"].l
    with pytest.raises(ValueError, match="Give more tiles"):
        measure(tissue, tiles[:3], side=160)


def test_patients_that_differ_are_not_inside_each_others_envelope(make_tissue):
    tissue, tiles = make_tissue(), []
    for seed in range(24):
        even = 4 * np.stack(np.meshgrid(np.arange(5), np.arange(5)), axis=-1).reshape(-1, 2) + 2.0
        centroids = (even * 8 if seed % 2 else even * 3) + np.random.default_rng(seed).random((25, 2))
        facts = {"group": f"p{seed % 2}", "shape": (160, 160)}
        tiles.append(LabelledTile(f"t{seed}", None, None, np.arange(1, 26), centroids, ["neoplastic"] * 25, **facts))
    by_name = {row.name: row for row in measure(tissue, tiles, side=160).likeness}
    assert by_name["real"].l > 0.8 > 0.2 > by_name["real, others'"].l
    assert np.isnan(by_name["real, others'"].auc)
