"""A widget learns that its window closes: once, and only if it does."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QDialog, QMainWindow, QWidget

from napari_cosynth.recovery import found, load
from napari_cosynth.widgets.closing import ClosingWatch
from napari_cosynth.widgets.dock import CoSynthDock

WAIT = 20_000


class AskingWindow(QMainWindow):
    """Asks inside its close event, as napari does when its X is pressed, and is deleted when it closes."""

    def __init__(self):
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.answer = True
        self.thinks_ms = 200

    def closeEvent(self, event):
        dialog = QDialog(self)
        QTimer.singleShot(self.thinks_ms, dialog.accept if self.answer else dialog.reject)
        if dialog.exec_() != QDialog.DialogCode.Accepted:
            event.ignore()


@pytest.fixture
def window(qtbot):
    """A shown window that asks, and a widget in it that is watched; ``heard`` grows with each closing it tells."""
    window, widget = AskingWindow(), QWidget()
    window.setCentralWidget(widget)
    window.heard = heard = []
    ClosingWatch(widget).closing.connect(lambda: heard.append("closing"))
    window.show()
    qtbot.waitExposed(window)
    qtbot.wait(10)
    return window


def test_a_window_that_closes_after_its_question_tells_once(window, qtbot):
    heard = window.heard
    window.close()
    qtbot.waitUntil(lambda: len(heard) > 0, timeout=WAIT)
    qtbot.wait(100)
    assert len(heard) == 1


def test_a_window_that_stays_tells_nothing_when_it_is_hidden_later_and_tells_when_it_closes(window, qtbot):
    heard = window.heard
    window.answer = False
    window.close()
    assert window.isVisible()
    qtbot.wait(200)
    window.hide()
    window.show()
    qtbot.wait(50)
    assert heard == []
    window.answer = True
    window.close()
    qtbot.waitUntil(lambda: len(heard) > 0, timeout=WAIT)


def test_a_window_that_is_deleted_without_another_word_tells(window, qtbot):
    heard = window.heard
    window.deleteLater()
    qtbot.waitUntil(lambda: len(heard) > 0, timeout=WAIT)
    assert len(heard) == 1


def test_a_dock_whose_window_asks_writes_what_was_typed_last(viewer, fake_engine, qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_COSYNTH_SESSIONS", str(tmp_path / "sessions"))
    window, dock = AskingWindow(), CoSynthDock(viewer, engine=fake_engine)
    window.setCentralWidget(dock)
    window.show()
    qtbot.wait(50)
    dock.session.set_prompt("last words")
    window.close()
    qtbot.waitUntil(lambda: found().closed is not None, timeout=WAIT)
    assert load(found().closed).snapshot.prompt == "last words" and found().crashed == ()
