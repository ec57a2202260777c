from __future__ import annotations

import numpy as np
import pytest

from napari_cosynth.data.centroids import interior_points


def _values_at(instances, points):
    row, col = points.astype(int).T
    return instances[row, col]


def test_points_lie_inside_and_ids_ascend(instances):
    ids, points = interior_points(instances)
    assert ids.tolist() == [4, 7, 9, 12, 301, 70000]
    assert ids.dtype == np.int64 and points.dtype == np.float64
    assert _values_at(instances, points).tolist() == ids.tolist()


def test_disc_has_its_point_in_the_centre(instances):
    ids, points = interior_points(instances)
    assert points[ids == 4].tolist() == [[10, 12]]


def test_concave_nucleus_whose_centre_of_mass_is_outside():
    ring = np.zeros((20, 20), np.int32)
    ring[2:18, 2:18] = 1
    ring[5:15, 5:15] = 0
    assert ring[tuple(np.argwhere(ring).mean(axis=0).round().astype(int))] == 0
    _, points = interior_points(ring)
    assert _values_at(ring, points) == [1]


def test_touching_neighbour_is_border():
    alone = np.zeros((9, 20), np.int32)
    alone[2:7, 2:7] = 1
    touching = alone.copy()
    touching[2:7, 7:12] = 2
    assert interior_points(touching)[1].tolist() == [[4, 4], [4, 9]]
    assert interior_points(alone)[1].tolist() == [[4, 4]]


def test_tile_edge_is_no_border():
    row, col = np.mgrid[:20, :20]
    disc = ((row - 0) ** 2 + (col - 10) ** 2 <= 36).astype(np.int32)
    assert interior_points(disc)[1].tolist() == [[0, 10]]


@pytest.mark.parametrize("side", [1, 7])
def test_nucleus_that_fills_the_tile(side):
    ids, points = interior_points(np.full((side, side), 3, np.int32))
    assert ids.tolist() == [3]
    assert points.tolist() == [[side // 2, side // 2]]


def test_fragments_share_one_point_in_the_thickest():
    labels = np.zeros((20, 30), np.int32)
    labels[2:5, 2:5] = 5
    labels[8:17, 15:24] = 5
    assert interior_points(labels)[1].tolist() == [[12, 19]]


def test_ties_go_to_the_first_in_scan_order():
    labels = np.zeros((8, 8), np.int32)
    labels[3:5, 2:6] = 1
    assert interior_points(labels)[1].tolist() == [[3, 2]]


def test_unique_maximum_follows_flips_and_rotations():
    row, col = np.mgrid[:31, :41]
    labels = ((row - 12) ** 2 + (col - 25) ** 2 <= 49).astype(np.int32)
    (point,) = interior_points(labels)[1]
    assert interior_points(labels[::-1])[1].tolist() == [[30 - point[0], point[1]]]
    assert interior_points(np.rot90(labels))[1].tolist() == [[40 - point[1], point[0]]]


def test_more_than_255_nuclei(many_instances):
    ids, points = interior_points(many_instances)
    assert ids.tolist() == list(range(1, 301))
    expected = [(4 * (i // 15) + 1, 4 * (i % 15) + 1) for i in range(300)]
    # Nuclei at the top and left edge have no border there, so their points move out to it.
    inner = np.array([r > 1 and c > 1 for r, c in expected])
    assert points[inner].tolist() == [list(map(float, e)) for e, keep in zip(expected, inner, strict=True) if keep]
    assert _values_at(many_instances, points).tolist() == ids.tolist()


def test_no_nuclei():
    ids, points = interior_points(np.zeros((5, 6), np.int32))
    assert ids.shape == (0,) and points.shape == (0, 2)


@pytest.mark.parametrize("labels", [np.zeros((4, 4)), np.zeros((4, 4, 2), np.int32), np.full((4, 4), -1, np.int32)])
def test_refuses_what_is_no_instance_map(labels):
    with pytest.raises(ValueError, match="got"):
        interior_points(labels)
