import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from napari_cosynth.classes import BUNDLED, UNSPECIFIED, NucleusClass, Taxonomy
from napari_cosynth.layout import Layout, plain_message

OWN = Taxonomy(
    classes=(
        NucleusClass(name="mitosis", color="#ff0000", key="M"),
        NucleusClass(name=UNSPECIFIED, color="#808080", key="U"),
    )
)


@st.composite
def layouts(draw):
    """Layouts with points anywhere a tile allows, one per 16 px cell so that they lie apart."""
    height, width = (16 * draw(st.integers(4, 8)) for _ in range(2))
    taxonomy = draw(st.sampled_from([BUNDLED, OWN]))
    cells = draw(st.sets(st.tuples(st.integers(0, height // 16 - 1), st.integers(0, width // 16 - 1)), max_size=12))
    offset = st.floats(-0.5, 14.0)
    return Layout(
        centroids=[(16 * r + draw(offset), 16 * c + draw(offset)) for r, c in cells],
        class_ids=[draw(st.integers(0, len(taxonomy) - 1)) for _ in cells],
        height=height,
        width=width,
        um_per_px=draw(st.floats(0.1, 2.0)),
        taxonomy=taxonomy,
    )


def message(**fields):
    with pytest.raises(ValidationError) as caught:
        Layout(**fields)
    return plain_message(caught.value)


@given(layouts())
def test_json_round_trip_is_exact(layout):
    again = Layout.model_validate_json(layout.model_dump_json())
    assert again == layout
    assert hash(again) == hash(layout)
    assert Layout.model_validate(layout.model_dump()) == layout


def test_json_is_readable_and_names_the_taxonomy_only_if_it_is_not_the_bundled_one():
    data = json.loads(Layout(centroids=[(1, 2.5)], class_ids=[3]).model_dump_json())
    assert data == {
        "height": 256,
        "width": 256,
        "um_per_px": 0.25,
        "centroids": [[1.0, 2.5]],
        "classes": ["epithelial"],
    }
    assert "taxonomy" in json.loads(Layout(taxonomy=OWN).model_dump_json())


@given(layouts())
def test_turns_and_mirrors_do_to_points_what_numpy_does_to_the_image(layout):
    whole = layout.without_points()
    for (row, col), class_id in zip(np.rint(layout.centroids + 1e-9), layout.class_ids, strict=True):
        whole = whole.add(row, col, int(class_id))
    image = np.zeros((whole.height, whole.width), dtype=int)
    image[tuple(whole.centroids.astype(int).T)] = np.arange(1, len(whole) + 1)
    for turned, picture in ((whole.mirrored(), np.fliplr(image)), (whole.rotated(), np.rot90(image))):
        assert (turned.height, turned.width) == picture.shape
        assert picture[tuple(turned.centroids.astype(int).T)].tolist() == list(range(1, len(whole) + 1))
        assert turned.names == whole.names


@given(layouts())
def test_two_mirrors_and_four_turns_change_nothing(layout):
    twice = layout.mirrored().mirrored()
    four = layout.rotated().rotated().rotated().rotated()
    for again in (twice, four):
        np.testing.assert_allclose(again.centroids, layout.centroids, atol=1e-9)
        assert (again.height, again.width, again.names) == (layout.height, layout.width, layout.names)


def test_a_point_on_the_very_edge_survives_mirror_and_turn():
    layout = Layout(centroids=[(-0.5, -0.5), (-0.5, 20)], class_ids=[0, 1])
    assert len(layout.mirrored()) == len(layout.rotated()) == 2
    assert layout.mirrored().centroids[0, 1] < 255.5


@given(layouts(), st.data())
def test_edits_change_what_they_say_and_nothing_else(layout, data):
    before = layout.model_dump_json()
    number = len(layout)
    if number:
        index = data.draw(st.integers(0, number - 1))
        removed = layout.remove([index])
        assert removed.names == layout.names[:index] + layout.names[index + 1 :]
        assert np.array_equal(removed.centroids, np.delete(layout.centroids, index, axis=0))
        recoloured = layout.reclass([index], 0)
        assert recoloured.class_ids[index] == 0
        assert np.array_equal(recoloured.centroids, layout.centroids)
        there = layout.centroids[index] + 0.25
        assert layout.move(index, *there).centroids[index].tolist() == there.tolist()
        assert removed.add(*layout.centroids[index], int(layout.class_ids[index])).counts() == layout.counts()
    assert len(layout.without_points()) == 0
    assert layout.resized(layout.height, layout.width) == layout
    assert layout.model_dump_json() == before


def test_resized_keeps_the_place_and_drops_what_falls_off():
    layout = Layout(centroids=[(10, 10), (63.4, 63.4), (63.5, 10), (10, 200)], class_ids=[0, 1, 2, 3])
    assert layout.resized(64, 64).names == ("neoplastic", "inflammatory")
    assert layout.resized(512, 512).centroids.tolist() == layout.centroids.tolist()


def test_counts_name_every_class():
    counts = Layout(centroids=[(1, 1), (5, 5), (9, 9)], classes=["other", "other", "positive"]).counts()
    assert tuple(counts) == BUNDLED.names
    assert (counts["other"], counts["positive"], counts["neoplastic"]) == (2, 1, 0)


def test_equality_and_hash_go_by_content():
    one = Layout(centroids=[(0.0, 1)], class_ids=[2])
    same = Layout(centroids=np.array([[-0.0, 1]], dtype=np.float32), classes=["Connective"])
    assert one == same
    assert len({one, same}) == 1
    assert one != one.reclass([0], 3)
    assert one != one.resized(128, 128)
    assert one != "a layout"


def test_arrays_have_the_promised_types_and_cannot_be_written():
    given = np.array([[3, 4]])
    layout = Layout(centroids=given, class_ids=np.array([1], dtype=np.uint8))
    given[:] = 9
    assert layout.centroids.tolist() == [[3, 4]]
    assert (layout.centroids.dtype, layout.class_ids.dtype) == (np.float64, np.int64)
    for array in (layout.centroids, layout.class_ids, pickle.loads(pickle.dumps(layout)).centroids):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    with pytest.raises(ValidationError):
        layout.height = 512


def test_empty_layout_is_a_layout():
    empty = Layout()
    assert (empty.centroids.shape, empty.class_ids.shape, len(empty), empty.names) == ((0, 2), (0,), 0, ())
    assert Layout.model_validate_json(empty.model_dump_json()) == empty == empty.mirrored() == empty.rotated()


@pytest.mark.parametrize(
    ("side", "nearest"), [(250, "240 or 256"), (0, "64"), (-16, "64"), (1040, "1024"), (5000, "1024"), (65, "64 or 80")]
)
def test_bad_size_says_what_was_got_what_is_allowed_and_the_nearest(side, nearest):
    assert f"height of {side} px" in message(height=side)
    text = message(width=side)
    assert f"width of {side} px" in text
    assert "multiples of 16 from 64 to 1024" in text
    assert text.endswith(f"Take {nearest}")
    with pytest.raises(ValueError, match="multiples of 16"):
        Layout().resized(256, side)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, -0.6, 255.5, 1e300])
@pytest.mark.parametrize("axis", [0, 1])
def test_point_outside_or_not_a_number_is_named(bad, axis):
    points = [[1.0, 1.0], [20.0, 20.0], [40.0, 40.0]]
    points[1][axis] = bad
    text = message(centroids=points, class_ids=[0, 0, 0])
    assert text.startswith("point 2 (row ")
    assert ("row", "col")[axis] + " must" in text or "outside the tile of 256 x 256" in text
    assert "point" in text.split(";")[-1]


def test_unknown_class_is_named_with_the_known_ones():
    text = message(centroids=[(1, 1), (5, 7)], class_ids=[0, 8])
    assert text.startswith("point 2 (row 5, col 7)")
    assert "7 negative" in text
    assert message(centroids=[(1, 1)], classes=["lymphocite"]).startswith("point 1: unknown class 'lymphocite'")


def test_duplicates_are_refused_with_both_numbers():
    text = message(centroids=[(9, 9), (50, 50), (9, 30), (50.5, 50.5)], class_ids=[0] * 4)
    assert "point 2 (row 50, col 50)" in text
    assert "point 4 (row 50.5, col 50.5)" in text
    assert len(Layout(centroids=[(9, 9), (9, 10)], class_ids=[0, 0])) == 2


@given(st.lists(st.tuples(st.floats(0, 12), st.floats(0, 12)), min_size=2, max_size=25))
def test_duplicates_are_found_wherever_they_are(points):
    distances = [math.dist(a, b) for i, a in enumerate(points) for b in points[:i]]
    if min(distances) >= 1:
        assert len(Layout(centroids=points, class_ids=[0] * len(points))) == len(points)
    elif min(distances) < 0.999:
        assert "same nucleus" in message(centroids=points, class_ids=[0] * len(points))


def test_many_points():
    grid = np.stack(np.meshgrid(np.arange(40), np.arange(50), indexing="ij"), axis=-1).reshape(-1, 2) * 5.0
    assert len(Layout(centroids=grid, class_ids=np.zeros(2000, dtype=int))) == 2000
    assert "5001 points" in message(centroids=np.zeros((5001, 2)), class_ids=np.zeros(5001, dtype=int))


@pytest.mark.parametrize(
    "fields",
    [
        {"centroids": [1, 2], "class_ids": [0]},
        {"centroids": [(1, 2, 3)], "class_ids": [0]},
        {"centroids": [("a", "b")], "class_ids": [0]},
        {"centroids": [(1, 10**400)], "class_ids": [0]},
        {"centroids": [(1, 2)], "class_ids": []},
        {"centroids": [(1, 2)], "class_ids": [0.5]},
        {"centroids": [(1, 2)], "class_ids": [10**400]},
        {"centroids": [(1, 2)], "class_ids": [0], "classes": ["other"]},
        {"centroids": [(1, 2)], "classes": None},
        {"centroids": [(1, 2)], "classes": 3},
        {"centroids": [(1, 2)], "classes": "other"},
        {"um_per_px": 0},
        {"um_per_px": math.nan},
        {"colour": "red"},
    ],
)
def test_nonsense_is_refused(fields):
    assert message(**fields)


@pytest.mark.parametrize("index", [-1, 1, 7])
def test_edits_refuse_points_that_are_not_there(index):
    layout = Layout(centroids=[(1, 1)], class_ids=[0])
    for edit in (lambda: layout.remove([index]), lambda: layout.move(index, 2, 2), lambda: layout.reclass([index], 1)):
        with pytest.raises(IndexError, match=f"index {index}: the layout has 1 points"):
            edit()
