"""Distance inside instances and their deepest points."""

import numpy as np
import pytest

from napari_cosynth.interior import interior_distance, interior_points


def brute_distance(instances):
    """Distance of each pixel to the nearest pixel that is not of its instance, the tile's outside included."""
    padded = np.pad(instances, 1)
    distance = np.zeros(instances.shape)
    for row, col in np.argwhere(instances):
        others = np.argwhere(padded != instances[row, col])
        distance[row, col] = np.hypot(*(others - (row + 1, col + 1)).T).min()
    return distance


def test_distance_is_to_the_nearest_pixel_of_anything_else(make_ellipses):
    instances = make_ellipses((40, 33), seed=3)
    assert np.allclose(interior_distance(instances), brute_distance(instances), atol=1e-5)


def test_a_touching_neighbour_and_the_tile_edge_are_border():
    instances = np.zeros((9, 12), np.int32)
    instances[0:9, 0:5], instances[0:9, 5:12] = 1, 2
    distance = interior_distance(instances)
    assert (distance[:, [0, 4, 5, 11]] == 1).all() and (distance[[0, 8]] == 1).all()
    assert distance[4, 2] == 3


def test_the_deepest_point_of_a_ring_lies_in_the_ring():
    row, col = np.mgrid[:41, :41]
    radius = np.hypot(row - 20, col - 20)
    instances = ((radius <= 18) & (radius >= 9)).astype(np.int32)
    _, points = interior_points(instances)
    assert instances[tuple(points[0])] == 1 and instances[20, 20] == 0


@pytest.mark.parametrize("ids", [(1, 2, 3), (9, 300, 70001)])
def test_points_come_in_the_order_of_ids_and_lie_deepest(make_ellipses, ids):
    instances = make_ellipses((64, 64))
    instances[~np.isin(instances, (1, 2, 3))] = 0
    instances = np.array([0, *ids], np.int32)[instances]
    distance = interior_distance(instances)
    found, points = interior_points(instances)
    assert found.tolist() == list(ids)
    for label, (row, col) in zip(found, points, strict=True):
        assert instances[row, col] == label
        assert distance[row, col] == distance[instances == label].max()


def test_one_pixel_is_its_own_deepest_point():
    instances = np.zeros((5, 5), np.int32)
    instances[0, 4] = 7
    ids, points = interior_points(instances)
    assert ids.tolist() == [7] and points.tolist() == [[0, 4]]
    assert interior_distance(instances)[0, 4] == 1


def test_no_instances():
    ids, points = interior_points(np.zeros((4, 6), np.int32))
    assert ids.shape == (0,) and points.shape == (0, 2)
    assert not interior_distance(np.zeros((4, 6), np.int32)).any()


def test_the_edge_is_border_so_a_cut_nucleus_has_its_point_inside_the_tile():
    row, col = np.mgrid[:20, :20]
    disc = (row**2 + (col - 10) ** 2 <= 36).astype(np.int32)
    (point,) = interior_points(disc)[1]
    assert point.tolist() == [3, 10]


@pytest.mark.parametrize("side", [1, 7])
def test_a_nucleus_that_fills_the_tile(side):
    ids, points = interior_points(np.full((side, side), 3, np.int32))
    assert ids.tolist() == [3]
    assert points.tolist() == [[side // 2, side // 2]]


def test_fragments_share_one_point_in_the_thickest():
    instances = np.zeros((20, 30), np.int32)
    instances[2:5, 2:5] = 5
    instances[8:17, 15:24] = 5
    assert interior_points(instances)[1].tolist() == [[12, 19]]


def test_of_equally_deep_pixels_the_first_in_scan_order_is_the_point():
    instances = np.zeros((8, 8), np.int32)
    instances[3:5, 2:6] = 1
    assert interior_points(instances)[1].tolist() == [[3, 2]]


def test_distance_follows_flips_and_rotations(make_ellipses):
    instances = make_ellipses((48, 64))
    distance = interior_distance(instances)
    for turn in (np.flipud, np.fliplr, np.rot90):
        assert np.array_equal(interior_distance(turn(instances)), turn(distance))


def test_three_hundred_instances():
    instances = np.zeros((80, 64), np.int32)
    centres = [(4 * (i // 15) + 1, 4 * (i % 15) + 1) for i in range(300)]
    for i, (row, col) in enumerate(centres, start=1):
        instances[row - 1 : row + 2, col - 1 : col + 2] = i
    ids, points = interior_points(instances)
    assert ids.tolist() == list(range(1, 301))
    assert points.tolist() == [list(c) for c in centres]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.uint32, np.int64, np.uint64])
def test_the_type_of_integer_does_not_matter(make_ellipses, dtype):
    instances = make_ellipses((48, 64))
    assert np.array_equal(interior_distance(instances.astype(dtype)), interior_distance(instances))
    for got, wanted in zip(interior_points(instances.astype(dtype)), interior_points(instances), strict=True):
        assert np.array_equal(got, wanted)


def test_ids_with_wide_gaps_take_no_memory_for_the_gaps(make_ellipses):
    instances = make_ellipses((48, 64)).astype(np.int64)
    huge = np.where(instances > 0, instances * 2**40, 0)
    ids, points = interior_points(huge)
    plain_ids, plain_points = interior_points(instances)
    assert np.array_equal(ids, plain_ids * 2**40) and np.array_equal(points, plain_points)
    assert np.array_equal(interior_distance(huge), interior_distance(instances))


@pytest.mark.parametrize("instances", [np.zeros((4, 4)), np.zeros((4, 4, 2), np.int32), np.full((4, 4), -1, np.int32)])
@pytest.mark.parametrize("measure", [interior_distance, interior_points])
def test_what_is_no_instance_map_is_refused(measure, instances):
    with pytest.raises(ValueError, match="must be .* got"):
        measure(instances)
