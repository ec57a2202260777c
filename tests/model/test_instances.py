"""Decoding: labels -> joint tile -> labels, ids by point, and what has no counterpart."""

import numpy as np
import pytest

from napari_cosynth.classes import BUNDLED
from napari_cosynth.interior import interior_points
from napari_cosynth.model.instances import SMALLEST_NUCLEUS, decode
from napari_cosynth.model.targets import class_target, distance_target, joint_tile

TOUCHING = 20


def joint_of(instances, class_of=None):
    class_of = {int(i): 0 for i in np.unique(instances) if i} if class_of is None else class_of
    image = np.zeros((*instances.shape, 3), np.uint8)
    return joint_tile(image, distance_target(instances), class_target(instances, class_of, BUNDLED), BUNDLED)


def touching_pairs(instances):
    pairs = set()
    for one, other in ((instances[1:], instances[:-1]), (instances[:, 1:], instances[:, :-1])):
        meet = (one != other) & (one > 0) & (other > 0)
        pairs |= {tuple(sorted(pair)) for pair in zip(one[meet].tolist(), other[meet].tolist(), strict=True)}
    return pairs


def scores(true, made, n):
    """Dice of the foreground, and PQ with id i of one side against id i of the other."""
    iou = np.array([((true == i) & (made == i)).sum() / ((true == i) | (made == i)).sum() for i in range(1, n + 1)])
    hit = iou > 0.5
    extra = len(np.unique(made[made > n]))
    dice = 2 * ((true > 0) & (made > 0)).sum() / ((true > 0).sum() + (made > 0).sum())
    return dice, iou[hit].sum() / (hit.sum() + (2 * (~hit).sum() + extra) / 2)


@pytest.fixture(scope="module")
def crowded(make_ellipses):
    """Instances 1..N and their points, number i for instance i."""
    instances = make_ellipses((192, 160), seed=1, tries=700)
    return instances, interior_points(instances)[1]


def test_round_trip_with_touching_nuclei(crowded):
    instances, points = crowded
    assert len(touching_pairs(instances)) >= TOUCHING
    labels = decode(joint_of(instances), points, BUNDLED)
    assert labels.instances.dtype == np.int32 and labels.semantic.dtype == np.uint8
    dice, pq = scores(instances, labels.instances, len(points))
    assert dice >= 0.97 and pq >= 0.95


def test_label_id_is_the_points_number_in_any_order(crowded):
    instances, points = crowded
    order = np.random.default_rng(0).permutation(len(points))
    labels = decode(joint_of(instances), points[order], BUNDLED)
    for number, (row, col) in enumerate(points[order], start=1):
        assert labels.instances[row, col] == number
    plain = decode(joint_of(instances), points, BUNDLED).instances
    assert np.array_equal(np.append(0, order + 1)[labels.instances], plain)


def test_points_that_miss_the_centre_give_the_same_nuclei(crowded):
    instances, points = crowded
    moved = points + np.random.default_rng(0).uniform(-1, 1, points.shape)
    labels = decode(joint_of(instances), moved, BUNDLED)
    dice, pq = scores(instances, labels.instances, len(points))
    assert dice >= 0.97 and pq >= 0.95


def test_a_nucleus_without_a_point_keeps_an_id_above_n(crowded):
    instances, points = crowded
    area = np.bincount(instances.ravel())[1:]
    without = int(area.argmax())
    kept = np.delete(points, without, axis=0)
    labels = decode(joint_of(instances), kept, BUNDLED)
    row, col = points[without]
    extra = labels.instances[row, col]
    assert extra > len(kept)
    assert ((labels.instances == extra) & (instances == without + 1)).sum() > 0.9 * area[without]
    dice, _ = scores(instances, labels.instances, len(kept))
    assert dice >= 0.97


def test_a_point_on_empty_tissue_gets_no_nucleus():
    instances = np.zeros((64, 64), np.int32)
    instances[5:20, 5:20], instances[40:55, 40:55] = 1, 2
    points = np.array([[12, 12], [12, 50], [47, 47]])
    labels = decode(joint_of(instances), points, BUNDLED)
    assert np.unique(labels.instances).tolist() == [0, 1, 3]
    assert labels.instances[47, 47] == 3 and set(labels.class_of) == {1, 3}


def test_no_points_at_all():
    instances = np.zeros((64, 64), np.int32)
    instances[5:20, 5:20], instances[40:55, 40:55] = 1, 2
    labels = decode(joint_of(instances), np.zeros((0, 2)), BUNDLED)
    assert np.array_equal(labels.instances > 0, instances > 0)
    assert np.unique(labels.instances).tolist() == [0, 1, 2]


def test_a_touching_nucleus_that_nobody_asked_for_is_not_swallowed():
    instances = np.zeros((40, 60), np.int32)
    instances[10:30, 10:30], instances[10:30, 30:50] = 1, 2
    labels = decode(joint_of(instances), np.array([[20, 20]]), BUNDLED)
    assert labels.instances[20, 20] == 1 and labels.instances[20, 40] > 1
    assert (labels.instances == 1).sum() == pytest.approx(400, rel=0.1)


def test_specks_without_a_point_are_dropped_and_with_one_are_kept():
    instances = np.zeros((64, 64), np.int32)
    instances[10:12, 10:12], instances[30, 30] = 1, 2
    joint = joint_of(instances)
    assert not decode(joint, np.zeros((0, 2)), BUNDLED).instances.any()
    labels = decode(joint, np.array([[10, 10], [30, 30]]), BUNDLED)
    assert np.array_equal(labels.instances, instances)
    side = int(np.ceil(SMALLEST_NUCLEUS**0.5))
    instances[40 : 40 + side, 40 : 40 + side] = 3
    assert decode(joint_of(instances), np.zeros((0, 2)), BUNDLED).instances[41, 41] > 0


def test_a_point_just_beside_its_nucleus_still_has_it():
    instances = np.zeros((64, 64), np.int32)
    instances[20:40, 20:40] = 1
    assert decode(joint_of(instances), np.array([[17, 30]]), BUNDLED).instances[30, 30] == 1
    assert decode(joint_of(instances), np.array([[5, 30]]), BUNDLED).instances[30, 30] == 2


def test_a_point_anywhere_in_a_large_nucleus_has_all_of_it():
    row, col = np.mgrid[:80, :120]
    instances = np.where(np.hypot(row - 40, col - 30) < 25, 1, 0)
    instances[(np.hypot(row - 40, col - 80) < 27) & (instances == 0)] = 2
    instances = instances.astype(np.int32)
    for place in ((40, 8), (18, 30), (40, 50), (60, 25)):
        labels = decode(joint_of(instances), np.array([place, (40, 80)]), BUNDLED)
        _, pq = scores(instances, labels.instances, 2)
        assert pq > 0.95


def test_two_points_in_one_nucleus_share_it():
    instances = np.zeros((64, 64), np.int32)
    instances[20:40, 10:50] = 1
    labels = decode(joint_of(instances), np.array([[30, 20], [30, 40]]), BUNDLED)
    assert labels.instances[30, 20] == 1 and labels.instances[30, 40] == 2
    assert np.array_equal(labels.instances > 0, instances > 0)


def test_of_two_points_on_one_pixel_the_first_gets_the_nucleus():
    instances = np.zeros((64, 64), np.int32)
    instances[20:40, 20:40] = 1
    labels = decode(joint_of(instances), np.array([[30.2, 30.2], [29.8, 29.8]]), BUNDLED)
    assert np.unique(labels.instances).tolist() == [0, 1]


@pytest.mark.parametrize("base", [19.5, 20.5])
def test_points_a_pixel_apart_keep_a_nucleus_each(base):
    instances = np.zeros((64, 64), np.int32)
    instances[10:32, 10:32] = 1
    for points in ([[base, 20], [base + 1, 20]], [[20, base], [20, base + 1]]):
        assert sorted(decode(joint_of(instances), np.array(points), BUNDLED).class_of) == [1, 2]


def test_semantic_is_the_class_of_each_nucleus(crowded):
    instances, points = crowded
    class_of = {i: BUNDLED.stated[i % len(BUNDLED.stated)] for i in range(1, len(points) + 1)}
    labels = decode(joint_of(instances, class_of), points, BUNDLED)
    right = [labels.class_of[i] == class_of[i] for i in labels.class_of if i in class_of]
    assert np.mean(right) > 0.98
    table = np.zeros(labels.instances.max() + 1, int)
    for i, class_id in labels.class_of.items():
        table[i] = class_id + 1
    assert np.array_equal(labels.semantic, table[labels.instances])
    assert sorted(labels.class_of) == np.unique(labels.instances[labels.instances > 0]).tolist()


def test_nuclei_never_come_out_unspecified():
    instances = np.zeros((32, 32), np.int32)
    instances[8:24, 8:24] = 1
    labels = decode(joint_of(instances, {}), np.array([[16, 16]]), BUNDLED)
    assert labels.instances[16, 16] == 1 and labels.class_of[1] in BUNDLED.stated


def test_a_class_is_voted_by_the_whole_nucleus():
    instances = np.zeros((32, 32), np.int32)
    instances[8:24, 8:24] = 1
    joint = joint_of(instances, {1: BUNDLED.id_of("epithelial")})
    speck = joint_of(instances, {1: BUNDLED.id_of("neoplastic")})
    joint[4:, 14:18, 14:18] = speck[4:, 14:18, 14:18]
    labels = decode(joint, np.array([[16, 16]]), BUNDLED)
    assert set(np.unique(labels.semantic)) == {0, BUNDLED.id_of("epithelial") + 1}


def test_nuclei_that_nobody_asked_for_are_numbered_after_the_points_without_gaps():
    # In touching pairs, so that it takes their cores to part them.
    instances = np.zeros((160, 192), np.int32)
    for i in range(60):
        row, col = 16 * (i // 6 % 10) + 2, 30 * (i % 6) + 2
        instances[row : row + 11, col : col + 11], instances[row : row + 11, col + 11 : col + 22] = 2 * i + 1, 2 * i + 2
    found = decode(joint_of(instances), np.array([[7, 7]]), BUNDLED).instances
    assert np.unique(found).tolist() == np.unique(instances).tolist() == list(range(121))
    assert found[7, 7] == 1 and all(len(np.unique(found[instances == i])) == 1 for i in range(1, 121))


def test_300_nuclei_of_five_pixels():
    instances = np.zeros((160, 192), np.int32)
    points = []
    for i in range(300):
        row, col = 8 * (i // 20), 8 * (i % 20)
        instances[row + 1 : row + 6, col + 1 : col + 6] = i + 1
        points.append((row + 3, col + 3))
    assert np.array_equal(decode(joint_of(instances), np.array(points), BUNDLED).instances, instances)


@pytest.mark.parametrize("value", [-1.0, 1.0])
def test_flat_maps_decode_to_something_sound(value):
    labels = decode(np.full((5 + len(BUNDLED.stated), 64, 64), value, np.float32), np.array([[3, 3]]), BUNDLED)
    assert set(np.unique(labels.instances)) <= {0, 1}
