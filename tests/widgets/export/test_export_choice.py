"""What stands against an export is said before it is tried, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_cosynth.export import FORMATS
from napari_cosynth.export.exporter import ExportError, FolderTaken
from napari_cosynth.snapshot import Entry, Snapshot
from napari_cosynth.widgets.export.choice import ExportChoice, class_rows, fault, short_title
from napari_cosynth.widgets.export.words import stopped_words, taken_words, trouble_words
from napari_cosynth.widgets.export.worker import planning


@pytest.fixture
def entries(make_layout, make_made_tile):
    """Four layouts of 64 px with all classes; tile k3 has half of its points missing and is rejected."""
    tiles = [make_made_tile(make_layout(16, 64, seed=i, scattered=True), seed=i) for i in range(3)]
    tiles.append(make_made_tile(make_layout(16, 64, seed=3, scattered=True), misses=8, verdict="rejected"))
    return tuple(Entry(f"k{i}", tile) for i, tile in enumerate(tiles))


def plan(entries, choice):
    return list(planning(Snapshot(entries=entries), choice))[-1]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"formats": ()}, "Choose a format"),
        ({"verdicts": ()}, "Choose which tiles"),
        ({"verdicts": ("rejected",), "placed": 80}, "No tile is left"),
        ({"split": (70, 10, 10)}, "make 90 %"),
        ({"formats": ("coco", "pannuke")}, "PanNuke arrays: tiles of 256 x 256 px alone, and one of 64 x 64 px"),
        ({"formats": ("hovernet",)}, "choose what stands for it in the table"),
    ],
)
def test_faults(entries, changes, words):
    assert words in fault(replace(ExportChoice(), **changes), entries)


def test_no_tiles():
    assert "no tiles yet" in fault(ExportChoice(), ())


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"formats": tuple(key for key in FORMATS if not FORMATS[key].classes)},
        {"verdicts": ("rejected",), "placed": 50},
        {"split": (50, 50, 0)},
        {"placed": 100},
    ],
)
def test_without_a_fault_there_is_a_plan(entries, changes):
    choice = replace(ExportChoice(), **changes)
    assert fault(choice, entries) == ""
    planned = plan(entries, choice)
    assert len(planned.tiles) == sum(map(choice.takes, entries))
    assert len(planned.tiles) + len(planned.left_out) == len(entries)


def test_class_tables_are_the_ones_that_the_plan_gets(entries):
    choice = ExportChoice(formats=("hovernet",))
    while why := fault(choice, entries):
        rows = class_rows(choice, [e for e in entries if choice.takes(e)])["hovernet"]
        open_ = next(row for row in rows if row.theirs is None)
        assert open_.ours in why
        choice = choice.with_class("hovernet", open_.ours, "other")
    rows = class_rows(choice, [e for e in entries if choice.takes(e)])["hovernet"]
    planned = plan(entries, choice).tables["hovernet"]
    assert {row.ours: row.theirs for row in rows}.items() <= planned.items()
    assert sum(row.nuclei for row in rows) == 48
    again = choice.with_class("hovernet", "other", "muscle").with_class("hovernet", "other", "fibroblast")
    assert [line for line in again.classes if line[1] == "other"] == [("hovernet", "other", "fibroblast")]


def test_tiles_that_may_be_copies_are_left_out_unless_wanted(entries):
    near = (Entry("c", replace(entries[0].tile, training_distance=0.2)), *entries[1:])
    assert [left.reason for left in plan(near, ExportChoice()).left_out][0].startswith("too close")
    assert len(plan(near, ExportChoice(leave_out_close=False)).left_out) == 1


def test_titles_without_particulars():
    assert [short_title(key) for key in ("coco", "pannuke", "ometiff")] == [
        "COCO instances",
        "PanNuke arrays",
        "OME-TIFF",
    ]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            OSError(28, "No space left on device", "/data/a.png"),
            "/data/a.png: No space left on device; free some space",
        ),
        (RuntimeError("shape"), "The export failed (RuntimeError: shape)"),
        (MemoryError(), "Not enough memory"),
        (ExportError("no tile is left"), "No tile is left."),
        (ImportError("no pycocotools"), "Install napari-cosynth again"),
        (SystemExit(), "The export failed (SystemExit)"),
    ],
)
def test_errors_are_readable(error, words):
    assert words in trouble_words(error)
    assert "--" not in trouble_words(error)
    assert "where it stopped" not in trouble_words(error)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("shape"), MemoryError()])
def test_an_export_goes_on_where_tiles_of_it_are_there(error):
    assert "goes on where it stopped" in trouble_words(error, written=True)
    assert "goes on where it stopped" in stopped_words(True) and stopped_words(False) == "Stopped. No tile was written"


def test_a_taken_folder_is_a_question():
    assert taken_words(FolderTaken("", former=True))[1] == "Replace it"
    text, yes = taken_words(FolderTaken("", former=False, others=("a", "b", "c", "d")))
    assert "a, b, c, ..." in text and yes == "Write there"


def test_a_tile_without_nuclei_can_be_exported(make_layout, make_made_tile):
    empty = make_made_tile(make_layout(1, 64).without_points())
    assert not np.any(empty.instances)
    assert fault(ExportChoice(formats=("hovernet",)), (Entry("e", empty),)) == ""
