from __future__ import annotations

import numpy as np
import pytest

from napari_cosynth.classes import BUNDLED
from napari_cosynth.evaluation.grid import class_legend, heat_colors, tile_grid, tile_panels
from napari_cosynth.overlay import semantic_colors


def _picture(value, height=20, width=30):
    return np.full((height, width, 3), value, np.uint8)


def test_pictures_stand_side_by_side_in_order():
    sheet = tile_grid([[_picture(10), _picture(60)], [_picture(110), _picture(160)]], gap=4)
    assert sheet.shape == (4 + 2 * 24, 4 + 2 * 34, 3) and sheet.dtype == np.uint8
    for row, col, value in ((0, 0, 10), (0, 1, 60), (1, 0, 110), (1, 1, 160)):
        top, left = 4 + row * 24, 4 + col * 34
        assert (sheet[top : top + 20, left : left + 30] == value).all()


def test_cells_may_be_empty_and_sizes_differ():
    sheet = tile_grid([[_picture(10), None], [_picture(60, 8, 8)], [None, _picture(90, 5, 50)]])
    assert (sheet[:, -54:-4] == 90).any()
    assert (sheet == 60).all(-1).sum() == 64


def test_labels_take_room_and_leave_ink():
    bare = tile_grid([[_picture(200)], [_picture(200)]])
    labelled = tile_grid([[_picture(200, 20, 90)], [_picture(200, 20, 90)]], ["first", "second"], ["image"])
    assert labelled.shape[0] == bare.shape[0] + 3 * 17
    assert (labelled < 120).any()


def test_long_captions_stay_on_the_sheet():
    plain = tile_grid([[_picture(200, 20, 80)]], ["colon"])
    long = tile_grid([[_picture(200, 20, 80)]], ["colon adenocarcinoma with dense lymphocytes\n" * 20])
    assert long.shape == plain.shape
    assert (long[:, -4:] == 255).all()


def test_panels_of_a_tile():
    image = np.full((32, 48, 3), 180, np.uint8)
    instances = np.zeros((32, 48), np.int32)
    instances[5:15, 5:15], instances[20:30, 30:40] = 300, 8
    panels = tile_panels(image, instances, {300: 1}, BUNDLED, distance=np.zeros((32, 48)), scale=2)
    assert [p.shape for p in panels] == [(64, 96, 3)] * 4
    assert (panels[0] == 180).all()
    classes = panels[2]
    assert tuple(classes[20, 20]) == BUNDLED[1].rgb
    assert tuple(classes[50, 70]) == BUNDLED[BUNDLED.unspecified].rgb
    assert len(tile_panels(image, instances, {}, BUNDLED)) == 3


def test_a_semantic_map_is_shown_as_it_is():
    image, instances = np.zeros((16, 16, 3), np.uint8), np.zeros((16, 16), np.int32)
    semantic = np.full((16, 16), 3, np.uint8)
    panel = tile_panels(image, instances, {}, BUNDLED, semantic=semantic)[2]
    assert np.array_equal(panel, semantic_colors(semantic, BUNDLED))


def test_legend_shows_the_colours_asked_for():
    legend = class_legend(BUNDLED, [0, 3])
    shown = {tuple(c) for c in legend.reshape(-1, 3)}
    assert BUNDLED[0].rgb in shown and BUNDLED[3].rgb in shown and BUNDLED[1].rgb not in shown
    assert class_legend(BUNDLED).shape[1] > legend.shape[1]


def test_heat_grows_lighter():
    luma = heat_colors(np.linspace(0, 1, 21)[None]).astype(int).sum(-1)[0]
    assert (np.diff(luma) > 0).all()
    assert np.array_equal(
        heat_colors(np.array([[-1.0, 2.0, np.nan]]))[0, [0, 1]], heat_colors(np.array([[0.0, 1.0]]))[0]
    )


def test_errors_say_what_is_wrong():
    with pytest.raises(ValueError, match="at least one picture"):
        tile_grid([[None]])
    with pytest.raises(ValueError, match="a picture is float64"):
        tile_grid([[np.zeros((4, 4, 3))]])
    with pytest.raises(ValueError, match="1 row labels, but 2 rows"):
        tile_grid([[_picture(1)], [_picture(2)]], ["a"])
    with pytest.raises(ValueError, match="3 column labels, but 1 columns"):
        tile_grid([[_picture(1)]], (), ["a", "b", "c"])
