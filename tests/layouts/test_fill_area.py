"""Areas filled and classes placed anew: exact, inside, and nobody else is touched."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist

from napari_cosynth.layout import Layout
from napari_cosynth.layouts.areas import brush, gradient, lasso, ring, stripe
from napari_cosynth.layouts.fill import fill_area
from napari_cosynth.layouts.resample import resample_class
from napari_cosynth.layouts.sample import sample_layout

SIZE = (160, 160)
MIX = {"neoplastic": 60, "inflammatory": 40}
SQUARE = np.array([(40.2, 30.2), (40.2, 119.7), (120.4, 119.7), (120.4, 30.2)])


@pytest.fixture(scope="module")
def tissue(make_tissue):
    return make_tissue()


@pytest.fixture(scope="module")
def square():
    return lasso(SQUARE, SIZE)


@pytest.fixture(scope="module")
def before(tissue):
    return sample_layout(tissue, {"neoplastic": 18, "inflammatory": 14}, seed=1, height=160, width=160)


def inside(area, points):
    rows, cols = np.floor(points + 0.5).astype(int).T
    return area[rows, cols] > 0


def test_an_empty_tile_gets_the_mix_at_the_density(tissue, square):
    made = fill_area(Layout(height=160, width=160), tissue, square, MIX, 20000, seed=0)
    # Rows and cols of whole cells of 1 um: 44..119 and 32..119.
    expected = round(20000 * (76 / 4) * (88 / 4) / 1e6)
    assert len(made) == expected
    assert made.counts() | {"neoplastic": 5, "inflammatory": 3} == made.counts()
    assert inside(square, made.centroids).all()
    assert pdist(made.centroids).min() >= 3.0 / 0.25


@pytest.mark.parametrize(
    "area",
    [
        lasso(SQUARE, SIZE),
        ring(np.array([(80.1, 80.3), (80.1, 130.3)]), SIZE, 32),
        stripe(np.array([(-20.0, 0.0), (170.0, 150.0)]), SIZE, 40),
        brush(np.array([(20.0, 20.0), (60.0, 30.0), (90.0, 120.0)]), SIZE, 40),
        gradient(np.array([(20.0, 20.0), (20.0, 90.0)]), SIZE),
    ],
    ids=["lasso", "ring", "stripe", "brush", "gradient"],
)
@pytest.mark.parametrize("replace", [False, True])
def test_only_the_area_changes(tissue, before, area, replace):
    made = fill_area(before, tissue, area, MIX, 6000, seed=3, replace=replace)
    stay = ~inside(area, before.centroids) | (not replace)
    n = int(stay.sum())
    assert np.array_equal(made.centroids[:n], before.centroids[stay])
    assert np.array_equal(made.class_ids[:n], before.class_ids[stay])
    new = made.centroids[n:]
    assert len(new) and inside(area, new).all()
    assert cdist(new, made.centroids[:n]).min() >= 3.0 / 0.25


def test_kept_points_survive_a_replacement(tissue, before, square):
    in_square = np.flatnonzero(inside(square, before.centroids))
    keep = np.zeros(len(before), bool)
    keep[in_square[:3]] = True
    made = fill_area(before, tissue, square, MIX, 4000, seed=3, replace=True, keep=keep)
    places = set(map(tuple, made.centroids.tolist()))
    assert all(tuple(before.centroids[i].tolist()) in places for i in in_square[:3])
    assert not any(tuple(before.centroids[i].tolist()) in places for i in in_square[3:] if not keep[i])


def test_a_seed_gives_the_same_and_another_another(tissue, before, square):
    one, same, other = (fill_area(before, tissue, square, MIX, 6000, seed=s) for s in (5, 5, 6))
    assert one == same != other


def test_a_gradient_gets_fewer_and_fewer(tissue):
    area = gradient(np.array([(0.0, 20.0), (0.0, 140.0)]), SIZE)
    made = [fill_area(Layout(height=160, width=160), tissue, area, MIX, 9000, seed=s) for s in range(8)]
    cols = np.concatenate([layout.centroids[:, 1] for layout in made])
    assert len(made[0]) == round(9000 * (area[:, :140].sum() / 16) / 1e6)
    assert (cols < 50).sum() > 2 * (cols > 100).sum() > 0


def test_nuclei_of_classes_that_the_tissue_lacks_stay_and_are_kept_clear_of(tissue, square):
    there = Layout(centroids=[(60, 60), (100, 100)], classes=["positive", "other"], height=160, width=160)
    made = fill_area(there, tissue, square, MIX, 15000, seed=0)
    assert np.array_equal(made.centroids[:2], there.centroids) and made.names[:2] == there.names
    assert cdist(made.centroids[2:], there.centroids).min() >= 3.0 / 0.25


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mix": {"positive": 1}}, "made has no positive nuclei.*neoplastic, inflammatory.*another tissue"),
        ({"per_mm2": 90000}, "do not fit into the area.*lower density"),
        ({"per_mm2": 10}, "holds no nucleus at 10 per mm2; draw a larger one"),
        ({"area": np.zeros(SIZE)}, "area of 0 um2.*draw a larger one"),
        ({"area": np.ones((8, 8))}, r"must be \(160, 160\)"),
        ({"mix": {"neoplastic": 0}}, "all shares"),
    ],
)
def test_what_cannot_be_filled_is_refused_with_advice(tissue, before, square, change, words):
    given = {"area": square, "mix": MIX, "per_mm2": 5000} | change
    with pytest.raises(ValueError, match=words):
        fill_area(before, tissue, seed=0, **given)


def test_one_class_is_placed_anew_in_its_rows(tissue, before):
    made = resample_class(before, tissue, "inflammatory", seed=2)
    assert np.array_equal(made.class_ids, before.class_ids)
    again = np.array(before.names) == "inflammatory"
    assert np.array_equal(made.centroids[~again], before.centroids[~again])
    assert not (made.centroids[again] == before.centroids[again]).all(axis=1).any()
    assert resample_class(before, tissue, "inflammatory", seed=2) == made
    assert resample_class(before, tissue, "inflammatory", seed=3) != made


def test_kept_points_of_the_class_and_foreign_classes_stay(tissue, before):
    there = before.reclass([0, 1], before.taxonomy.id_of("positive"))
    keep = np.zeros(len(there), bool)
    keep[np.flatnonzero(np.array(there.names) == "neoplastic")[:4]] = True
    made = resample_class(there, tissue, "neoplastic", seed=2, keep=keep)
    stay = keep | (np.array(there.names) != "neoplastic")
    assert np.array_equal(made.centroids[stay], there.centroids[stay]) and made.names == there.names


@pytest.mark.parametrize(
    ("name", "keep", "words"),
    [("positive", None, "made has no positive"), ("neoplastic", np.ones(32, bool), "no neoplastic nuclei that could")],
)
def test_a_class_that_cannot_be_placed_anew_is_refused(tissue, before, name, keep, words):
    with pytest.raises(ValueError, match=words):
        resample_class(before, tissue, name, seed=0, keep=keep)
