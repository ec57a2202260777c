"""Tab goes through what is seen from top to bottom, whenever it was made."""

from __future__ import annotations

from qtpy.QtWidgets import QComboBox, QLineEdit, QPushButton, QSpinBox, QVBoxLayout, QWidget

from napari_cosynth.widgets.controls.tab_order import tab_after


def column(parent, *widgets):
    layout = QVBoxLayout(parent)
    for widget in widgets:
        layout.addWidget(widget)
    return layout


def tabbed(window):
    """Names of what Tab comes to, in its order."""
    names, widget = [], window
    while (widget := widget.nextInFocusChain()) != window:
        if widget.focusPolicy() and widget.focusProxy() is None:
            names.append(widget.objectName())
    return names


def test_what_is_added_comes_where_it_stands_and_in_its_own_order(qtbot):
    window, panel, form = QWidget(), QWidget(), QWidget()
    layout = column(panel, QPushButton(objectName="below"))
    column(window, QLineEdit(objectName="first"), panel, QLineEdit(objectName="last"))
    qtbot.addWidget(window)
    window.show()
    column(form, QSpinBox(objectName="number"), QComboBox(objectName="choice"))
    layout.insertWidget(0, form)
    tab_after(panel, form)
    assert tabbed(window) == ["first", "number", "choice", "below", "last"]


def test_alone_in_a_window_it_stays_as_it_is(qtbot):
    window, form = QWidget(), QWidget()
    column(form, QLineEdit(objectName="one"), QLineEdit(objectName="two"))
    column(window, form)
    qtbot.addWidget(window)
    tab_after(window, form)
    assert tabbed(window) == ["one", "two"]
