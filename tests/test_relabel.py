"""Masks and classes corrected by hand, and that all of a tile follows them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_cosynth.layout import Layout
from napari_cosynth.produced import produced_nuclei
from napari_cosynth.quality import layout_report
from napari_cosynth.relabel import MAX_LABEL, reclassed, relabelled
from napari_cosynth.request import SynthesisRequest
from napari_cosynth.tile import SyntheticTile

LAYOUT = Layout(
    centroids=[(10, 10), (10, 40), (40, 10)], classes=["neoplastic", "inflammatory", "connective"], height=64, width=64
)


def tile_with(instances, class_of, **fields):
    table = np.zeros(max([*class_of, 0]) + 1, np.uint8)
    table[list(class_of)] = [c + 1 for c in class_of.values()]
    nuclei = produced_nuclei(instances, class_of, len(LAYOUT))
    return SyntheticTile(
        image=np.full((64, 64, 3), 200, np.uint8),
        semantic=table[instances],
        instances=instances,
        nuclei=nuclei,
        request=SynthesisRequest(layout=LAYOUT, model="nuclei", model_hash="abc"),
        report=layout_report(LAYOUT, nuclei),
        **fields,
    )


def made_tile(**fields):
    """Points 1 and 2 have a nucleus, 2 of another class than asked for; 3 has none; 5 has no point."""
    instances = np.zeros((64, 64), np.int32)
    instances[8:13, 8:13], instances[8:13, 38:43], instances[50:54, 50:56] = 1, 2, 5
    return tile_with(instances, {1: 0, 2: 2, 5: 1}, **fields)


def test_ids_keep_their_classes_and_new_ones_get_the_class_given():
    tile = made_tile(verdict="accepted")
    masks = tile.instances.copy()
    masks[13:16, 8:13] = 1  # 1 grows
    masks[masks == 2] = 0  # 2 goes
    masks[38:43, 8:13] = 3  # the missing third point is drawn
    masks[30:32, 30:32] = 9  # and one that nobody asked for
    edited = relabelled(tile, masks, new_class=3)
    assert [(n.id, n.class_id, n.area_px, n.requested) for n in edited.nuclei] == [
        (1, 0, 40, True),
        (3, 3, 25, True),
        (5, 1, 24, False),
        (9, 3, 4, False),
    ]
    assert [(n.row, n.col) for n in edited.nuclei] == [(11.5, 10), (40, 10), (51.5, 52.5), (30.5, 30.5)]
    assert edited.report.sentence() == "2 of 3 placed, 2 extra, 1 of another class"
    assert (edited.report.missing, edited.report.extra, edited.report.other_class) == ((2,), (5, 9), (3,))
    assert (edited.edited, edited.verdict, tile.edited) == (True, "accepted", False)
    assert edited.image is tile.image and edited.request is tile.request


def test_unchanged_masks_give_the_tile_itself():
    tile = made_tile()
    assert relabelled(tile, tile.instances.astype(np.uint8), 0) is tile


def test_all_masks_can_go():
    edited = relabelled(made_tile(), np.zeros((64, 64), np.int64), 0)
    assert (edited.nuclei, edited.semantic.max(), edited.report.sentence()) == ((), 0, "0 of 3 placed")


side = st.integers(0, 64)


@settings(max_examples=40)
@given(st.lists(st.tuples(side, side, side, side, st.integers(0, 7)), max_size=8), st.integers(0, 7))
def test_a_relabelled_tile_agrees_with_itself(boxes, new_class):
    tile = made_tile()
    for top, bottom, left, right, label in boxes:
        masks = tile.instances.copy()
        masks[top:bottom, left:right] = label
        was, tile = {n.id: n.class_id for n in tile.nuclei}, relabelled(tile, masks, new_class)
        class_of = {n.id: n.class_id for n in tile.nuclei}
        assert np.array_equal(tile.instances, masks)
        assert class_of == {i: was.get(i, new_class) for i in np.unique(masks).tolist() if i}
        assert np.array_equal(tile.semantic, np.vectorize(lambda i, of=class_of: of.get(i, -1) + 1)(masks))
        assert sum(n.area_px for n in tile.nuclei) == np.count_nonzero(masks)
        assert tile.report == layout_report(LAYOUT, tile.nuclei)
        assert all(n.requested == (n.id <= 3) for n in tile.nuclei)


def test_the_highest_label_is_what_a_picture_can_hold():
    masks = np.zeros((64, 64), np.int64)
    masks[0, 0] = MAX_LABEL
    assert relabelled(made_tile(), masks, 0).nuclei[0].id == 65535
    masks[0, 0] += 1
    with pytest.raises(ValueError, match="the label 65536; 0 .background. to 65535 is allowed: choose another one"):
        relabelled(made_tile(), masks, 0)


@pytest.mark.parametrize(
    ("masks", "new_class", "words"),
    [
        (np.zeros((64, 80), np.int32), 0, r"int32 \(64, 80\); this tile needs integers \(64, 64\)"),
        (np.zeros((64, 64)), 0, "masks are float64"),
        (np.full((64, 64), -1), 0, "the label -1"),
        (np.ones((64, 64), int), 8, r"the id 8; 0..7 is allowed"),
        (np.ones((64, 64), int), -1, "the id -1"),
    ],
)
def test_masks_that_are_none_are_refused(masks, new_class, words):
    with pytest.raises(ValueError, match=words):
        relabelled(made_tile(), masks, new_class)


def test_a_corrected_class_is_that_of_one_nucleus_everywhere():
    tile = made_tile(verdict="accepted")
    edited = reclassed(tile, 2, 1)
    assert [(n.id, n.class_id) for n in edited.nuclei] == [(1, 0), (2, 1), (5, 1)]
    changed = edited.semantic != tile.semantic
    assert np.array_equal(changed, tile.instances == 2) and (edited.semantic[changed] == 2).all()
    assert (tile.report.other_class, edited.report.other_class) == ((2,), ())
    assert (edited.edited, edited.verdict, edited.instances is tile.instances) == (True, "accepted", True)
    masks = edited.instances.copy()
    masks[0, 0] = 2
    assert relabelled(edited, masks, 4).semantic[0, 0] == 2


def test_the_class_that_it_has_gives_the_tile_itself():
    tile = made_tile()
    assert reclassed(tile, 5, 1) is tile


@pytest.mark.parametrize(
    ("label", "class_id", "words"), [(3, 0, "no nucleus of this tile has the label 3"), (1, 8, "the id 8; 0..7")]
)
def test_a_class_or_nucleus_that_is_not_there_is_refused(label, class_id, words):
    with pytest.raises(ValueError, match=words):
        reclassed(made_tile(), label, class_id)
