from __future__ import annotations

import numpy as np
import pytest

from napari_cosynth.data.labelled import LabelledTile
from napari_cosynth.interior import interior_points


def _tile(image, instances, **more):
    ids, points = interior_points(instances)
    return LabelledTile("t", image, instances, ids, points, ("unspecified",) * len(ids), **more)


def test_shape_is_that_of_the_image(image, instances):
    assert _tile(image, instances).shape == (48, 64)
    assert _tile(None, instances).shape == (48, 64)


def test_sizes_must_agree(image, instances):
    with pytest.raises(ValueError, match=r"'t': image \(40, 64\) and instances \(48, 64\)"):
        _tile(image[:40], instances)


def test_lengths_must_agree(image):
    with pytest.raises(ValueError, match="1 ids, 2 centroids and 1 classes"):
        LabelledTile("t", image, None, np.array([1]), np.zeros((2, 2)), ("other",))


@pytest.mark.parametrize("um_per_px", [0.5, 0.46, 0.4, 0.3])
def test_enlarging_keeps_centroids_inside(image, instances, um_per_px, centroids_lie_inside):
    tile = _tile(image, instances, um_per_px=um_per_px)
    working = tile.at_um_per_px(0.25)
    assert working.um_per_px == 0.25
    assert working.shape == working.image.shape[:2] == working.instances.shape
    assert working.shape == tuple(round(side * um_per_px / 0.25) for side in tile.shape)
    assert working.image.dtype == np.uint8 and working.instances.dtype == np.int32
    assert working.ids.tolist() == np.unique(working.instances)[1:].tolist()
    assert centroids_lie_inside(working)


def test_20x_to_40x_of_many_nuclei(many_instances, centroids_lie_inside):
    image = np.zeros((*many_instances.shape, 3), np.uint8)
    working = _tile(image, many_instances, um_per_px=0.5).at_um_per_px(0.25)
    assert np.array_equal(working.instances, many_instances.repeat(2, 0).repeat(2, 1))
    assert centroids_lie_inside(working)


def test_centroids_keep_their_place_there_and_back(image, instances):
    tile = _tile(image, instances, um_per_px=0.5)
    back = tile.at_um_per_px(0.25).at_um_per_px(0.5)
    assert back.centroids == pytest.approx(tile.centroids)
    assert np.array_equal(back.instances, instances)


def test_same_resolution_is_the_same_tile(image, instances):
    tile = _tile(image, instances, um_per_px=0.2525)
    assert tile.at_um_per_px(0.25) is tile


def test_layout_without_image_is_scaled_too():
    tile = LabelledTile("t", None, None, np.array([1]), np.array([[0.0, 9.0]]), ("other",), 0.5, shape=(10, 20))
    working = tile.at_um_per_px(0.25)
    assert working.shape == (20, 40)
    assert working.centroids.tolist() == [[0.5, 18.5]]


@pytest.mark.parametrize(("stain", "is_ihc"), [("H&E", False), ("IHC Ki-67 (DAB, haematoxylin)", True)])
def test_stain(image, instances, stain, is_ihc):
    assert _tile(image, instances, stain=stain).is_ihc is is_ihc
