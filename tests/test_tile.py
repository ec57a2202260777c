from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from pydantic import ValidationError

from napari_cosynth.layout import Layout
from napari_cosynth.quality import layout_report
from napari_cosynth.request import SynthesisRequest
from napari_cosynth.tile import ProducedNucleus, SyntheticTile

LAYOUT = Layout(centroids=[(10, 12)], classes=["neoplastic"], height=64, width=80)
REQUEST = SynthesisRequest(layout=LAYOUT, model="nuclei", model_hash="abc")
NUCLEUS = ProducedNucleus(id=1, class_id=0, row=10, col=12, area_px=25, requested=True)


def tile(**fields):
    semantic = np.zeros((64, 80), dtype=np.uint8)
    semantic[8:13, 10:15] = 1
    parts = {
        "image": np.full((64, 80, 3), 200, dtype=np.uint8),
        "semantic": semantic,
        "instances": semantic.astype(np.int32),
        "nuclei": (NUCLEUS,),
        "request": REQUEST,
    }
    return SyntheticTile(**parts | fields)


def test_a_fresh_tile_is_undecided_and_unedited():
    made = tile(report=layout_report(LAYOUT, [NUCLEUS]))
    assert (made.verdict, made.edited) == ("undecided", False)
    assert made.report.sentence() == "1 of 1 placed"


def test_verdict_gives_a_new_tile():
    made = tile()
    assert made.with_verdict("accepted").verdict == "accepted"
    assert made.verdict == "undecided"
    with pytest.raises(ValueError, match="undecided, accepted, rejected"):
        made.with_verdict("maybe")


def test_a_tile_is_too_close_under_one():
    assert [tile(training_distance=d).too_close for d in (None, 0, 0.99, 1, 7.5)] == [False, True, True, False, False]
    corrected = replace(tile(training_distance=0.4), edited=True).with_verdict("accepted")
    assert corrected.training_distance == 0.4 and corrected.too_close


def test_nothing_can_be_written():
    given = np.zeros((64, 80, 3), dtype=np.uint8)
    made = tile(image=given)
    given[:] = 9
    assert made.image.max() == 0
    for array in (made.image, made.semantic, made.instances):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(FrozenInstanceError):
        made.edited = True
    with pytest.raises(ValidationError):
        made.nuclei[0].row = 3


def test_arrays_are_shared_by_tiles_that_differ_in_verdict_only():
    made = tile()
    assert replace(made, edited=True).image is made.image


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("image", np.zeros((64, 80), np.uint8)),
        ("image", np.zeros((80, 64, 3), np.uint8)),
        ("image", np.zeros((64, 80, 3), np.float32)),
        ("semantic", np.zeros((64, 80), np.int32)),
        ("semantic", np.zeros((64, 64), np.uint8)),
        ("instances", np.zeros((64, 80), np.uint16)),
        ("instances", [[0]]),
    ],
)
def test_wrong_array_is_refused_with_what_it_must_be(name, array):
    with pytest.raises(ValueError, match=rf"^{name} is .*needs u?int\d+ \(64, 80"):
        tile(**{name: array})


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"semantic": np.full((64, 80), 9, np.uint8)}, "0..8 is allowed"),
        ({"instances": np.full((64, 80), -1, np.int32)}, "instances hold -1"),
        ({"training_distance": -0.1}, "training_distance -0.1; a number of 0 or more"),
        ({"training_distance": float("nan")}, "training_distance nan"),
        ({"nuclei": (NUCLEUS, NUCLEUS)}, "label id 1 more than once"),
        ({"nuclei": (NUCLEUS.model_copy(update={"class_id": 8}),)}, "class id 8"),
    ],
)
def test_what_contradicts_itself_is_refused(fields, words):
    with pytest.raises(ValueError, match=words):
        tile(**fields)


def test_nucleus_takes_numpy_numbers_and_goes_through_json():
    made = ProducedNucleus(
        id=np.int32(300),
        class_id=np.int64(2),
        row=np.float32(1.5),
        col=3,
        area_px=np.int64(7),
        requested=np.bool_(False),
    )
    assert ProducedNucleus.model_validate_json(made.model_dump_json()) == made
