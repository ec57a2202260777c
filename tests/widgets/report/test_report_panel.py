"""Report: what came of the points, and all that the tile was made from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QListWidget

from napari_cosynth.produced import produced_nuclei
from napari_cosynth.quality import layout_report
from napari_cosynth.snapshot import Entry
from napari_cosynth.widgets.controls.titled_list import TitledList
from napari_cosynth.widgets.report.class_counts import ClassCounts
from napari_cosynth.widgets.report.panel import Report
from napari_cosynth.widgets.tile_facts import amiss, class_counts, described, quality_name, share_placed


@pytest.fixture
def tile(make_layout, make_made_tile):
    """Nine points on 64 px: the last two missing, the first of another class, and one nucleus too many."""
    made = make_made_tile(make_layout(9, 64), misses=2, prompt="colon <b>H&E</b>", seed=7)
    instances = made.instances.copy()
    instances[60:, 60:] = 10
    class_of = {n.id: n.class_id for n in made.nuclei} | {1: 3, 10: 1}
    nuclei = produced_nuclei(instances, class_of, 9)
    report = layout_report(made.request.layout, nuclei)
    return replace(made, instances=instances, nuclei=nuclei, report=report)


@pytest.fixture
def report(qtbot):
    widget = Report()
    qtbot.addWidget(widget)
    widget.resize(320, 700)
    widget.show()
    return widget


def label(report, name: str) -> str:
    return report.findChild(QLabel, name).text()


def test_without_a_tile_it_says_what_to_do(report):
    assert report.value() is None
    assert not report.findChild(QLabel, "sentence").isVisible()


def test_the_whole_tile_in_words(report, tile):
    report.setEntry(Entry("k", tile))
    assert label(report, "sentence") == "7 of 9 placed, 1 extra, 1 of another class"
    assert label(report, "verdict") == "Undecided, not edited"
    facts = report.findChild(object, "facts").value()
    assert facts["Prompt"] == "colon <b>H&E</b>" and facts["Seed"] == "7" and facts["Quality"] == "standard"
    assert "Training images" not in facts
    counts = report.findChild(ClassCounts)
    assert sum(c.asked for c in counts.value()) == 9 and sum(c.made for c in counts.value()) == 8
    assert counts.item(counts.rowCount() - 1, 2).text() == "8"
    report.setEntry(Entry("k", replace(tile.with_verdict("rejected"), edited=True)))
    assert label(report, "verdict") == "Rejected, edited by hand"


def test_what_is_amiss_stands_with_its_place_and_a_click_asks_for_it(qtbot, report, tile):
    report.setEntry(Entry("k", tile))
    lines = report.findChild(TitledList, "amiss").lines()
    names = tile.request.layout.names
    assert lines == (
        f"Point 8, {names[7]}: no nucleus",
        f"Point 9, {names[8]}: no nucleus",
        f"Point 1, {names[0]}: came out epithelial",
        "Nucleus 10, inflammatory: not asked for",
    )
    items = report.findChild(TitledList, "amiss").findChild(QListWidget)
    with qtbot.waitSignal(report.placeAsked) as asked:
        at = items.visualItemRect(items.item(3)).center()
        qtbot.mouseClick(items.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert asked.args == [61.5, 61.5]


def test_nearness_to_training_images_is_told_if_known(report, tile):
    report.setEntry(Entry("k", replace(tile, training_distance=0.4)))
    assert report.findChild(QLabel, "copy_warning").isVisible()
    assert "closer than" in report.findChild(object, "facts").value()["Training images"]
    report.setEntry(Entry("k", replace(tile, training_distance=1.7)))
    assert not report.findChild(QLabel, "copy_warning").isVisible()
    assert "1.70" in report.findChild(object, "facts").value()["Training images"]


def test_the_same_tile_is_not_told_twice(qtbot, report, tile):
    report.setEntry(Entry("k", tile))
    came = []
    report.valueChanged.connect(came.append)
    report.setEntry(Entry("k", tile))
    assert came == []
    report.setEntry(Entry("k", tile.with_verdict("accepted")))
    report.setEntry(None)
    assert len(came) == 2 and report.value() is None


def test_narrow(report, tile):
    report.setEntry(Entry("k", tile))
    assert report.minimumSizeHint().width() <= 300


def test_facts_of_tiles_without_report_or_points(make_layout, make_made_tile, tile):
    assert share_placed(replace(tile, report=None)) == 7 / 9
    assert amiss(replace(tile, report=None)) == amiss(tile)
    empty = make_made_tile(make_layout(1, 64).without_points())
    assert share_placed(empty) == 1 and class_counts(empty) == [] and amiss(empty) == []
    assert described(empty) == "Undecided: 0 of 0 placed, seed 0"
    own = replace(tile, request=tile.request.model_copy(update={"steps": 17}))
    assert quality_name(own) == "own settings"
    assert np.isclose(share_placed(own), 7 / 9)
