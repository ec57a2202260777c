"""Labels for what a source leaves out: what it says stays, and the rest is found."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from napari_cosynth.classes import BUNDLED, UNSPECIFIED  # noqa: E402
from napari_cosynth.model.targets import class_probabilities_of, class_target, distance_target, joint_tile  # noqa: E402
from napari_cosynth.training.completion import FARTHEST, RADIUS, completed  # noqa: E402


class Sees:
    """A segmenter that sees the nuclei of given instances, each as certain as it is told."""

    taxonomy = BUNDLED

    def __init__(self, instances, certainty=1.0):
        self.instances, self.certainty = instances, certainty

    def maps(self, image):
        distance = distance_target(self.instances)
        joint = joint_tile(image, distance, class_target(self.instances, {}, BUNDLED), BUNDLED)
        probability = class_probabilities_of(joint)
        nucleus = probability[1:] * self.certainty
        return distance, np.concatenate([1 - nucleus.sum(0, keepdims=True), nucleus])


@pytest.fixture
def whole(make_tile):
    """A tile with all masks, none of them small."""
    tile = make_tile(5, size=(160, 160))
    large = [i for i in tile.ids.tolist() if (tile.instances == i).sum() >= 120]
    assert len(large) >= 4
    chosen = np.isin(tile.ids, large)
    return replace(
        tile,
        instances=np.where(np.isin(tile.instances, large), tile.instances, 0),
        ids=tile.ids[chosen],
        centroids=tile.centroids[chosen],
        classes=tuple(c for c, one in zip(tile.classes, chosen, strict=True) if one),
    )


def overlap(one, other):
    return (one & other).sum() / (one | other).sum()


def test_points_get_their_outlines_and_keep_their_classes(whole):
    points = replace(whole, instances=None, ids=np.arange(1, len(whole.ids) + 1), coverage="partial")
    found = completed(points, Sees(whole.instances))
    assert found.coverage == "complete" and len(found.ids) == len(whole.ids)
    assert found.classes == whole.classes
    for i, was in zip(found.ids, whole.ids, strict=True):
        assert overlap(found.instances == i, whole.instances == was) > 0.8


def test_given_masks_stay_and_missing_nuclei_are_added_without_a_class(whole):
    kept = np.arange(len(whole.ids)) % 2 == 0
    given = np.where(np.isin(whole.instances, whole.ids[kept]), whole.instances, 0)
    part = replace(
        whole,
        instances=given,
        ids=whole.ids[kept],
        centroids=whole.centroids[kept],
        classes=whole.classes[::2],
        coverage="partial",
    )
    found = completed(part, Sees(whole.instances))
    assert found.coverage == "complete"
    np.testing.assert_array_equal(np.where(given > 0, found.instances, 0), given)
    class_of = dict(zip(found.ids.tolist(), found.classes, strict=True))
    assert [class_of[i] for i in part.ids.tolist()] == list(part.classes)
    for i in whole.ids[~kept]:
        nucleus = whole.instances == i
        (there,) = np.unique(found.instances[nucleus][found.instances[nucleus] > 0])
        assert overlap(found.instances == there, nucleus) > 0.9 and class_of[there] == UNSPECIFIED


def test_specks_rags_and_doubtful_shapes_are_not_added(whole):
    shapes = np.zeros((160, 160), np.int32)
    shapes[10:16, 10:16] = 1  # a speck
    shapes[40:100, 40:43] = shapes[40:43, 40:100] = 2  # an L: a fibre
    shapes[60:140, 60:140] = 3  # a fold
    none = replace(whole, instances=np.zeros_like(shapes), ids=np.zeros(0, int), centroids=np.zeros((0, 2)), classes=())
    assert len(completed(none, Sees(shapes)).ids) == 0
    assert len(completed(none, Sees(whole.instances, certainty=0.6)).ids) == 0
    assert len(completed(none, Sees(whole.instances)).ids) == len(whole.ids)


def test_a_point_at_which_nothing_is_found_gets_a_disc_and_none_a_lake(whole):
    lake = np.zeros((160, 160), np.int32)
    lake[:, 60:] = 1
    points = replace(
        whole,
        instances=None,
        ids=np.array([1, 2]),
        centroids=np.array([[80.0, 20.0], [80.0, 110.0]]),
        classes=("positive", "negative"),
    )
    found = completed(points, Sees(lake))
    assert found.classes == ("positive", "negative")
    rows, cols = np.nonzero(found.instances == 1)
    assert np.hypot(rows - 80, cols - 20).max() <= RADIUS < np.hypot(rows - 80, cols - 20).max() + 1
    rows, cols = np.nonzero(found.instances == 2)
    assert np.hypot(rows - 80, cols - 110).max() <= FARTHEST


def test_a_tile_without_an_image_is_refused(whole):
    with pytest.raises(ValueError, match="has no image"):
        completed(replace(whole, image=None, shape=whole.shape), Sees(whole.instances))
