"""The dock as a whole, with a quick engine: everything in sight, in step, and closed cleanly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import TWO, write_model
from napari.components import ViewerModel
from qtpy.QtCore import QPoint, QRect, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLineEdit, QPushButton, QVBoxLayout, QWidget

from napari_cosynth.data.dataset import read_dataset
from napari_cosynth.recovery import found, load
from napari_cosynth.widgets.dock import CoSynthDock

WAIT = 20_000


@pytest.fixture(autouse=True)
def sessions(tmp_path, monkeypatch):
    """The folder of all sessions."""
    monkeypatch.setenv("NAPARI_COSYNTH_SESSIONS", str(tmp_path / "sessions"))
    return tmp_path / "sessions"


@pytest.fixture
def open_dock(qtbot, fake_engine):
    """``open_dock()``: a dock over a viewer without a window."""
    docks = []

    def make(viewer=None):
        dock = CoSynthDock(viewer or ViewerModel(), engine=fake_engine)
        qtbot.addWidget(dock)
        docks.append(dock)
        return dock

    yield make
    for dock in docks:
        dock.shutdown()


@pytest.fixture
def dock(open_dock, make_layout):
    """A dock with twelve nuclei on a tile of 64 px, shown."""
    dock = open_dock()
    dock.session.set_layout(make_layout(12, 64), "Open sample")
    dock.show()
    return dock


def part(dock, name):
    return dock.findChild(QWidget, name)


def press(dock, name):
    QTest.mouseClick(part(dock, name), Qt.MouseButton.LeftButton)


def blank(dock):
    """Whether the canvas shows no tile."""
    layers = {layer.name: layer for layer in dock._viewer.layers}
    return not any(name in layers and layers[name].data.any() for name in ("tile", "instances", "semantic"))


def idle(dock):
    return not dock.worker.running


def test_its_parts_can_be_driven_by_their_names(dock):
    names = ("prompt", "generate", "seed", "variants", "quality", "palette", "gallery", "accept", "reject", "export")
    assert all(part(dock, name) is not None for name in names)
    assert isinstance(part(dock, "prompt"), QLineEdit) and isinstance(part(dock, "generate"), QPushButton)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_what_is_needed_all_the_time_is_in_sight_on_a_small_screen(dock, qtbot, theme):
    from napari.qt import get_stylesheet

    host = QWidget()
    host.setStyleSheet(get_stylesheet(theme))
    column = QVBoxLayout(host)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(dock)
    qtbot.addWidget(host)
    host.resize(320, 620)  # 768 px less title bars, menu, status bar and task bar
    host.show()
    qtbot.waitExposed(host)
    dock.session.set_prompt("colon adenocarcinoma, gland with zebra, dense lymphocytes in the stroma")
    dock.generate.generate()
    qtbot.waitUntil(lambda: idle(dock), timeout=WAIT)
    qtbot.wait(50)
    assert host.width() == 320
    for name in ("palette", "prompt", "understood", "generate", "cards", "accept", "reject", "undo", "project"):
        widget = part(dock, name)
        whole = QRect(widget.mapTo(host, QPoint(0, 0)), widget.size())
        assert host.rect().contains(whole), f"{name} is cut off: {whole}"
        assert widget.visibleRegion().boundingRect().size() == widget.size(), f"{name} is covered"
    dock.setParent(None)


def test_panels_and_session_say_the_same(dock, qtbot):
    QTest.keyClicks(part(dock, "prompt"), "lung")
    assert dock.session.prompt == "lung"
    press(dock, "class_connective")
    assert dock.session.active_class == 2
    part(dock, "variants").setValue(3)
    assert dock.session.settings.variants == 3
    dock.session.edit("Other", prompt="kidney", settings=dock.session.settings.but(variants=1, seed=77))
    assert part(dock, "prompt").text() == "kidney" and dock.panels.run.value().seed == 77
    press(dock, "undo")
    assert part(dock, "prompt").text() == "lung" and dock.panels.run.value().variants == 3
    assert part(dock, "undo").toolTip().startswith("Undo: Change variants")
    dock.session.set_layout(dock.session.layout.without_points(), "Clear")
    assert part(dock, "total").text() == "0 nuclei"


def test_a_tile_of_other_nuclei_than_those_on_the_canvas_is_told(dock, qtbot):
    for _ in range(2):
        press(dock, "generate")
        qtbot.waitUntil(lambda: idle(dock), timeout=WAIT)
        dock.session.set_layout(dock.session.layout.remove([0]), "Remove nucleus")
        assert not dock.messages.texts()
    first, second = dock.session.entries
    made_from = first.tile.request.layout
    dock.panels.gallery.chosen.emit(first.key)
    assert "made from other nuclei" in dock.messages.texts()[0] and dock.session.layout != made_from
    press(dock, "messageBringBackItsNuclei")
    assert dock.session.layout == made_from and dock.session.current.key == first.key and not dock.messages.texts()
    dock.panels.gallery.chosen.emit(second.key)
    assert "made from other nuclei" in dock.messages.texts()[0]
    dock.panels.gallery.reuseAsked.emit(second.key)
    assert not dock.messages.texts()


def test_a_draft_cannot_be_judged(dock, qtbot):
    press(dock, "generate")
    qtbot.waitUntil(lambda: idle(dock), timeout=WAIT)
    dock.session.set_layout(dock.session.layout.remove([0]), "Remove nucleus")
    dock.panels.gallery.chosen.emit(dock.session.current.key)
    dock.generate.draft()
    qtbot.waitUntil(lambda: idle(dock) and not part(dock, "accept").isEnabled(), timeout=WAIT)
    assert not dock.messages.texts()
    dock.layers.decided.emit("accepted")
    assert dock.session.current.tile.verdict == "undecided" and "shows a draft" in dock.messages.texts()[0]
    press(dock, "messageShowTheMarkedTile")
    (told,) = dock.messages.texts()
    assert "made from other nuclei" in told and part(dock, "accept").isEnabled()
    dock.layers.decided.emit("accepted")
    assert dock.session.current.tile.verdict == "accepted"


def test_nuclei_outside_of_a_smaller_tile_are_told(dock):
    dock.session.set_layout(dock.session.layout.resized(128, 128), "Resize tile")
    part(dock, "width").setValue(64)
    assert not dock.messages.texts()
    dock.session.set_layout(dock.session.layout.resized(128, 128).move(0, 20, 100), "Move nucleus")
    part(dock, "width").setValue(64)
    assert dock.messages.texts() == (
        "1 nucleus lies outside of the tile now and left it: a larger size brings them back, or Undo.",
    )
    part(dock, "width").setValue(128)
    assert not dock.messages.texts() and len(dock.session.layout) == 12


def test_from_generate_to_a_verdict(dock, qtbot):
    dock.session.set_settings(dock.session.settings.but(variants=2, seed=5))
    press(dock, "generate")
    assert part(dock, "generate").text() == "Cancel"
    qtbot.waitUntil(lambda: idle(dock), timeout=WAIT)
    assert part(dock, "generate").text() == "&Generate" and len(dock.session.entries) == 2
    first, second = (entry.key for entry in dock.session.entries)
    assert dock.panels.gallery.current() == second == dock.session.current.key
    press(dock, "accept")
    assert dock.session.current.tile.verdict == "accepted"
    dock.session.set_prompt("changed since")
    dock.panels.gallery.reuseAsked.emit(first)
    assert dock.session.prompt == "" and dock.session.current.key == first and dock.session.settings.seed == 5


def test_ctrl_enter_generates_and_cancels_and_esc_cancels(dock, qtbot):
    dock.activateWindow()
    qtbot.waitUntil(dock.isActiveWindow, timeout=WAIT)
    dock.setFocus()
    fake = dock.worker._engine
    fake.delay = 0.1
    for key, modifier in (
        (Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier),
        (Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier),
    ):
        QTest.keyClick(dock, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        assert dock.generate.running
        QTest.keyClick(dock, key, modifier)
        assert not dock.generate.running
    assert part(dock, "run_text").text() == "Cancelled"


def test_of_two_docks_the_one_in_front_gets_every_key(open_dock, qtbot, make_layout, fake_engine):
    docks = [open_dock(), open_dock()]
    for dock in docks:
        dock.session.set_layout(make_layout(4, 64), "Open sample")
        dock.show()
    fake_engine.delay = 0.1
    for front, behind in (docks, docks[::-1]):
        front.activateWindow()
        qtbot.waitUntil(front.isActiveWindow, timeout=WAIT)
        for _ in range(3):
            QTest.keyClick(front, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
            assert front.generate.running and not behind.generate.running
            QTest.keyClick(front, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
            assert not front.generate.running
    for dock in docks:
        dock.generate.generate()
    for _ in range(2):
        QTest.keyClick(front, Qt.Key.Key_Escape)
    assert not front.generate.running and behind.generate.running


def test_a_failure_is_a_message_and_the_next_run_goes_well(dock, qtbot):
    fake = dock.worker._engine
    fake.error, fake.fail_at = RuntimeError("CUDA out of memory"), 2
    press(dock, "generate")
    qtbot.waitUntil(lambda: idle(dock), timeout=WAIT)
    assert dock.messages.isVisible() and "smaller tile" in dock.messages.texts()[0]
    assert QApplication.activeModalWidget() is None
    assert blank(dock)
    fake.fail_at = None
    press(dock, "generate")
    qtbot.waitUntil(lambda: idle(dock), timeout=WAIT)
    assert len(dock.session.entries) == 1 and not dock.messages.isVisible()


def test_layers_that_are_deleted_in_the_middle_of_a_run_cost_no_tile(dock, qtbot):
    dock.worker._engine.delay = 0.1
    dock.worker.preview.connect(lambda _preview: dock._viewer.layers.clear())
    press(dock, "generate")
    qtbot.waitUntil(lambda: idle(dock), timeout=WAIT)
    assert len(dock.session.entries) == 1 and dock.messages.texts() == ()


def test_a_cancelled_run_leaves_no_ghost_on_the_canvas(dock, qtbot):
    dock.worker._engine.delay = 0.1
    press(dock, "generate")
    qtbot.waitUntil(lambda: not blank(dock), timeout=WAIT)
    press(dock, "generate")
    qtbot.wait(300)
    assert blank(dock) and not dock.session.entries


def test_a_model_of_other_classes_changes_palette_and_nuclei_as_one_step(dock, tmp_path):
    folder = write_model(tmp_path / "two", TWO)
    before = dock.session.layout
    dock.panels.run.setValue(dock.session.settings.but(model=str(folder)))
    assert dock.session.layout.taxonomy == TWO == dock.panels.palette.taxonomy()
    assert "knows no class" in dock.messages.texts()[0]
    dock.session.undo()
    assert dock.session.layout == before and dock.session.settings.model is None
    assert dock.panels.palette.taxonomy() == before.taxonomy


def test_a_model_that_is_not_there_says_so_beside_generate(dock):
    dock.panels.run.setValue(dock.session.settings.but(model="/no/such/model"))
    generate = part(dock, "generate")
    assert not generate.isEnabled() and "/no/such/model" in generate.toolTip()
    dock.panels.run.setValue(dock.session.settings.but(model=None))
    assert generate.isEnabled()


def test_a_stroke_of_a_moment_ago_is_exported(dock, qtbot, tmp_path):
    dock.generate.generate()
    qtbot.waitUntil(lambda: idle(dock), timeout=WAIT)
    panel = part(dock, "export_panel")
    dock._tabs.setCurrentIndex(5)
    panel.setValue(replace(panel.value(), folder=str(tmp_path / "set")))
    qtbot.waitUntil(lambda: part(dock, "export").isEnabled() and part(dock, "format_folder") is not None, timeout=WAIT)
    with qtbot.waitSignal(panel.exported, timeout=WAIT):
        dock._viewer.layers["instances"].paint((2, 2), 77)
        press(dock, "export")
    [tile] = read_dataset(tmp_path / "set" / "folder")
    assert tile.instances[2, 2]


def test_a_layers_remark_is_a_message(dock):
    dock.layers.message.emit("a nucleus outside of the tile was not taken")
    assert dock.messages.texts() == ("A nucleus outside of the tile was not taken.",)


def test_what_the_layers_refused_is_forgotten_when_the_user_goes_on(dock, make_layout):
    dock.layers.message.emit("a nucleus outside of the tile was not taken")
    dock.session.set_prompt("colon")
    assert len(dock.messages.texts()) == 1
    dock.session.set_layout(make_layout(5), "x")
    assert dock.messages.texts() == ()


@pytest.mark.parametrize("layer", ["nuclei", "instances", "semantic", "tile", "misses", "border"])
def test_a_and_r_judge_from_the_canvas_too(dock, qtbot, layer):
    dock.session.set_settings(dock.session.settings.but(variants=3))
    press(dock, "generate")
    qtbot.waitUntil(lambda: idle(dock), timeout=WAIT)
    entries = dock.session.entries
    dock.session.choose(entries[0].key)
    for key in ("R", "A"):
        [action] = [act for bound, act in dock._viewer.layers[layer].keymap.items() if str(bound) == key]
        action(dock._viewer.layers[layer])
    assert [entry.tile.verdict for entry in dock.session.entries] == ["rejected", "accepted", "undecided"]
    assert dock.session.current.key == entries[2].key


def test_a_larger_font_makes_the_dock_wider_and_cuts_nothing_off(dock, qtbot):
    host = QWidget()
    column = QVBoxLayout(host)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(dock)
    qtbot.addWidget(host)
    host.setStyleSheet("* { font-size: 24pt; }")
    host.resize(320, 620)
    host.show()
    qtbot.waitUntil(lambda: host.width() > 320, timeout=WAIT)
    for name in ("palette", "generate", "undo", "redo", "reject", "remove_rejected"):
        right = part(dock, name).mapTo(host, QPoint(part(dock, name).width(), 0)).x()
        assert right <= host.width(), f"{name} is cut off"
    dock.setParent(None)


def test_closing_in_the_middle_of_a_run_ends_it_and_keeps_the_session(dock, qtbot):
    fake = dock.worker._engine
    fake.delay = 0.1
    press(dock, "generate")
    qtbot.waitUntil(lambda: fake.running == 1, timeout=WAIT)
    dock.close()
    qtbot.waitUntil(lambda: fake.running == 0, timeout=WAIT)
    assert len(dock._viewer.layers) == 0
    assert load(found().closed).snapshot.layout == dock.session.layout
    dock.session.set_prompt("nobody listens any more")


def test_the_next_dock_begins_where_the_last_one_was_closed(open_dock, dock, qtbot):
    press(dock, "generate")
    qtbot.waitUntil(lambda: idle(dock), timeout=WAIT)
    press(dock, "reject")
    dock.close()
    again = open_dock()
    qtbot.waitUntil(lambda: len(again.session.entries) == 1, timeout=WAIT)
    assert again.session.layout == dock.session.layout
    assert again.session.current.tile.verdict == "rejected" and again.messages.texts() == ()
    assert again.panels.gallery.current() == again.session.current.key


def test_closing_the_panel_and_closing_napari_close_the_session(make_napari_viewer, fake_engine, qtbot):
    for close_window in (False, True):
        viewer = make_napari_viewer()
        dock = CoSynthDock(viewer, engine=fake_engine)
        panel = viewer.window.add_dock_widget(dock, name="CoSynth")
        qtbot.wait(50)  # a window is there once the event loop has run
        fake_engine.delay = 0.1
        dock.generate.generate()
        qtbot.waitUntil(lambda: fake_engine.running == 1, timeout=WAIT)
        dock.session.set_prompt(f"closed {close_window}")
        if close_window:
            viewer.close()
        else:
            panel.destroyOnClose()
        qtbot.waitUntil(lambda: fake_engine.running == 0, timeout=WAIT)
        qtbot.waitUntil(lambda: found().closed is not None, timeout=WAIT)
        assert load(found().closed).snapshot.prompt == f"closed {close_window}"


OPENS = """
import sys
import napari
viewer = napari.Viewer(show=False)
from napari_cosynth.widgets.dock import CoSynthDock
viewer.window.add_dock_widget(CoSynthDock(viewer), name="CoSynth")
print(sorted({"torch", "diffusers", "transformers"} & sys.modules.keys()))
viewer.close()
"""


def test_it_opens_without_torch():
    run = subprocess.run([sys.executable, "-c", OPENS], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[0] == "[]"


KILLED = """
import sys
sys.path.insert(0, {tests!r})
from conftest import FakeEngine
from napari.components import ViewerModel
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from napari_cosynth.layout import Layout
from napari_cosynth.widgets.dock import CoSynthDock

app = QApplication([])
engine = FakeEngine()
dock = CoSynthDock(ViewerModel(), engine=engine)
dock.session.edit("Add", layout=Layout(centroids=[(9, 9), (30, 40)], classes=["other"] * 2, height=64), prompt="colon")
dock.generate.generate()
while dock.worker.running:
    QTest.qWait(20)
dock.session.decide(dock.session.current.key, "accepted")
engine.delay = 1.0
dock.session.set_settings(dock.session.settings.but(seed=2))
dock.generate.generate()
QTest.qWait(2600)
assert dock.worker.running
print("in the middle", flush=True)
QTest.qWait(60000)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_what_was_killed_in_the_middle_of_a_run_is_offered_in_a_bar(open_dock, qtbot):
    script = KILLED.format(tests=str(Path(__file__).parent))
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
    )
    try:
        assert process.stdout.readline() == "in the middle\n", process.stderr.read()
    finally:
        process.kill()
        process.communicate()
    dock = open_dock()
    dock.show()
    [text] = dock.messages.texts()
    assert "not closed properly" in text and not dock.session.entries and QApplication.activeModalWidget() is None
    press(dock, "messageRestore")
    qtbot.waitUntil(lambda: len(dock.session.entries) == 1, timeout=WAIT)
    assert dock.session.prompt == "colon" and len(dock.session.layout) == 2
    assert dock.session.current.tile.verdict == "accepted"
    dock.shutdown()
    assert open_dock().messages.texts() == ()


def test_a_click_on_the_shown_card_brings_its_deleted_layers_back(qtbot, dock):
    dock.generate.generate()
    qtbot.waitUntil(lambda: len(dock.session.entries) == 1 and idle(dock), timeout=WAIT)
    viewer, cards = dock._viewer, part(dock, "cards")
    qtbot.waitUntil(lambda: "misses" in [layer.name for layer in viewer.layers], timeout=WAIT)
    image = viewer.layers["tile"].data
    for name in ("tile", "nuclei"):
        viewer.layers.remove(name)
    at = cards.visualRect(cards.currentIndex()).center()
    qtbot.mouseClick(cards.viewport(), Qt.MouseButton.LeftButton, pos=at)
    qtbot.waitUntil(lambda: "tile" in [layer.name for layer in viewer.layers], timeout=WAIT)
    assert (viewer.layers["tile"].data == image).all() and len(viewer.layers["nuclei"].data) == 12
