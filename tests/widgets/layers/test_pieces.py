import numpy as np

from napari_cosynth.widgets.layers.pieces import labels_in_pieces


def masks(*boxes):
    """int32 (32, 32) with boxes of 4 px: (label, row, col)."""
    made = np.zeros((32, 32), np.int32)
    for label, row, col in boxes:
        made[row : row + 4, col : col + 4] = label
    return made


def test_a_label_that_is_painted_in_a_second_place_is_in_pieces():
    before = masks((1, 2, 2), (2, 20, 20))
    after = masks((1, 2, 2), (2, 20, 20), (1, 2, 20), (1, 20, 2), (3, 10, 10))
    assert labels_in_pieces(before, after) == {1: 3}


def test_a_cut_leaves_pieces_too_whatever_cuts():
    before = masks((1, 2, 2), (1, 6, 2))
    for label in (0, 7):
        cut = before.copy()
        cut[5:7] = label
        assert labels_in_pieces(before, cut) == {1: 2}


def test_pieces_that_were_there_before_and_corners_that_touch_are_none():
    before = masks((1, 2, 2), (1, 20, 2))
    after = masks((1, 2, 2), (1, 20, 2), (1, 6, 6))
    assert labels_in_pieces(before, after) == {}
    assert labels_in_pieces(before, masks((1, 2, 2))) == {}
    assert labels_in_pieces(before, before) == {}
