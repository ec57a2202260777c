"""The class of a made nucleus, corrected on the canvas."""

import numpy as np
import pytest

from napari_cosynth.classes import UNSPECIFIED, NucleusClass, Taxonomy
from napari_cosynth.events import Preview
from napari_cosynth.session import Session


@pytest.fixture
def session(make_layout, make_made_tile):
    session = Session()
    session.set_layout(make_layout(9), "x")
    session.add_tile(make_made_tile(session.layout))
    return session


@pytest.fixture
def masks(viewer, layers):
    """The instances, as the active layer with the label 2 selected."""
    made = viewer.layers["instances"]
    viewer.layers.selection.active = made
    made.selected_label = 2
    return made


def classes(session):
    return {nucleus.id: nucleus.class_id for nucleus in session.current.tile.nuclei}


def press(layer, key):
    [action] = [action for bound, action in layer.keymap.items() if str(bound) == key]
    action(layer)


@pytest.mark.parametrize("key", ["", "Shift+E"])
def test_a_class_is_given_and_seen_and_taken_back(viewer, layers, masks, session, key):
    before, layout = session.current.tile, session.layout
    row, col = np.round(layout.centroids[1]).astype(int)
    if key:
        press(masks, key)
    else:
        layers.pick(3)
    assert classes(session) == classes_of(before) | {2: 3}
    assert viewer.layers["semantic"].data[row, col] == session.current.tile.semantic[row, col] == 4
    np.testing.assert_array_equal(masks.get_color(2), masks.get_color(4))
    assert list(masks.features["class"])[2] == "epithelial"
    assert session.layout == layout and session.active_class == 3
    assert viewer.layers.selection.active is masks and masks.selected_label == 2
    assert [str(s) for s in viewer.layers["misses"].symbol] == ["square"]
    layers.undo()
    assert session.current.tile is before and viewer.layers["semantic"].data[row, col] == 2


def classes_of(tile):
    return {nucleus.id: nucleus.class_id for nucleus in tile.nuclei}


def test_a_stroke_before_it_counts(layers, masks, session):
    masks.paint((3, 3), 2)
    layers.pick(4)
    assert session.current.tile.semantic[3, 3] == 5 and session.undo_name == "Correct class"


def test_without_a_nucleus_chosen_the_nuclei_are_meant(viewer, layers, masks, session):
    before = session.current.tile
    masks.selected_label = 40
    layers.pick(1)
    assert viewer.layers.selection.active is viewer.layers["nuclei"] and session.current.tile is before
    masks.selected_label = 2
    layers.pick(3)
    assert session.current.tile is before


def test_what_was_chosen_on_another_tile_is_chosen_no_longer(layers, masks, session, make_made_tile):
    session.add_tile(make_made_tile(session.layout, seed=4))
    layers.pick(3)
    assert not any(entry.tile.edited for entry in session.entries)


def test_a_preview_has_no_nucleus_to_correct(layers, masks, session):
    layers.show_preview(
        Preview(1, 2, np.zeros((256, 256, 3), np.uint8), session.current.tile.instances), session.layout
    )
    masks.selected_label = 2
    layers.pick(3)
    assert not session.current.tile.edited


def test_a_class_that_the_tile_does_not_know_is_refused(layers, masks, session, said):
    own = Taxonomy(
        classes=(
            NucleusClass(name="mitosis", color="#ff00ff", key="T"),
            NucleusClass(name=UNSPECIFIED, color="#808080", key="U"),
        )
    )
    session.set_layout(type(session.layout)(centroids=[(5, 5)], class_ids=[0], taxonomy=own), "Change model")
    press(masks, "Shift+T")
    assert "this tile has no class mitosis. Choose one of neoplastic, " in said[0]
    assert not session.current.tile.edited
    press(masks, "Shift+U")
    assert classes(session)[2] == 5
    assert "Shift+E" not in {str(key) for key in masks.keymap}
