"""What the dock adds to napari's theme: a primary button, a visible focus, marks that are not colour alone.

Everything else is left to the theme. No lengths of text in px: fonts and what
is measured by them follow the user's settings.
"""

from __future__ import annotations

from qtpy.QtGui import QColor, QPalette
from qtpy.QtWidgets import QWidget

ACCENT = "#0072b2"
"""Of the one button that matters; white on it is readable (5.2 : 1) in either theme."""
FOCUS = "#2a8fd4"
"""Stands out from napari's dark and light background alike."""

STYLE = f"""
QPushButton:focus, QToolButton:focus, QComboBox:focus, QAbstractSpinBox:focus, QLineEdit:focus, QCheckBox:focus,
QTextBrowser:focus {{ border: 2px solid {FOCUS}; }}
QPushButton, QToolButton, QComboBox, QAbstractSpinBox, QLineEdit, QCheckBox, QTextBrowser
{{ border: 2px solid transparent; }}
QPushButton[primary="true"] {{ background-color: {ACCENT}; color: white; font-weight: bold; padding: 6px; }}
QPushButton[primary="true"]:hover {{ background-color: #0082cc; }}
QPushButton[primary="true"]:pressed {{ background-color: #005c91; }}
QPushButton[primary="true"]:focus {{ border: 4px double white; padding: 4px; }}
QPushButton[primary="true"][running="true"] {{ background-color: transparent; color: {FOCUS}; border-color: {FOCUS}; }}
QPushButton[primary="true"]:disabled {{ background-color: transparent; border: 2px solid gray; color: gray; }}
QPushButton[primary="true"][running="true"]:focus {{ border-color: {FOCUS}; }}
QPushButton[heading="true"] {{ text-align: left; background-color: transparent; }}
QProgressBar::chunk {{ background-color: {ACCENT}; }}
"""


def is_dark(widget: QWidget) -> bool:
    """True if the widget is shown light on dark."""
    return widget.palette().color(QPalette.ColorRole.Window).lightness() < 128


def warning_color(widget: QWidget) -> QColor:
    """Amber that is readable on the widget's background."""
    return QColor("#ffb84d" if is_dark(widget) else "#8a4b00")


def quiet_color(widget: QWidget) -> QColor:
    """For text of second rank: the text's colour, moved towards the background, still 4.5 : 1."""
    return QColor("#b4b9c2" if is_dark(widget) else "#5a5a5a")


def breakable(text: str) -> str:
    """The text with leave to break lines inside paths, which else would make a narrow panel wide."""
    return text.replace("/", "/\u200b").replace("\\", "\\\u200b")
