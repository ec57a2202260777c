"""What a fit finds again in layouts whose rules are known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from napari_cosynth.data.labelled import LabelledTile
from napari_cosynth.layouts.fit import FitSettings, fit_tissue
from napari_cosynth.layouts.sample import sample_layout

QUICK = FitSettings(iterations=3, n_windows=6)


@pytest.fixture(scope="module")
def tiles(make_tissue):
    """Labelled tiles drawn from the known tissue."""
    made = []
    for seed in range(8):
        counts = {"neoplastic": 45, "inflammatory": 30}
        layout = sample_layout(make_tissue(clustered=False, hard_core_um=3.5), counts, seed=seed)
        facts = {"source": "made", "organ": "liver", "group": f"p{seed}", "shape": (256, 256)}
        ids = np.arange(1, len(layout) + 1)
        made.append(LabelledTile(f"t{seed}", None, None, ids, layout.centroids, layout.names, **facts))
    return made


@pytest.fixture(scope="module")
def fitted(tiles):
    return fit_tissue(tiles, "liver", source="made", licence="CC0", settings=QUICK)


def test_the_rules_are_found_again(fitted):
    assert fitted.classes == ("neoplastic", "inflammatory")
    assert fitted.hard_cores()[0, 0] == pytest.approx(3.5, abs=0.5)
    logs = fitted.log_interactions()
    # Between 4 and 5 um like attracts like, unlike avoids.
    assert logs[0, 0, 4] > logs[0, 1, 4] + 0.5


def test_a_rare_class_that_stands_anywhere_attracts_nothing():
    tiles = []
    for seed in range(30):
        facts = {"source": "made", "organ": "liver", "group": f"p{seed}", "shape": (256, 256)}
        names = ["neoplastic"] * 25 + ["inflammatory"] * 3
        places = np.random.default_rng(seed).random((28, 2)) * 255
        tiles.append(LabelledTile(f"t{seed}", None, None, np.arange(1, 29), places, names, **facts))
    logs = fit_tissue(tiles, "liver", settings=FitSettings(iterations=9, n_windows=6)).log_interactions()
    # A round shows one such pair at a distance, or none.
    for first, second in ((0, 0), (0, 1), (1, 1)):
        assert abs(logs[first, second, 2:].mean()) < 0.3


def test_densities_and_mix_are_those_of_the_tiles(fitted):
    assert fitted.total_per_mm2[5] == pytest.approx(75 / 64**2 * 1e6, rel=0.01)
    assert fitted.mix_mean == pytest.approx((0.6, 0.4)) and fitted.complete
    assert (fitted.n_tiles, fitted.n_nuclei, fitted.source, fitted.licence) == (8, 600, "made", "CC0")


def test_a_fit_is_repeatable_and_tells_its_progress(tiles, fitted):
    done = []
    assert fit_tissue(tiles, "liver", source="made", licence="CC0", settings=QUICK, progress=done.append) == fitted
    assert done == [1, 2, 3]


def test_partial_labels_tell_no_density(tiles):
    partial = [dataclasses.replace(tile, coverage="partial") for tile in tiles]
    quick = FitSettings(iterations=1, n_windows=2)
    assert not fit_tissue(partial, "liver", settings=quick).complete
    few = [*partial[:7], dataclasses.replace(tiles[7], um_per_px=0.3)]
    assert fit_tissue(few, "liver", settings=quick).total_per_mm2[0] < 75 / 64**2 * 1e6


def test_too_little_is_refused_with_what_is_needed(tiles):
    for few in ([], tiles[:2]):
        with pytest.raises(ValueError, match="needs 200 nuclei in 4 windows"):
            fit_tissue(few, "liver")
