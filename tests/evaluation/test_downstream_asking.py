"""Which tiles are asked for: nothing that is not in the real ones, and the same whatever N is."""

from dataclasses import replace

import numpy as np
import pytest

from napari_cosynth.classes import BUNDLED
from napari_cosynth.evaluation.downstream.asking import asked_classes, asks
from napari_cosynth.evaluation.making import layout_of
from napari_cosynth.layout import Layout
from napari_cosynth.layouts.tissues import find_tissue


@pytest.fixture
def samples(make_sample):
    """Three windows of the bundled classes 0 to 3; a fourth holds a class that no tissue has."""
    three = [make_sample(number, size=128, tissue="colon") for number in range(3)]
    odd = make_sample(3, size=128)
    positive = np.full(len(odd.points), BUNDLED.id_of("positive"))
    return [*three, replace(odd, point_classes=positive, caption="lung, Ki-67 IHC")]


@pytest.fixture(scope="module")
def tissues():
    return [find_tissue(name) for name in ("kidney", "colon", "breast")]


def test_own_layouts_come_first_then_moved_then_drawn_ones(samples, tissues):
    made = asks(samples, 13, tissues)
    kinds = [ask.name.rsplit("-", 2)[1:] for ask in made]
    assert kinds == [["own", "0"]] * 4 + [["moved", "0"]] * 4 + [["drawn", "0"]] * 4 + [["own", "1"]]
    for ask, sample in zip(made, samples * 4, strict=False):
        assert ask.follows is sample and ask.prompt == sample.caption
        # Counts of each class are the window's own in every kind.
        assert ask.layout.counts() == layout_of(sample).counts()
    own, moved, drawn = (made[i].layout.centroids for i in (0, 4, 8))
    assert np.array_equal(own, layout_of(samples[0]).centroids)
    assert 0 < np.abs(moved - own).max() < 12
    assert not np.array_equal(np.sort(drawn, axis=0), np.sort(own, axis=0))


def test_classes_that_no_tissue_has_give_a_moved_layout(samples, tissues):
    drawn = asks(samples, 12, tissues)[11]
    assert drawn.name.endswith("drawn-0")
    away = np.abs(drawn.layout.centroids - layout_of(samples[3]).centroids)
    assert 0 < away.max() < 12


def test_a_tile_does_not_depend_on_how_many_there_are(samples, tissues):
    few = {ask.name: ask for ask in asks(samples[:2], 6, tissues, seed=5)}
    many = {ask.name: ask for ask in asks(samples, 12, tissues, seed=5)}
    assert few.keys() <= many.keys()
    assert all(few[name].layout.model_dump_json() == many[name].layout.model_dump_json() for name in few)
    other = asks(samples[:2], 6, tissues, seed=6)
    assert not np.array_equal(other[2].layout.centroids, few[other[2].name].layout.centroids)


def test_classes_that_the_model_chose_are_known_by_their_points():
    none = BUNDLED.unspecified
    layout = Layout(centroids=np.array([[9.0, 9], [30, 30], [50, 50]]), class_ids=np.array([2, none, 0]))
    # The third nucleus came out as another class than its point's, the second and fourth as the model liked.
    assert asked_classes(layout, {1: 2, 2: 1, 3: 3, 4: 0}) == {1: 2, 3: 3}
    assert asked_classes(Layout(), {1: 2}) == {}
