"""From the panel to the session: one step of undo each, locks kept, errors as messages, nothing lost."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QWidget

from napari_cosynth.layouts.areas import lasso
from napari_cosynth.layouts.tissues import find_tissue
from napari_cosynth.session import Session
from napari_cosynth.widgets.arrange import arranging as module
from napari_cosynth.widgets.arrange.arranging import Arranging
from napari_cosynth.widgets.arrange.panel import ArrangePanel
from napari_cosynth.widgets.controls.messages import MessageBar
from napari_cosynth.widgets.layers.layers import Layers

WAIT = 20_000
SQUARE = lasso(np.array([(60.0, 60.0), (60.0, 180.0), (180.0, 180.0), (180.0, 60.0)]), (256, 256))


class Bench:
    """All that arranging joins, over a viewer without a window."""

    def __init__(self, qtbot):
        self._qtbot = qtbot
        self.session = Session()
        self.viewer = ViewerModel()
        self.layers = Layers(self.viewer, self.session)
        self.panel = ArrangePanel({name: find_tissue(name) for name in ("colon", "lung")})
        self.messages = MessageBar()
        for widget in (self.panel, self.messages):
            qtbot.addWidget(widget)
        self.panel.show()
        self.arranging = Arranging(self.session, self.panel, self.layers, self.messages)

    def press(self, name):
        QTest.mouseClick(self.panel.findChild(QWidget, name), Qt.MouseButton.LeftButton)

    def wait(self):
        self._qtbot.waitUntil(lambda: not self.arranging.running, timeout=WAIT)

    def lock(self, *indices):
        self.viewer.layers["nuclei"].selected_data = set(indices)
        self.press("lock_selected")

    def symbols(self):
        return [symbol.value for symbol in self.viewer.layers["nuclei"].symbol]


@pytest.fixture
def bench(qtbot):
    made = Bench(qtbot)
    yield made
    made.arranging.close()
    made.layers.close()


def test_a_suggestion_has_the_numbers_that_were_asked_for_and_is_one_step(bench):
    bench.panel.suggest.setTotal(40)
    bench.panel.suggest.setMix({"neoplastic": 60, "inflammatory": 40})
    bench.press("suggest")
    bench.wait()
    first = bench.session.layout
    assert {name: n for name, n in first.counts().items() if n} == {"neoplastic": 24, "inflammatory": 16}
    bench.press("suggest")
    bench.wait()
    second = bench.session.layout
    assert second != first and second.counts() == first.counts() and bench.session.undo_name == "Suggest layout"
    bench.session.undo()
    assert bench.session.layout == first
    bench.session.undo()
    assert not len(bench.session.layout) and not bench.session.can_undo


def test_the_same_number_suggests_the_same(bench):
    bench.press("suggest")
    bench.wait()
    first = bench.session.layout
    bench.press("suggest")
    bench.wait()
    bench.panel.findChild(QWidget, "suggest_seed").setValue(1)
    bench.press("suggest")
    bench.wait()
    assert bench.session.layout == first


def test_locked_nuclei_are_marked_stay_and_come_back_with_undo(bench):
    bench.press("suggest")
    bench.wait()
    before = bench.session.layout
    bench.lock(3, 5)
    assert np.flatnonzero(np.array(bench.symbols()) == "diamond").tolist() == [3, 5]
    bench.press("suggest")
    bench.wait()
    after = bench.session.layout
    assert np.array_equal(after.centroids[:2], before.centroids[[3, 5]]) and after.counts() == before.counts()
    assert bench.symbols()[:3] == ["diamond", "diamond", "disc"]
    bench.layers.area_drawn.emit(np.ones((256, 256)))
    bench.wait()
    assert bench.symbols().count("diamond") == 2
    bench.session.set_layout(bench.session.layout.without_points(), "Clear")
    assert bench.panel.findChild(QWidget, "unlock_all").text() == "Unlock all"
    for _ in range(3):
        bench.session.undo()
    assert bench.session.layout == before and bench.symbols().count("diamond") == 2
    bench.press("unlock_all")
    assert set(bench.symbols()) == {"disc"} and not bench.panel.findChild(QWidget, "unlock_all").isEnabled()


def test_locking_and_unlocking_are_steps_of_undo(bench, make_layout):
    bench.session.set_layout(make_layout(9), "x")
    bench.lock(2)
    bench.lock(2)
    bench.press("unlock_all")
    counts, names = [bench.symbols().count("diamond")], []
    for _ in range(2):
        names.append(bench.session.undo_name)
        bench.session.undo()
        counts.append(bench.symbols().count("diamond"))
    assert (counts, names) == ([0, 1, 0], ["Unlock nuclei", "Lock nuclei"])
    bench.session.redo()
    assert bench.panel.findChild(QWidget, "unlock_all").text() == "Unlock all (1)"


def test_a_nucleus_locked_while_a_layout_is_made_stays(bench, make_layout, monkeypatch, qtbot):
    go, calls = threading.Event(), []

    def suggestion(*_given):
        def make(layout, locked):
            calls.append(locked.tolist())
            go.wait(10)
            return layout.remove(np.flatnonzero(~locked))

        return make

    monkeypatch.setattr(module, "suggestion", suggestion)
    bench.session.set_layout(make_layout(3), "x")
    kept = bench.session.layout.centroids[1:2]
    bench.press("suggest")
    qtbot.waitUntil(lambda: len(calls) == 1, timeout=WAIT)
    bench.lock(1)
    go.set()
    bench.wait()
    assert calls == [[False] * 3, [False, True, False]]
    assert np.array_equal(bench.session.layout.centroids, kept)


def test_a_locked_nucleus_that_is_moved_stays_locked(bench):
    bench.press("suggest")
    bench.wait()
    bench.lock(0)
    bench.session.set_layout(bench.session.layout.move(0, 3.0, 3.0), "Move nucleus")
    assert bench.symbols()[0] == "diamond" and bench.symbols().count("diamond") == 1


def test_an_area_is_filled_and_nobody_else_is_touched(bench, make_layout):
    before = make_layout(25)
    bench.session.set_layout(before, "x")
    bench.panel.area.setTool("lasso")
    bench.layers.area_drawn.emit(SQUARE)
    bench.wait()
    after = bench.session.layout
    rows, cols = np.floor(before.centroids + 0.5).astype(int).T
    outside = SQUARE[rows, cols] == 0
    n = int(outside.sum())
    assert bench.session.undo_name == "Fill lasso" and len(after) > n
    assert np.array_equal(after.centroids[:n], before.centroids[outside])
    rows, cols = np.floor(after.centroids[n:] + 0.5).astype(int).T
    assert SQUARE[rows, cols].all()
    bench.session.undo()
    assert bench.session.layout == before


def test_the_active_class_alone_can_fill_an_area_or_be_placed_anew(bench):
    bench.session.set_active_class(1)
    bench.panel.findChild(QWidget, "area_classes").setCurrentIndex(1)
    bench.layers.area_drawn.emit(SQUARE)
    bench.wait()
    before = bench.session.layout
    assert set(before.names) == {"inflammatory"}
    bench.press("resample")
    bench.wait()
    assert bench.session.undo_name == "Place inflammatory anew" and bench.session.layout.names == before.names
    assert bench.session.layout != before


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda b: b.layers.area_drawn.emit(np.zeros((256, 256))), "draw a larger one"),
        (lambda b: (b.session.set_active_class(6), b.layers.area_drawn.emit(SQUARE)), "olon has no positive nuclei"),
        (lambda b: (b.panel.suggest.setTotal(4000), b.press("suggest")), "do not fit"),
    ],
    ids=["empty", "class", "crowded"],
)
def test_what_cannot_be_done_is_a_message_with_advice_and_the_next_goes_well(bench, ask, words):
    bench.panel.findChild(QWidget, "area_classes").setCurrentIndex(1)
    ask(bench)
    bench.wait()
    [text] = bench.messages.texts()
    assert words in text and not len(bench.session.layout) and not bench.session.can_undo
    bench.panel.suggest.setTotal(10)
    bench.press("suggest")
    bench.wait()
    assert bench.messages.texts() == () and len(bench.session.layout) == 10


def test_a_locked_class_that_the_tissue_lacks_is_said(bench, make_layout):
    bench.session.set_layout(make_layout(9), "x")
    bench.lock(6)
    bench.press("suggest")
    bench.wait()
    assert "A positive nucleus is locked, but colon has no positive" in bench.messages.texts()[0]


def test_an_edit_while_a_layout_is_made_is_kept(bench, monkeypatch, qtbot):
    go, calls = threading.Event(), []

    def filling(*_given):
        def make(layout, _locked):
            calls.append(len(layout))
            go.wait(10)
            return layout.add(200, 200, 0)

        return make

    monkeypatch.setattr(module, "filling", filling)
    bench.layers.area_drawn.emit(SQUARE)
    qtbot.waitUntil(lambda: calls == [0], timeout=WAIT)
    bench.session.set_layout(bench.session.layout.add(10, 10, 0), "Add nucleus")
    go.set()
    qtbot.waitUntil(lambda: len(bench.session.layout) == 2, timeout=WAIT)
    assert calls == [0, 1]
    bench.session.undo()
    assert bench.session.undo_name == "Add nucleus"


def test_of_many_presses_the_last_counts_and_strokes_queue_up(bench, monkeypatch, qtbot):
    go, made = threading.Event(), []

    def suggestion(*given):
        def make(layout, _locked):
            go.wait(10)
            made.append(given[-1])
            return layout.add(10.0 * given[-1], 10, 0)

        return make

    monkeypatch.setattr(module, "suggestion", suggestion)
    for _ in range(5):
        bench.press("suggest")
    assert bench.panel.findChild(QWidget, "suggest").text() == "Suggesting ..."
    go.set()
    qtbot.waitUntil(lambda: len(bench.session.layout) == 2, timeout=WAIT)
    bench.wait()
    assert made == [1, 5] and bench.panel.findChild(QWidget, "suggest").text() == "&Suggest layout"


def test_what_was_refused_is_forgotten_with_the_tile_it_was_refused_for(bench, make_layout):
    bench.panel.suggest.setTotal(4000)
    bench.press("suggest")
    bench.wait()
    assert "do not fit" in bench.messages.texts()[0]
    bench.session.set_layout(make_layout(9), "Open sample")
    assert bench.messages.texts() == ()


def test_other_errors_are_messages_too(bench, monkeypatch):
    def broken(*_given):
        def make(_layout, _locked):
            raise RuntimeError("the network broke")

        return make

    monkeypatch.setattr(module, "suggestion", broken)
    bench.press("suggest")
    bench.wait()
    assert "could not be placed (RuntimeError: the network broke)" in bench.messages.texts()[0]


def test_the_prompt_goes_along_if_it_is_followed(bench, monkeypatch):
    prompts = []
    monkeypatch.setattr(
        module, "suggestion", lambda *given: prompts.append(given[3]) or (lambda layout, _locked: layout)
    )
    bench.session.set_prompt("gland")
    bench.press("suggest")
    bench.wait()
    bench.panel.findChild(QWidget, "follow_prompt").setChecked(False)
    bench.press("suggest")
    bench.wait()
    assert prompts == ["gland", ""]


def test_closing_in_the_middle_changes_nothing_any_more(bench, monkeypatch, qtbot):
    begun, go, ended = threading.Event(), threading.Event(), threading.Event()

    def suggestion(*_given):
        def make(layout, _locked):
            begun.set()
            go.wait(10)
            ended.set()
            return layout.add(10, 10, 0)

        return make

    monkeypatch.setattr(module, "suggestion", suggestion)
    bench.press("suggest")
    qtbot.waitUntil(begun.is_set, timeout=WAIT)
    bench.arranging.close()
    go.set()
    qtbot.waitUntil(ended.is_set, timeout=WAIT)
    qtbot.wait(50)
    assert not len(bench.session.layout)
