import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QDialog, QWidget

from napari_cosynth.widgets.controls.window_keys import WindowKeys

WAIT = 20_000


@pytest.fixture
def window(qtbot):
    """``window()``: a shown window, its keys, and how often Ctrl+Return was pressed in it."""
    made = []

    def make():
        widget, pressed = QWidget(), []
        qtbot.addWidget(widget)
        keys = WindowKeys(widget)
        keys.add("Ctrl+Return", lambda: pressed.append(1))
        widget.show()
        made.append(keys)
        return widget, keys, pressed

    yield make
    for keys in made:
        keys.close()


def press(qtbot, widget, times=4):
    widget.activateWindow()
    qtbot.waitUntil(widget.isActiveWindow, timeout=WAIT)
    for _ in range(times):
        QTest.keyClick(widget, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)


def test_every_press_is_for_the_window_in_front(qtbot, window):
    (one, _, in_one), (other, keys, in_other), (third, _, in_third) = window(), window(), window()
    press(qtbot, one)
    assert (len(in_one), len(in_other), len(in_third)) == (4, 0, 0)
    press(qtbot, other, 5)
    assert (len(in_one), len(in_other), len(in_third)) == (4, 5, 0)
    keys.close()
    other.hide()
    press(qtbot, third)
    assert (len(in_one), len(in_other), len(in_third)) == (4, 5, 4)


def test_keys_that_the_window_in_front_does_not_take_are_for_nobody_else(qtbot, window):
    (_one, _, in_one), (_other, _, in_other) = window(), window()
    _, keys, in_third = (third := window())
    keys.set_enabled("Ctrl+Return", False)
    press(qtbot, third[0])
    assert (in_one, in_other, in_third) == ([], [], [])


def test_one_alone_gets_its_keys_from_windows_without_any(qtbot, window):
    _, _, pressed = window()
    dialog = QDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    press(qtbot, dialog)
    assert len(pressed) == 4


def test_a_window_that_is_gone_takes_none(qtbot, window):
    one, _, in_one = window()
    gone = QWidget()
    WindowKeys(gone).add("Ctrl+Return", lambda: in_one.append("gone"))
    gone.show()
    gone.deleteLater()
    qtbot.wait(50)
    press(qtbot, one)
    assert in_one == [1] * 4
