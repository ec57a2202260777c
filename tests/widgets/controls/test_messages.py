"""Messages: readable, replaceable, never modal."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QToolButton, QVBoxLayout, QWidget

from napari_cosynth.widgets.controls.messages import LONGEST, Action, MessageBar


@pytest.fixture
def bar(qtbot):
    """A message bar, 300 px wide, under a text field."""
    window = QWidget()
    window.field = QLineEdit()
    column = QVBoxLayout(window)
    column.addWidget(window.field)
    bar = MessageBar()
    column.addWidget(bar)
    column.addStretch(1)
    qtbot.addWidget(window)
    window.resize(320, 400)
    window.show()
    bar.window_ = window
    return bar


def click(qtbot, bar, kind, name):
    [button] = [b for b in bar.findChildren(kind, name) if b.isVisible()]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_it_takes_no_room_while_there_is_nothing_to_say(bar):
    assert not bar.isVisible() and bar.texts() == ()


def test_a_message_is_shown_whole_and_closes(bar, qtbot):
    text = "Not enough memory on cpu for a tile of 1024 x 1024 px. Choose a smaller tile, or close other programs."
    bar.tell(text)
    assert bar.isVisible() and bar.texts() == (text,)
    [label] = bar.findChildren(QLabel)
    qtbot.waitUntil(lambda: label.width() > 100 and label.height() >= label.heightForWidth(label.width()))
    click(qtbot, bar, QToolButton, "closeMessage")
    assert not bar.isVisible() and bar.texts() == ()


def test_a_message_replaces_the_one_of_its_topic_and_no_other(bar):
    bar.tell("Restore?", topic="recovery", kind="advice")
    bar.tell("first", topic="run")
    bar.tell("second", topic="run")
    assert bar.texts() == ("Restore?", "Second.")
    bar.clear("run")
    bar.clear("run")
    assert bar.texts() == ("Restore?",)
    assert bar.isVisible()


def test_an_action_closes_its_message_and_runs_once(bar, qtbot):
    runs = []
    bar.tell(
        "a session",
        topic="recovery",
        actions=[Action("Restore", lambda: runs.append(1)), Action("Discard", runs.clear)],
    )
    assert {b.text() for b in bar.findChildren(QPushButton)} == {"Restore", "Discard"}
    click(qtbot, bar, QPushButton, "messageRestore")
    assert runs == [1] and bar.texts() == ()


def test_an_action_may_tell_something_itself(bar, qtbot):
    bar.tell("a", topic="t", actions=[Action("Go", lambda: bar.tell("b", topic="t"))])
    click(qtbot, bar, QPushButton, "messageGo")
    assert bar.texts() == ("B.",) and bar.isVisible()


def test_it_takes_neither_the_focus_nor_a_modal_dialog(bar, qtbot):
    field = bar.window_.field
    bar.window_.activateWindow()
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)
    bar.tell("something went wrong")
    assert field.hasFocus() and QApplication.activeModalWidget() is None


def test_what_looks_like_html_is_text_and_what_is_too_long_stands_in_the_tooltip(bar):
    long = "<b>x</b> " * 100 + "end."
    bar.tell(long)
    [label] = bar.findChildren(QLabel)
    assert label.textFormat() == Qt.TextFormat.PlainText
    assert len(label.text()) <= LONGEST + 2 and label.toolTip() == long


def test_tab_comes_to_its_buttons_where_they_stand(bar, qtbot):
    below = QLineEdit()
    bar.window_.layout().insertWidget(2, below)
    bar.tell("a question", actions=[Action("Go", lambda: None)])
    bar.window_.activateWindow()
    bar.window_.field.setFocus()
    qtbot.waitUntil(bar.window_.field.hasFocus)
    came = []
    for _ in range(3):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        came.append(QApplication.focusWidget())
    assert {widget.objectName() for widget in came[:2]} == {"closeMessage", "messageGo"} and came[2] == below
