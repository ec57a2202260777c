import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cosynth.layout import Layout
from napari_cosynth.points import MAX_POINTS
from napari_cosynth.widgets.layers.points_edit import edited

LAYOUT = Layout(centroids=[(10, 10), (20, 20), (30, 30)], class_ids=[0, 1, 2])


def rows(*points):
    return np.array(points, float)


def test_new_points_get_the_new_class_and_the_others_keep_theirs():
    edit = edited(LAYOUT, rows((10, 10), (20, 20), (30, 30), (40, 40), (50, 50)), 4)
    assert edit.layout.class_ids.tolist() == [0, 1, 2, 4, 4]
    assert (edit.name, edit.refusal) == ("Add 2 nuclei", "")
    assert edited(LAYOUT.without_points(), rows((1, 1)), 3).layout.class_ids.tolist() == [3]
    by_row = edited(LAYOUT, rows((10, 10), (20, 20), (30, 30), (40, 40)), np.array([9, 9, 9, 5]))
    assert by_row.layout.class_ids.tolist() == [0, 1, 2, 5]


def test_a_moved_point_keeps_its_class_and_its_number():
    edit = edited(LAYOUT, rows((10, 10), (99, 98), (30, 30)), 4)
    assert edit.layout == LAYOUT.move(1, 99, 98)
    assert edit.name == "Move nucleus"
    assert edited(LAYOUT, LAYOUT.centroids + 3, 4).name == "Move 3 nuclei"


def test_taken_off_points_and_another_order():
    edit = edited(LAYOUT, rows((10, 10), (30, 30)), 4)
    assert edit.layout == LAYOUT.remove([1])
    assert edit.name == "Delete nucleus"
    assert edited(LAYOUT, np.empty((0, 2)), 4).name == "Delete 3 nuclei"
    assert edited(LAYOUT, LAYOUT.centroids[::-1], 4).layout.class_ids.tolist() == [2, 1, 0]


@pytest.mark.parametrize("bad", [(256, 10), (-1, 10), (np.nan, 5), (10, np.inf), (10.5, 10.5), (10, 10)])
def test_a_bad_new_point_is_refused_and_the_good_ones_are_taken(bad):
    edit = edited(LAYOUT, np.vstack([LAYOUT.centroids, [bad], [(77, 77)]]), 4)
    assert edit.layout == LAYOUT.add(77, 77, 4)
    assert edit.name == "Add nucleus"
    assert edit.refusal.startswith("1 of 2 nuclei were not added: ")
    alone = edited(LAYOUT, np.vstack([LAYOUT.centroids, [bad]]), 4)
    assert alone.layout == LAYOUT
    assert alone.refusal.startswith("The nucleus was not added: ")
    assert ("outside the tile of 256 x 256 px" in alone.refusal) == (bad not in [(10.5, 10.5), (10, 10)])


@pytest.mark.parametrize("bad", [(256, 10), (10.2, 10), (10, 10), (np.nan, 10)])
def test_a_move_with_a_bad_point_is_refused_whole(bad):
    edit = edited(LAYOUT, np.array([(10, 10), bad, (40, 40)], float), 4)
    assert edit.layout is LAYOUT
    assert edit.refusal.startswith("The nuclei were not moved: ")


def test_no_more_points_than_a_tile_holds():
    grid = np.stack(np.meshgrid(np.arange(71), np.arange(71), indexing="ij"), axis=-1).reshape(-1, 2) * 2.0
    edit = edited(LAYOUT.without_points(), grid, 0)
    assert len(edit.layout) == MAX_POINTS
    assert f"at most {MAX_POINTS}" in edit.refusal


@given(st.lists(st.tuples(st.floats(-5, 70), st.floats(-5, 70)), max_size=12))
def test_whatever_comes_the_result_is_a_layout_in_the_order_given(points):
    layout = Layout(centroids=[(5, 5), (15, 15), (40, 9)], class_ids=[0, 1, 2], height=64, width=64)
    edit = edited(layout, np.array(points, float).reshape(-1, 2), 3)
    if edit.layout is not layout:
        given_rows = [tuple(np.array(p) + 0.0) for p in points]
        kept = [given_rows.index(tuple(p)) for p in edit.layout.centroids.tolist()]
        assert kept == sorted(kept)
    if not edit.refusal:
        assert len(edit.layout) == len(points)


def test_on_the_largest_tile_no_larger_one_is_advised():
    largest = Layout(height=1024, width=1024)
    refusal = edited(largest, rows((5, 1500)), 4).refusal
    assert refusal.endswith("outside the tile of 1024 x 1024 px. Place it inside the border")
    assert edited(Layout(height=1024), rows((5, 1500)), 4).refusal.endswith("or choose a larger tile")
