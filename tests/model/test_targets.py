"""Targets on awkward instances, and their exact equivariance."""

import numpy as np
import pytest

from napari_cosynth.classes import BUNDLED
from napari_cosynth.model.targets import (
    UNSTATED,
    centroid_target,
    class_probabilities_of,
    class_target,
    distance_of,
    distance_target,
    image_of,
    joint_tile,
)

TURNS = [(flip, turns) for flip in (False, True) for turns in range(4)]
N = len(BUNDLED.stated)


def turned(array, flip, turns):
    """Flip and rotate the last two axes."""
    return np.rot90(array[..., ::-1] if flip else array, turns, axes=(-2, -1))


@pytest.fixture(scope="module")
def three_hundred():
    """300 instances with ids up to 90,000: touching squares, U shapes, single pixels; all edges are cut."""
    rng = np.random.default_rng(0)
    ids = rng.choice(np.arange(1, 90_001), 300, replace=False)
    instances = np.zeros((120, 160), np.int32)
    for i, label in enumerate(ids):
        row, col = divmod(i, 20)
        cell = instances[row * 8 : row * 8 + 8, col * 8 : col * 8 + 8]
        if i % 3 == 0:
            cell[:] = label
        elif i % 3 == 1:
            cell[:7, :7] = label
            cell[:5, 3:5] = 0
        else:
            cell[4, 4] = label
    return instances


def test_every_one_of_300_instances_is_scaled_by_itself(three_hundred):
    target = distance_target(three_hundred)
    ids = np.unique(three_hundred[three_hundred > 0])
    assert len(ids) == 300 and ids.max() > 65_535
    for label in ids:
        inside = target[three_hundred == label]
        assert inside.max() == 1 and inside.min() > 0
    assert not target[three_hundred == 0].any()


def test_one_pixel_is_all_centre():
    instances = np.zeros((6, 6), np.int32)
    instances[2, 3] = 1
    assert distance_target(instances)[2, 3] == 1


def test_touching_instances_are_parted_by_a_valley():
    instances = np.ones((11, 22), np.int32)
    instances[:, 11:] = 2
    middle = distance_target(instances)[5]
    assert middle[5] == middle[16] == 1
    assert middle[10] == middle[11] == middle.min() < 0.15


def test_a_concave_instance_is_deep_inside_and_not_in_its_notch():
    instances = np.ones((20, 20), np.int32)
    instances[:12, 8:12] = 0
    target = distance_target(instances)
    row, col = np.unravel_index(target.argmax(), target.shape)
    assert instances[row, col] == 1 and not target[:12, 8:12].any()


def test_an_edge_cuts_like_a_border():
    instances = np.zeros((16, 16), np.int32)
    instances[0:8, 3:12] = 1
    target = distance_target(instances)
    assert np.array_equal(target[:8], target[7::-1])


def test_values_reach_from_border_to_centre(make_ellipses):
    target = distance_target(make_ellipses())
    assert target.dtype == np.float32 and target.min() == 0 and target.max() == 1


@pytest.mark.parametrize("flip, turns", TURNS)
def test_targets_turn_exactly_with_the_tile(three_hundred, make_ellipses, flip, turns):
    for instances in (three_hundred, make_ellipses((96, 64), 5)):
        ids = np.unique(instances[instances > 0])
        class_of = {int(i): BUNDLED.stated[int(i) % N] for i in ids if i % 4}
        image = np.random.default_rng(0).integers(0, 256, (*instances.shape, 3), dtype=np.uint8)

        def joint(image, instances, class_of=class_of):
            return joint_tile(image, distance_target(instances), class_target(instances, class_of, BUNDLED), BUNDLED)

        turned_image = np.moveaxis(turned(np.moveaxis(image, 2, 0), flip, turns), 0, 2)
        made = joint(turned_image, np.ascontiguousarray(turned(instances, flip, turns)))
        assert np.array_equal(made, turned(joint(image, instances), flip, turns))


def test_class_targets_follow_the_order_of_stated_classes():
    instances = np.array([[0, 1, 2, 3], [70_000, 5, 6, 0]])
    classes = {1: 0, 2: BUNDLED.id_of("positive"), 3: BUNDLED.unspecified, 70_000: BUNDLED.id_of("negative"), 999: 0}
    target = class_target(instances, classes, BUNDLED)
    positive = 1 + BUNDLED.stated.index(BUNDLED.id_of("positive"))
    assert target.tolist() == [[0, 1, positive, UNSTATED], [positive + 1, UNSTATED, UNSTATED, 0]]
    assert target.dtype == np.int64


def test_an_unstated_class_is_spread_over_all_but_background():
    classes = np.array([[0, UNSTATED, 2]])
    maps = class_probabilities_of(joint_tile(np.zeros((1, 3, 3), np.uint8), np.zeros((1, 3)), classes, BUNDLED))
    assert maps[:, 0, 0].tolist() == [1] + [0] * N
    assert maps[0, 0, 1] == 0 and np.allclose(maps[1:, 0, 1], 1 / N)
    assert maps[:, 0, 2].argmax() == 2 and np.allclose(maps.sum(0), 1)


def test_a_joint_tile_gives_its_parts_back(make_ellipses):
    instances = make_ellipses((64, 80))
    image = np.random.default_rng(0).integers(0, 256, (64, 80, 3), dtype=np.uint8)
    distance = distance_target(instances)
    joint = joint_tile(image, distance, class_target(instances, {}, BUNDLED), BUNDLED)
    assert joint.shape == (5 + N, 64, 80) and joint.dtype == np.float32
    assert joint.min() >= -1 and joint.max() <= 1
    assert np.array_equal(image_of(joint), image)
    assert np.allclose(distance_of(joint), distance, atol=1e-6)


def test_parts_of_a_tile_beyond_its_range_are_clipped():
    joint = np.full((5 + N, 2, 2), 3, np.float32)
    joint[:, 0] = -3
    assert image_of(joint)[0, 0].tolist() == [0, 0, 0] and image_of(joint)[1, 0].tolist() == [255, 255, 255]
    for part in (distance_of(joint), class_probabilities_of(joint)):
        assert part.min() == 0 and part.max() == 1


def test_a_tile_without_nuclei():
    nothing = np.zeros((16, 16), np.int32)
    assert not distance_target(nothing).any() and not class_target(nothing, {1: 0}, BUNDLED).any()


def test_the_papers_map_falls_from_the_centroid(three_hundred):
    target = centroid_target(three_hundred)
    assert target.dtype == np.float32 and not target[three_hundred == 0].any()
    for label in np.unique(three_hundred[three_hundred > 0]):
        rows, cols = np.nonzero(three_hundred == label)
        away = np.hypot(rows - rows.mean(), cols - cols.mean())
        values = target[rows, cols]
        assert values.min() > 0 and values.max() <= 1
        # The nearer the centroid, the higher, in a straight line.
        assert values == pytest.approx(1 - away / (away.max() + 0.5), abs=1e-5)


@pytest.mark.parametrize("flip, turns", TURNS)
def test_the_papers_map_turns_with_its_instances(make_ellipses, flip, turns):
    instances = make_ellipses()
    once = centroid_target(np.ascontiguousarray(turned(instances, flip, turns)))
    np.testing.assert_allclose(once, turned(centroid_target(instances), flip, turns), atol=1e-5)


def test_an_empty_tile_has_an_empty_map():
    assert not centroid_target(np.zeros((4, 5), np.int32)).any()
