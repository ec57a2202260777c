import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_cosynth.classes import BUNDLED, UNSPECIFIED, NucleusClass, Taxonomy
from napari_cosynth.events import Preview
from napari_cosynth.layout import Layout
from napari_cosynth.session import Session
from napari_cosynth.widgets.layers.layers import Layers
from napari_cosynth.widgets.work.turns import Turns

ROLES = ["border", "tile", "semantic", "instances", "nuclei", "misses"]


@pytest.fixture
def session(make_layout):
    session = Session()
    session.set_layout(make_layout(12), "x")
    return session


def names(viewer):
    return [layer.name for layer in viewer.layers]


def test_a_tile_brings_its_layers_in_order_and_leaves_the_active_one(viewer, session, layers, make_made_tile):
    viewer.layers["nuclei"].mode = "select"
    tile = make_made_tile(session.layout, misses=2)
    session.add_tile(tile)
    assert names(viewer) == ROLES
    assert viewer.layers.selection.active is viewer.layers["nuclei"]
    assert viewer.layers["nuclei"].mode == "select"
    np.testing.assert_array_equal(viewer.layers["tile"].data, tile.image)
    np.testing.assert_array_equal(viewer.layers["instances"].data, tile.instances)
    np.testing.assert_array_equal(viewer.layers["semantic"].data, tile.semantic)
    assert not viewer.layers["semantic"].visible
    assert viewer.layers["instances"].contour == 1
    assert len(viewer.layers["misses"].data) == 2


def test_a_second_tile_takes_the_place_of_the_first_and_looks_stay(viewer, session, layers, make_made_tile):
    first = session.add_tile(make_made_tile(session.layout))
    before = list(viewer.layers)
    viewer.layers["semantic"].visible = True
    viewer.layers["tile"].opacity = 0.7
    viewer.layers["instances"].blending = "additive"
    viewer.layers.move(1, 0)
    moved = names(viewer)
    second = make_made_tile(session.layout, seed=5, misses=3)
    session.add_tile(second)
    assert names(viewer) == moved and set(viewer.layers) == set(before)
    np.testing.assert_array_equal(viewer.layers["instances"].data, second.instances)
    assert viewer.layers["semantic"].visible
    assert viewer.layers["tile"].opacity == 0.7
    assert viewer.layers["instances"].blending == "additive"
    session.choose(first)
    assert len(viewer.layers["misses"].data) == 0


def test_tiles_of_another_size_and_none(viewer, session, layers, make_layout, make_made_tile):
    session.add_tile(make_made_tile(session.layout))
    session.set_layout(make_layout(4, 64), "x")
    session.add_tile(make_made_tile(session.layout))
    assert viewer.layers["tile"].data.shape == (64, 64, 3)
    assert viewer.layers["semantic"].data.shape == (64, 64)
    session.choose(None)
    for name in ("tile", "instances", "semantic"):
        assert not np.any(viewer.layers[name].data)
    assert len(viewer.layers["misses"].data) == 0


def test_the_view_fits_a_new_size_and_only_that(viewer, session, layers):
    zoom = viewer.scene.camera.zoom
    viewer.scene.camera.zoom = 9
    session.set_layout(session.layout.add(3.3, 3.3, 0), "x")
    assert viewer.scene.camera.zoom == 9
    session.set_layout(session.layout.resized(512, 512), "x")
    assert viewer.scene.camera.zoom == pytest.approx(zoom / 2, rel=0.02)
    assert viewer.scene.camera.center[1:] == pytest.approx((255.5, 255.5))
    assert viewer.layers["border"].data[0].max(axis=0).tolist() == [511.5, 511.5]


def shape_of(viewer):
    """Rows, cols of the canvas and of the tile on it, in px of the screen."""
    camera, border = viewer.scene.camera, viewer.layers["border"].data[0]
    return viewer.canvas.size, np.ptp(border, axis=0) * camera.zoom


@pytest.mark.parametrize(("shape", "ndisplay"), [((5, 64, 64), 2), ((2, 3, 4, 64, 64), 3), ((64, 64), 3)])
def test_layers_of_more_dimensions_keep_no_layout_from_the_canvas(viewer, session, make_layout, shape, ndisplay):
    viewer.add_image(np.zeros(shape))
    viewer.dims.ndisplay = ndisplay
    layers = Layers(viewer, session)
    assert len(viewer.layers["nuclei"].data) == 12
    session.set_layout(make_layout(4, 128), "x")
    assert len(viewer.layers["nuclei"].data) == 4
    assert viewer.scene.camera.center[1:] == pytest.approx((63.5, 63.5))
    canvas, tile = shape_of(viewer)
    assert (tile <= canvas).all() and (tile > 0.8 * np.min(canvas)).any()
    layers.close()


def test_a_stack_that_comes_later_keeps_no_layout_from_the_canvas(viewer, session, layers, make_layout):
    viewer.add_image(np.zeros((5, 64, 64)))
    session.set_layout(make_layout(4, 128), "x")
    assert len(viewer.layers["nuclei"].data) == 4
    assert viewer.layers["border"].data[0].max(axis=0).tolist() == [127.5, 127.5]


def test_a_view_that_cannot_be_fitted_keeps_no_layout_from_the_canvas(
    viewer, session, layers, make_layout, monkeypatch, caplog
):
    def broken(*_args):
        raise RuntimeError("no canvas")

    monkeypatch.setattr(type(viewer.canvas), "viewbox_size", broken)
    session.set_layout(make_layout(4, 128), "x")
    assert len(viewer.layers["nuclei"].data) == 4
    assert "brought into view" in caplog.text


def test_instances_have_the_colour_of_their_class_and_new_labels_the_active_one(
    viewer, session, layers, make_made_tile
):
    session.set_active_class(3)
    tile = make_made_tile(session.layout)
    session.add_tile(tile)
    colormap = viewer.layers["instances"].colormap

    def color(label):
        return (np.asarray(colormap.map(label))[:3] * 255).round().astype(int).tolist()

    for nucleus in tile.nuclei:
        assert color(nucleus.id) == list(BUNDLED[nucleus.class_id].rgb)
    assert color(999) == list(BUNDLED[3].rgb)
    session.set_active_class(1)
    colormap = viewer.layers["instances"].colormap
    assert color(999) == list(BUNDLED[1].rgb)
    layers.set_hidden(frozenset({tile.nuclei[0].class_id}))
    assert viewer.layers["instances"].colormap.map(tile.nuclei[0].id)[3] == 0


def test_outline_or_filled(viewer, session, layers, make_made_tile):
    layers.set_outline(False)
    session.add_tile(make_made_tile(session.layout))
    assert viewer.layers["instances"].contour == 0
    layers.set_outline(True)
    assert (viewer.layers["instances"].contour, viewer.layers["instances"].opacity) == (1, 1)


def test_a_preview_is_shown_and_leaves_no_ghost(viewer, session, layers, make_made_tile):
    tile = make_made_tile(session.layout, misses=2)
    session.add_tile(tile)
    image = np.full((256, 256, 3), 7, np.uint8)
    layers.show_preview(Preview(1, 2, image, None), session.layout)
    assert not viewer.layers["instances"].data.any()
    assert len(viewer.layers["misses"].data) == 0
    layers.show_preview(Preview(2, 2, image, tile.instances), session.layout)
    assert viewer.layers["instances"].data.any()
    assert not viewer.layers["instances"].editable
    np.testing.assert_array_equal(viewer.layers["tile"].data, image)
    session.decide(session.current.key, "accepted")
    np.testing.assert_array_equal(viewer.layers["tile"].data, image)
    layers.end_preview()
    np.testing.assert_array_equal(viewer.layers["tile"].data, tile.image)
    assert viewer.layers["instances"].editable
    assert len(viewer.layers["misses"].data) == 2


def test_a_preview_without_a_tile_leaves_an_empty_canvas(viewer, session, layers):
    layers.show_preview(Preview(1, 2, np.full((256, 256, 3), 7, np.uint8), None), session.layout)
    layers.end_preview()
    assert not viewer.layers["tile"].data.any()


def test_a_finished_tile_ends_its_preview_and_the_next_variant_begins_anew(viewer, session, layers, make_made_tile):
    image = np.full((256, 256, 3), 7, np.uint8)
    layers.show_preview(Preview(1, 1, image, None), session.layout)
    tile = make_made_tile(session.layout)
    session.add_tile(tile)
    np.testing.assert_array_equal(viewer.layers["tile"].data, tile.image)
    layers.show_preview(Preview(1, 1, image, None), session.layout)
    np.testing.assert_array_equal(viewer.layers["tile"].data, image)


def test_previews_are_coloured_by_the_layout_they_are_made_from(viewer, session, layers, make_made_tile):
    image, instances = np.zeros((256, 256, 3), np.uint8), make_made_tile(session.layout).instances

    def color():
        return (viewer.layers["instances"].colormap.map(1)[:3] * 255).round().astype(int).tolist()

    asked = session.layout
    session.set_layout(asked.reclass([0], 3), "x")
    layers.show_preview(Preview(1, 2, image, instances), asked)
    assert color() == list(BUNDLED[0].rgb)
    layers.set_hidden(frozenset({1}))
    assert color() == list(BUNDLED[0].rgb)
    layers.show_preview(Preview(1, 2, image, instances), session.layout)
    assert color() == list(BUNDLED[3].rgb)


def test_layers_of_others_stay_untouched_whatever_they_are_called(viewer, session, make_made_tile):
    image, mask = np.zeros((64, 64, 3), np.uint8), np.ones((64, 64), int)
    theirs = [viewer.add_image(image, name="tile"), viewer.add_labels(mask, name="instances"), viewer.add_points()]
    theirs[2].name = "nuclei"
    layers = Layers(viewer, session)
    session.add_tile(make_made_tile(session.layout))
    theirs[2].add([3, 3])
    theirs[1].paint((5, 5), 9)
    assert len(viewer.layers) == len(ROLES) + 3
    assert len(session.layout) == 12
    assert [layer.name for layer in theirs] == ["tile", "instances", "nuclei"]
    copy = type(viewer.layers["nuclei [1]"])(*[viewer.layers["nuclei [1]"].data])
    viewer.add_layer(copy)
    layers.close()
    assert list(viewer.layers) == [*theirs, copy]
    assert theirs[0].data is image


@pytest.mark.parametrize("name", ROLES)
def test_any_layer_can_be_deleted_at_any_time(viewer, session, layers, make_made_tile, name):
    session.add_tile(make_made_tile(session.layout, misses=1))
    image = np.zeros((256, 256, 3), np.uint8)
    layers.show_preview(Preview(1, 3, image, None), session.layout)
    viewer.layers[name].visible = False
    viewer.layers.remove(name)
    layers.show_preview(Preview(2, 3, image, session.current.tile.instances), session.layout)
    layers.end_preview()
    layers.set_hidden(frozenset({1}))
    layers.set_outline(False)
    session.set_layout(session.layout.add(1, 1, 0), "x")
    session.add_tile(make_made_tile(session.layout, misses=1))
    assert names(viewer) == ROLES
    assert not viewer.layers[name].visible


def test_all_layers_deleted_at_once(viewer, session, layers, make_made_tile):
    session.add_tile(make_made_tile(session.layout))
    viewer.layers.clear()
    session.add_tile(make_made_tile(session.layout, seed=3))
    layers.pick(1)
    session.set_layout(session.layout.add(1, 1, 0), "x")
    assert set(names(viewer)) == set(ROLES)


@pytest.mark.parametrize("name", ROLES)
def test_layers_of_the_shown_tile_are_brought_back(viewer, session, layers, make_made_tile, name):
    session.add_tile(make_made_tile(session.layout, misses=1))
    before = {layer.name: np.asarray(layer.data) for layer in viewer.layers}
    viewer.layers.remove(name)
    layers.bring_back()
    assert names(viewer) == ROLES
    assert np.array_equal(viewer.layers[name].data, before[name])


@pytest.mark.parametrize("act", ["class", "tile"])
def test_the_border_comes_back_with_the_others(viewer, session, layers, make_made_tile, act):
    viewer.layers.clear()
    if act == "class":
        layers.pick(1)
    else:
        session.add_tile(make_made_tile(session.layout))
    assert "border" in names(viewer)


def test_layers_made_ahead_show_nothing_and_are_used(qtbot, viewer, session, layers, make_made_tile):
    layers.prepare()
    qtbot.waitUntil(lambda: names(viewer) == ROLES, timeout=20000)
    assert not viewer.layers["tile"].data.any()
    before = list(viewer.layers)
    session.add_tile(make_made_tile(session.layout))
    assert list(viewer.layers) == before
    assert viewer.layers["tile"].data.shape == (256, 256, 3)


def test_the_nuclei_tell_what_the_tile_made_of_them(viewer, session, layers, make_made_tile):
    session.add_tile(make_made_tile(session.layout, misses=1))
    told = list(viewer.layers["nuclei"].features["tile"])
    assert told == ["made"] * 11 + ["no nucleus"]
    session.set_layout(session.layout.add(1, 1, 0), "x")
    assert set(viewer.layers["nuclei"].features["tile"]) == {""}


def test_keys_follow_the_taxonomy(viewer, session, layers):
    own = Taxonomy(
        classes=(
            NucleusClass(name="mitosis", color="#ff00ff", key="M"),
            NucleusClass(name=UNSPECIFIED, color="#808080", key="U"),
        )
    )
    session.set_layout(Layout(centroids=[(5, 5)], class_ids=[0], taxonomy=own), "Change model")
    bound = {str(key) for key in viewer.layers["nuclei"].keymap}
    assert {"M", "U"} <= bound and "N" not in bound
    assert viewer.layers["nuclei"].metadata["napari_cosynth"]["taxonomy"] == own


def test_close_lets_go_and_a_new_one_shows_everything_again(viewer, session, make_made_tile):
    layers = Layers(viewer, session)
    session.add_tile(make_made_tile(session.layout))
    layers.close()
    assert len(viewer.layers) == 0
    session.set_layout(session.layout.add(1, 1, 0), "x")
    assert len(viewer.layers) == 0
    again = Layers(viewer, session)
    assert names(viewer) == ROLES
    assert len(viewer.layers["nuclei"].data) == 13
    again.close()


@pytest.fixture
def turned(viewer, session):
    """Layers that draw in turns, and those turns."""
    turns = Turns()
    layers = Layers(viewer, session, turns)
    yield layers, turns
    layers.close()
    turns.close()


acts = st.lists(
    st.sampled_from(["preview", "preview with labels", "turn", "end", "tile", "choose", "hide", "delete"]), max_size=14
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=acts)
def test_whatever_comes_between_the_last_preview_or_the_tile_is_shown_in_the_end(
    qtbot, qapp, viewer, session, turned, make_made_tile, acts
):
    layers, turns = turned
    layers.end_preview()
    tile = make_made_tile(session.layout, misses=2)
    key = session.add_tile(tile)
    image, instances, previewed, step = None, None, False, 0
    for act in acts:
        match act:
            case "preview" | "preview with labels":
                step += 1
                image = np.full((256, 256, 3), step, np.uint8)
                if not previewed:
                    instances = np.zeros((256, 256), np.int32)
                if act == "preview with labels":
                    instances = np.roll(tile.instances, step)
                    layers.show_preview(Preview(step, 99, image, instances), session.layout)
                else:
                    layers.show_preview(Preview(step, 99, image, None), session.layout)
                previewed = True
            case "turn":
                qapp.processEvents()
            case "end":
                layers.end_preview()
                previewed = False
            case "tile":
                key = session.add_tile(tile)
                previewed = False
            case "choose":
                session.choose(None)
                session.choose(key)
                previewed = False
            case "hide":
                layers.set_hidden(frozenset({step % 3}))
            case "delete":
                for layer in [layer for layer in viewer.layers if layer.name == "tile"]:
                    viewer.layers.remove(layer)
                # It comes back with the next thing that is shown.
                image = np.full((256, 256, 3), 200, np.uint8)
                step += 1
                layers.show_preview(Preview(step, 99, image, None), session.layout)
                instances = instances if previewed else np.zeros((256, 256), np.int32)
                previewed = True
    layers.set_hidden(frozenset())
    qtbot.waitUntil(lambda: not turns.busy, timeout=20000)
    shown = viewer.layers["instances"]
    if previewed:
        np.testing.assert_array_equal(viewer.layers["tile"].data, image)
        np.testing.assert_array_equal(shown.data, instances)
        assert len(viewer.layers["misses"].data) == 0 and not shown.editable
        assert not viewer.layers["semantic"].data.any()
        assert set(viewer.layers["nuclei"].features["tile"]) == {""}
    else:
        np.testing.assert_array_equal(viewer.layers["tile"].data, tile.image)
        np.testing.assert_array_equal(shown.data, tile.instances)
        np.testing.assert_array_equal(viewer.layers["semantic"].data, tile.semantic)
        assert len(viewer.layers["misses"].data) == 2 and shown.editable
        assert list(viewer.layers["nuclei"].features["tile"]).count("no nucleus") == 2


def test_the_image_of_a_tile_is_there_at_once_and_masks_can_be_edited_when_all_is(
    qtbot, viewer, session, turned, make_made_tile
):
    layers, turns = turned
    tile = make_made_tile(session.layout, misses=2)
    session.add_tile(tile)
    np.testing.assert_array_equal(viewer.layers["tile"].data, tile.image)
    qtbot.waitUntil(lambda: not turns.busy, timeout=20000)
    viewer.layers["instances"].paint((3, 3), 40)
    layers.flush()
    assert session.current.tile.edited and session.current.tile.instances[3, 3] == 40
    # An edit waits for no turn, or the next stroke would fall between.
    assert not turns.busy
    np.testing.assert_array_equal(viewer.layers["instances"].data, session.current.tile.instances)


def test_closed_layers_come_back_by_no_turn(qtbot, viewer, session, turned, make_made_tile):
    layers, turns = turned
    tile = make_made_tile(session.layout)
    session.add_tile(tile)
    layers.prepare()
    layers.show_preview(Preview(1, 2, tile.image, tile.instances), session.layout)
    layers.close()
    assert not turns.busy
    qtbot.wait(50)
    assert len(viewer.layers) == 0


def test_a_verdict_is_given_to_the_tile_that_is_seen_alone(viewer, layers, session, make_layout, make_made_tile):
    heard = []
    layers.decided.connect(heard.append)

    def press(key):
        [action] = [act for bound, act in viewer.layers["nuclei"].keymap.items() if str(bound) == key]
        action(viewer.layers["nuclei"])

    press("A")
    assert heard == []
    tile = make_made_tile(make_layout(5))
    session.add_tile(tile)
    layers.show_preview(Preview(1, 4, tile.image, tile.instances), tile.request.layout)
    press("A")
    assert heard == []
    layers.end_preview()
    press("A")
    press("R")
    assert heard == ["accepted", "rejected"]


def test_a_class_keeps_its_letter_though_it_is_that_of_a_verdict(viewer, layers, session, make_layout, make_made_tile):
    heard = []
    layers.decided.connect(heard.append)
    session.add_tile(make_made_tile(make_layout(5)))

    def press_r():
        [action] = [act for bound, act in viewer.layers["nuclei"].keymap.items() if str(bound) == "R"]
        action(viewer.layers["nuclei"])

    other = NucleusClass(name=UNSPECIFIED, color="#808080", key="R")
    session.set_layout(Layout(taxonomy=Taxonomy(classes=(other,))), "x")
    press_r()
    assert heard == []
    session.set_layout(Layout(taxonomy=BUNDLED), "x")
    press_r()
    assert heard == ["rejected"]
