"""The canvas panel: size and scale of the tile, and edits of all nuclei at once. Its value is the Layout."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_cosynth.jitter import jittered
from napari_cosynth.layout import Layout
from napari_cosynth.layouts.locked import Locked
from napari_cosynth.widgets.controls.fields import Number, Side
from napari_cosynth.widgets.controls.style import STYLE
from napari_cosynth.widgets.controls.tooltips import add_tooltips, enable

_NO_NUCLEI = "There are no nuclei on the tile yet: choose a class and click on the tile"


class CanvasPanel(QWidget):
    """Size and scale of the tile; new, clear, mirror, rotate, jitter.

    `valueChanged` brings the new layout and the name of the edit, for undo.
    """

    valueChanged = Signal(object, str)
    leftOut = Signal(int)
    """So many nuclei lie outside since the tile got smaller."""

    def __init__(self, value: Layout | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("canvas")
        self.setAccessibleName("Canvas")
        self.setStyleSheet(STYLE)
        self._rng = np.random.default_rng()
        self._locked = Locked()
        self._height, self._width, self._scale = Side(), Side(), Number(0.01, 10.0, 0.05, 3)
        self._extent = QLabel(objectName="extent")
        self._buttons: dict[str, QPushButton] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._fields())
        layout.addLayout(self._edits())
        add_tooltips(self)
        self._value = value or Layout()
        self._uncut = self._value
        self._show()
        for side in (self._height, self._width):
            side.valueChanged.connect(self._resize)
        self._scale.valueChanged.connect(self._rescale)

    def value(self) -> Layout:
        """The layout as it stands."""
        return self._value

    def setValue(self, layout: Layout) -> None:
        """Show a layout."""
        self._set(layout, "Change layout")

    def setLocked(self, locked: Locked) -> None:
        """Know which nuclei jitter leaves where they are."""
        self._locked = locked

    def _jittered(self) -> Layout:
        return jittered(self._value, self._rng, keep=self._locked.mask(self._value))

    def _set(self, layout: Layout, name: str, uncut: Layout | None = None) -> None:
        if layout == self._value:
            return
        self._value = layout
        self._uncut = uncut or layout
        self._show()
        self.valueChanged.emit(layout, name)

    def _show(self) -> None:
        layout = self._value
        for field in (self._height, self._width, self._scale):
            with QSignalBlocker(field):
                field.setValue(getattr(layout, field.objectName()))
        high, wide = layout.height * layout.um_per_px, layout.width * layout.um_per_px
        self._extent.setText(f"= {high:.4g} \N{MULTIPLICATION SIGN} {wide:.4g} \N{MICRO SIGN}m")
        empty = "" if len(layout) else _NO_NUCLEI
        for name in ("clear", "mirror", "jitter"):
            enable(self._buttons[name], empty)
        square = layout.height == layout.width
        enable(self._buttons["rotate"], empty if square else "")
        enable(self._buttons["new"], "The tile is new already" if layout == self._new_tile() else "")

    def _fields(self) -> QGridLayout:
        grid = QGridLayout()
        rows = (
            ("Heigh&t", "height", self._height),
            ("Width", "width", self._width),
            ("&Scale", "um_per_px", self._scale),
        )
        for row, (text, name, field) in enumerate(rows):
            field.setObjectName(name)
            field.setAccessibleName(text.replace("&", ""))
            label = QLabel(text)
            label.setBuddy(field)
            grid.addWidget(label, row, 0)
            grid.addWidget(field, row, 1)
        self._height.setSuffix(" px")
        self._width.setSuffix(" px")
        self._scale.setSuffix(" \N{MICRO SIGN}m/px")
        grid.addWidget(self._extent, len(rows), 1)
        grid.setColumnStretch(1, 1)
        return grid

    def _edits(self) -> QGridLayout:
        grid = QGridLayout()
        for place, (name, text, edit) in enumerate(
            (
                ("new", "&New", lambda: self._set(self._new_tile(), "New tile")),
                ("clear", "&Clear", lambda: self._set(self._value.without_points(), "Remove all nuclei")),
                ("mirror", "&Mirror", lambda: self._set(self._value.mirrored(), "Mirror tile")),
                ("rotate", "&Rotate", lambda: self._set(self._value.rotated(), "Rotate tile")),
                ("jitter", "&Jitter", lambda: self._set(self._jittered(), "Jitter nuclei")),
            )
        ):
            button = QPushButton(text, objectName=name)
            button.clicked.connect(edit)
            self._buttons[name] = button
            grid.addWidget(button, *divmod(place, 3))
        return grid

    def _new_tile(self) -> Layout:
        return Layout(taxonomy=self._value.taxonomy)

    def _resize(self) -> None:
        # Nuclei that a smaller size leaves out come back with a larger one, until something else is edited:
        # the way to a size often leads through others.
        uncut = self._uncut
        before = len(self._value)
        self._set(uncut.resized(self._height.value(), self._width.value()), "Resize tile", uncut)
        if len(self._value) < before:
            self.leftOut.emit(len(uncut) - len(self._value))

    def _rescale(self, um_per_px: float) -> None:
        layout = self._value
        self._set(layout.model_validate({**dict(layout), "um_per_px": um_per_px}), "Change scale")
