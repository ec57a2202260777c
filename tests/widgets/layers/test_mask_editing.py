import numpy as np
import pytest

from napari_cosynth.events import Preview
from napari_cosynth.session import Session


@pytest.fixture
def session(make_layout, make_made_tile):
    session = Session()
    session.set_layout(make_layout(9), "x")
    session.add_tile(make_made_tile(session.layout))
    session.set_active_class(2)
    return session


@pytest.fixture
def masks(viewer, layers):
    return viewer.layers["instances"]


def test_strokes_become_one_step_after_a_pause(qtbot, masks, session):
    original = session.current.tile
    masks.selected_label, masks.brush_size = 40, 6
    masks.paint((3, 3), 40)
    masks.paint((3, 8), 40)
    assert session.current.tile is original
    qtbot.waitUntil(lambda: session.current.tile.edited, timeout=20000)
    np.testing.assert_array_equal(session.current.tile.instances, masks.data)
    assert {n.id: n.class_id for n in session.current.tile.nuclei}[40] == 2
    assert session.current.tile.semantic[3, 3] == 3
    session.undo()
    assert session.current.tile is original
    np.testing.assert_array_equal(masks.data, original.instances)


@pytest.mark.parametrize("tool", ["fill", "erase", "data"])
def test_every_tool_reaches_the_tile(masks, layers, session, tool):
    row, col = np.round(session.layout.centroids[0]).astype(int)
    if tool == "fill":
        masks.fill((row, col), 0)
    elif tool == "erase":
        masks.mode = "erase"
        masks.paint((row, col), 0)
    else:
        masks.data = np.where(masks.data == 1, 0, masks.data)
    layers.flush()
    assert session.current.tile.edited
    assert session.current.tile.instances[row, col] == 0


def test_the_made_tile_is_never_written_to(masks, layers, session):
    original = session.current.tile
    before = original.instances.copy()
    masks.paint((128, 128), 7)
    layers.flush()
    np.testing.assert_array_equal(original.instances, before)
    masks.paint((10, 10), 7)
    assert session.current.tile.instances[10, 10] == 0


def test_undo_takes_a_stroke_back_before_the_pause_is_over(masks, layers, session):
    masks.mode = "paint"
    masks.paint((3, 3), 40)
    layers.undo()
    assert masks.data[3, 3] == 0
    assert not session.current.tile.edited
    layers.redo()
    assert masks.data[3, 3] == 40
    assert (session.current.tile.edited, masks.mode) == (True, "paint")


def test_naparis_own_undo_of_a_stroke_reaches_the_tile_too(masks, layers, session):
    masks.paint((3, 3), 40)
    layers.flush()
    masks.undo()
    layers.flush()
    assert session.current.tile.instances[3, 3] == 0


def test_naparis_undo_never_mixes_two_tiles(masks, layers, session, make_made_tile):
    masks.paint((3, 3), 40)
    session.add_tile(make_made_tile(session.layout, seed=4))
    masks.undo()
    layers.flush()
    assert not session.current.tile.edited
    assert session.entries[0].tile.instances[3, 3] == 40


def test_strokes_belong_to_the_tile_they_were_made_on(masks, session, make_made_tile):
    first = session.current.key
    second = session.add_tile(make_made_tile(session.layout, misses=2))
    session.choose(first)
    masks.paint((3, 3), 40)
    session.choose(second)
    assert session.entry(first).tile.edited and not session.entry(second).tile.edited


def test_picking_a_class_in_the_middle_loses_no_stroke(masks, session):
    masks.paint((3, 3), 40)
    session.set_active_class(1)
    assert session.current.tile.instances[3, 3] == 40


def test_masks_that_cannot_be_are_refused(masks, layers, session, said):
    original = session.current.tile
    masks.data = np.full((256, 256), 70000, np.int32)
    layers.flush()
    assert "were not changed" in said[0] and "70000" in said[0]
    np.testing.assert_array_equal(masks.data, original.instances)


def test_a_preview_cannot_be_edited(qtbot, viewer, masks, layers, session):
    layers.show_preview(
        Preview(1, 2, np.zeros((256, 256, 3), np.uint8), session.current.tile.instances), session.layout
    )
    masks.data = np.zeros((256, 256), np.int32)
    qtbot.wait(500)
    assert not session.current.tile.edited


def ids(session):
    return {nucleus.id for nucleus in session.current.tile.nuclei}


def stroke(masks, layers, row, col):
    """A dab of the brush with the label that is selected."""
    masks.brush_size = 4
    masks.paint((row, col), masks.selected_label)
    layers.flush()


def test_a_nucleus_that_is_painted_is_a_new_one_and_so_is_the_next(masks, layers, session, make_made_tile, said):
    session.add_tile(make_made_tile(session.layout, misses=2))
    before = ids(session)
    assert before == set(range(1, 8))
    for place in ((3, 3), (3, 30), (3, 60)):
        stroke(masks, layers, *place)
    assert ids(session) - before == {10, 11, 12}
    assert said == []


def test_who_picked_a_label_keeps_it_while_he_corrects_it(masks, layers, session):
    row, col = np.round(session.layout.centroids[4]).astype(int)
    masks.selected_label = 5
    stroke(masks, layers, row, col + 6)
    masks.fill((row, col), 0)
    layers.flush()
    assert 5 not in ids(session)
    stroke(masks, layers, row, col)
    stroke(masks, layers, row, col + 2)
    assert masks.selected_label == 5 and ids(session) == set(range(1, 10))


def test_naparis_own_new_label_is_one_nucleus_too_and_each_tile_begins_with_its_own(
    masks, layers, session, make_layout, make_made_tile
):
    masks.selected_label = 40
    stroke(masks, layers, 3, 3)
    assert masks.selected_label == 41
    first = session.current.key
    session.set_layout(make_layout(16), "x")
    session.add_tile(make_made_tile(session.layout))
    assert masks.selected_label == 17
    session.choose(first)
    assert masks.selected_label == 41
    masks.selected_label = 2
    session.set_active_class(1)
    assert masks.selected_label == 2


def test_one_label_in_several_pieces_is_said(masks, layers, session, said):
    masks.selected_label = 1
    stroke(masks, layers, 3, 3)
    assert len(said) == 1 and "nucleus 1 in 2 pieces" in said[0]
    stroke(masks, layers, 3, 4)
    assert len(said) == 1


def test_a_tile_without_nuclei_begins_with_the_first_label(masks, session, make_layout, make_made_tile):
    session.set_layout(make_layout(0), "x")
    session.add_tile(make_made_tile(session.layout))
    assert masks.selected_label == 1
