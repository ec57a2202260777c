from __future__ import annotations

import numpy as np
import pytest

from napari_cosynth.classes import BUNDLED
from napari_cosynth.overlay import BACKGROUND, overlay, semantic_colors

GREY = 128


def _disc(shape=(48, 64), centre=(20, 30), radius=10, label=5):
    row, col = np.mgrid[: shape[0], : shape[1]]
    return np.where((row - centre[0]) ** 2 + (col - centre[1]) ** 2 <= radius**2, label, 0).astype(np.int32)


def _grey(shape=(48, 64)):
    return np.full((*shape, 3), GREY, np.uint8)


def _changed(picture):
    return (picture != GREY).any(-1)


def test_tile_without_labels_is_left_alone():
    picture = overlay(_grey(), np.zeros((48, 64), np.int32), {}, BUNDLED)
    assert np.array_equal(picture, _grey())


def test_contour_runs_along_the_border_in_the_colour_of_the_class():
    picture = overlay(_grey(), _disc(), {5: BUNDLED.id_of("neoplastic")}, BUNDLED)
    row, col = np.nonzero(_changed(picture))
    distance = np.hypot(row - 20, col - 30)
    assert distance.min() > 7.5 and distance.max() < 12
    ring = picture[20, 30:44].astype(int)
    nearest = np.abs(ring - BUNDLED[BUNDLED.id_of("neoplastic")].rgb).sum(1).argmin()
    assert 9 <= nearest <= 11


def test_same_picture_after_turning():
    instances = _disc((64, 64), (20, 40), 9)
    turned = overlay(_grey((64, 64)), np.rot90(instances).copy(), {5: 0}, BUNDLED).astype(int)
    straight = np.rot90(overlay(_grey((64, 64)), instances, {5: 0}, BUNDLED)).astype(int)
    assert np.abs(turned - straight).mean() < 1.0


def test_unlisted_nucleus_is_unspecified_and_input_is_untouched():
    image = _grey()
    listed = overlay(image, _disc(), {5: BUNDLED.unspecified}, BUNDLED)
    assert np.array_equal(overlay(image, _disc(), {}, BUNDLED), listed)
    assert (image == GREY).all()


@pytest.mark.parametrize("scale", [1, 2, 3, 5])
def test_scale_enlarges(scale):
    picture = overlay(_grey(), _disc(), {5: 0}, BUNDLED, scale=scale)
    assert picture.shape == (48 * scale, 64 * scale, 3) and picture.dtype == np.uint8
    row, col = np.nonzero(_changed(picture))
    centre = ((row.min() + row.max()) / 2, (col.min() + col.max()) / 2)
    assert centre == pytest.approx(((20 + 0.5) * scale - 0.5, (30 + 0.5) * scale - 0.5), abs=1)


def test_nucleus_of_one_pixel_and_one_at_the_edge_are_drawn():
    instances = np.zeros((48, 64), np.int32)
    instances[5, 5] = 900
    instances[40:, :20] = 3
    changed = _changed(overlay(_grey(), instances, {}, BUNDLED))
    assert changed[4:7, 4:7].any()
    assert changed[40, 3:15].all()
    assert not changed[47, 3:15].any(), "a nucleus that is cut stays open at the tile's edge"


def test_points_are_dots_with_an_outline_where_they_were_put():
    points = np.array([[10.0, 20.0], [30.0, 50.0]])
    classes = np.array([BUNDLED.id_of("inflammatory"), BUNDLED.id_of("other")])
    picture = overlay(_grey(), np.zeros((48, 64), np.int32), {}, BUNDLED, points=points, point_classes=classes)
    assert tuple(picture[10, 20]) == BUNDLED[classes[0]].rgb
    assert tuple(picture[30, 50]) == BUNDLED[classes[1]].rgb
    assert picture[10, 18].sum() < picture[10, 20].sum()
    row, col = np.nonzero(_changed(picture))
    assert np.minimum(np.hypot(row - 10, col - 20), np.hypot(row - 30, col - 50)).max() < 4


def test_errors_name_what_is_wrong():
    with pytest.raises(ValueError, match=r"instances \(48, 64\) need uint8"):
        overlay(_grey((40, 64)), _disc(), {}, BUNDLED)
    with pytest.raises(ValueError, match="scale is 0"):
        overlay(_grey(), _disc(), {}, BUNDLED, scale=0)
    with pytest.raises(ValueError, match="class id 99 is not in the taxonomy; 0..7"):
        overlay(_grey(), _disc(), {5: 99}, BUNDLED)
    with pytest.raises(ValueError, match="2 points, but 1 point classes"):
        overlay(_grey(), _disc(), {}, BUNDLED, points=np.zeros((2, 2)), point_classes=np.zeros(1))


def test_semantic_colours_are_those_of_the_taxonomy():
    semantic = np.arange(9, dtype=np.uint8).reshape(3, 3)
    colors = semantic_colors(semantic, BUNDLED).reshape(9, 3)
    assert tuple(colors[0]) == BACKGROUND
    assert [tuple(c) for c in colors[1:]] == [c.rgb for c in BUNDLED]


def test_semantic_value_beyond_the_taxonomy():
    with pytest.raises(ValueError, match="semantic holds 9; 0..8 is allowed"):
        semantic_colors(np.full((2, 2), 9, np.uint8), BUNDLED)
