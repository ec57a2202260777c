import numpy as np
import pytest
from napari.layers import Points
from napari.utils.key_bindings import KeymapHandler

from napari_cosynth.layout import Layout


@pytest.fixture
def nuclei(viewer, layers):
    return next(layer for layer in viewer.layers if isinstance(layer, Points))


@pytest.fixture
def press(viewer, nuclei):
    keys = KeymapHandler()
    keys.keymap_providers = [nuclei, viewer]
    return keys.press_key


def in_step(nuclei, session):
    """The layer shows the layout and nothing else."""
    layout = session.layout
    colors = np.array([layout.taxonomy[i].rgb for i in layout.class_ids]).reshape(-1, 3) / 255
    np.testing.assert_array_equal(nuclei.data, layout.centroids)
    assert tuple(nuclei.features["class"]) == layout.names
    if len(layout):
        np.testing.assert_allclose(nuclei.face_color[:, :3], colors, atol=1e-6)
    return True


def test_the_first_points_layer_is_ready_to_place_nuclei(viewer, nuclei):
    assert (nuclei.name, nuclei.mode, len(nuclei.data)) == ("nuclei", "add", 0)
    assert viewer.layers.selection.active is nuclei
    assert [layer.name for layer in viewer.layers] == ["border", "nuclei"]
    assert nuclei.current_face_color == "#d55e00ff"


def test_points_added_by_any_route_reach_the_layout_with_the_active_class(nuclei, session):
    nuclei.add([10, 10])
    session.set_active_class(2)
    nuclei.add([[20, 20], [30, 30]])
    session.set_active_class(1)
    nuclei.data = np.vstack([nuclei.data, [(40, 40)]])
    session.set_active_class(4)
    nuclei.selected_data = {0}
    nuclei._copy_data()
    nuclei._clipboard["data"] += 40  # napari pastes in the same place
    nuclei._paste_data()
    assert session.layout.class_ids.tolist() == [0, 2, 2, 1, 4]
    assert session.layout.centroids[-1].tolist() == [50, 50]
    assert in_step(nuclei, session)


def test_a_fresh_layer_takes_a_whole_array(nuclei, session):
    nuclei.data = np.array([(1, 1), (9, 9)])
    assert session.undo_name == "Add 2 nuclei"
    nuclei.data = []
    assert len(session.layout) == 0
    assert in_step(nuclei, session)


@pytest.mark.parametrize("bad", [(300, 5), (5, -0.6), (10.3, 10.3), (float("nan"), 1)])
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")
def test_what_cannot_be_is_refused_and_the_layer_goes_back(nuclei, session, said, bad):
    nuclei.add([10, 10])
    nuclei.add(bad)
    assert len(session.layout) == 1
    assert in_step(nuclei, session)
    assert len(said) == 1 and said[0].startswith("The nucleus was not added: ")
    session.undo()
    assert len(session.layout) == 0


def test_every_edit_can_be_undone_and_redone_over_many_levels(nuclei, session):
    for i in range(60):
        nuclei.add([4 * i + 1, 100])
    nuclei.remove([0, 5])
    nuclei.data = nuclei.data + 1.5
    states = []
    while session.can_undo:
        assert in_step(nuclei, session)
        states.append(session.layout)
        session.undo()
    assert len(states) == 62 and len(session.layout) == 0
    for state in reversed(states):
        session.redo()
        assert session.layout == state
    assert in_step(nuclei, session)


def test_removing_keeps_the_others_selected(nuclei, session):
    nuclei.add([[10, 10], [20, 20], [30, 30], [40, 40]])
    nuclei.selected_data = {1, 3}
    nuclei.remove([0, 1])
    assert set(nuclei.selected_data) == {1}
    assert session.layout.centroids[:, 0].tolist() == [30, 40]
    session.undo()
    assert set(nuclei.selected_data) == {3}


def test_the_selection_survives_what_happens_elsewhere(nuclei, session):
    nuclei.add([[10, 10], [20, 20], [30, 30]])
    nuclei.selected_data = {0, 2}
    session.set_layout(session.layout.mirrored(), "Mirror")
    assert set(nuclei.selected_data) == {0, 2}
    session.set_layout(session.layout.remove([1]), "Delete")
    assert set(nuclei.selected_data) == {0, 1}


def test_a_class_key_changes_the_selected_nuclei(nuclei, session, press):
    nuclei.add([[10, 10], [20, 20], [30, 30]])
    nuclei.mode = "select"
    nuclei.selected_data = {0, 2}
    press("E")
    assert session.layout.names == ("epithelial", "neoplastic", "epithelial")
    assert set(nuclei.selected_data) == {0, 2}
    assert session.undo_name == "Change class to epithelial"
    session.undo()
    assert session.layout.names == ("neoplastic",) * 3


def test_without_a_selection_a_class_key_picks_the_class_to_place(nuclei, session, press):
    nuclei.add([10, 10])
    nuclei.mode = "select"
    press("I")
    assert (session.active_class, nuclei.mode) == (1, "add")
    nuclei.add([20, 20])
    press("C")
    nuclei.add([30, 30])
    assert session.layout.names == ("neoplastic", "inflammatory", "connective")


def test_undo_and_redo_keys(nuclei, session, press):
    nuclei.add([10, 10])
    press("Control-Z")
    assert len(session.layout) == 0
    press("Control-Shift-Z")
    assert len(session.layout) == 1


def test_copies_are_pasted_beside_with_their_classes_and_selected(nuclei, session, press):
    session.set_layout(Layout(centroids=[(30, 100), (200, 250)], class_ids=[3, 6]), "x")
    nuclei.selected_data = {0, 1}
    press("Control-C")
    press("Control-V")
    press("Control-V")
    assert len(session.layout) == 6
    assert session.layout.names == ("epithelial", "positive") * 3
    assert session.layout.centroids[2:].tolist() == [[42, 88], [212, 238], [54, 76], [224, 226]]
    assert set(nuclei.selected_data) == {4, 5}
    assert in_step(nuclei, session)


def test_copies_that_fall_off_the_tile_are_refused(nuclei, session, press, said):
    session.set_layout(Layout(centroids=[(10, 10), (250, 250)], class_ids=[3, 6]), "x")
    nuclei.selected_data = {0, 1}
    press("Control-C")
    press("Control-V")
    assert session.layout.names == ("epithelial", "positive", "positive")
    assert said[0].startswith("1 of 2 nuclei were not added")


def test_a_table_of_features_can_change_the_class_but_not_to_nonsense(nuclei, session, said):
    nuclei.add([[10, 10], [20, 20]])
    nuclei.features = {"class": ["other", "neoplastic"]}
    assert session.layout.names == ("other", "neoplastic")
    nuclei.features = {"class": ["other", "lymphocite"]}
    assert session.layout.names == ("other", "neoplastic")
    assert "unknown class 'lymphocite'" in said[0]
    assert in_step(nuclei, session)


def test_hidden_classes_are_neither_drawn_nor_taken_hold_of(layers, nuclei, session, said):
    size = float(nuclei.current_size)
    nuclei.add([10, 10])
    session.set_active_class(1)
    nuclei.add([20, 20])
    nuclei.selected_data = {0, 1}
    layers.set_hidden(frozenset({1}))
    assert nuclei.face_color[:, 3].tolist() == nuclei.border_color[:, 3].tolist() == [1, 0]
    assert nuclei.size.tolist() == [size, 0]
    assert set(nuclei.selected_data) == {0}
    nuclei.selected_data = {0, 1}  # as a box around both
    assert set(nuclei.selected_data) == {0}
    nuclei.add([30, 30])
    assert "inflammatory is hidden" in said[0]
    layers.set_hidden(frozenset())
    assert nuclei.face_color[:, 3].all()
    assert nuclei.size.tolist() == [size] * 3


def test_sizes_and_colours_of_the_user_stay(nuclei, session):
    nuclei.add([10, 10])
    nuclei.opacity, nuclei.blending = 0.5, "additive"
    nuclei.size = nuclei.current_size = 15
    nuclei.add([20, 20])
    session.undo()
    assert (nuclei.opacity, nuclei.blending, nuclei.size.tolist()) == (0.5, "additive", [15])


def test_a_deleted_layer_comes_back_when_it_is_needed(viewer, layers, nuclei, session):
    nuclei.add([10, 10])
    nuclei.opacity = 0.6
    viewer.layers.remove(nuclei)
    nuclei.add([77, 77])
    assert len(session.layout) == 1
    layers.pick(0)
    again = viewer.layers["nuclei"]
    assert again is viewer.layers.selection.active
    assert (len(again.data), again.opacity, again.mode) == (1, 0.6, "add")
    again.add([20, 20])
    assert len(session.layout) == 2
    keys = KeymapHandler()
    keys.keymap_providers = [again]
    keys.press_key("I")
    assert session.active_class == 1


def test_among_five_hundred_nuclei_each_new_one_is_followed(nuclei, session, make_layout):
    session.set_layout(make_layout(500, 1024), "x")
    for i in range(5):
        nuclei.add([3 + i, 700.4])
        assert session.layout.centroids[-1].tolist() == [3 + i, 700.4]
    assert len(session.layout) == 505
