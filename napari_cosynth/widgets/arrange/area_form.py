"""Tools that fill an area of the tile, and what comes into it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_cosynth.layout import Layout
from napari_cosynth.layouts.areas import TOOLS
from napari_cosynth.layouts.model import TissueModel
from napari_cosynth.widgets.controls.fields import Choice, Number, WholeNumber
from napari_cosynth.widgets.controls.tooltips import add_tooltips, enable

_NAMES = {"lasso": "&Lasso", "ring": "&Ring", "stripe": "Stri&pe", "gradient": "&Gradient", "brush": "&Brush"}
_MIX, _ACTIVE = "mix", "active"
_WIDTH_UM = 12.0
"""Two rows of lymphocytes, one of columnar cells."""


class AreaForm(QWidget):
    """A row of tools of which one or none is on, density, width, and which nuclei come.

    ``toolChanged`` brings the tool's name, or an empty text.
    """

    toolChanged = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tools = {name: QPushButton(text, objectName=name) for name, text in _NAMES.items()}
        self._classes = Choice()
        self._density, self._width = WholeNumber(100, 40000), Number(4.0, 60.0, 1.0, 1)
        self._replace = QCheckBox("Replace what is t&here", objectName="area_replace")
        self._replace.setChecked(True)
        self._width.setValue(_WIDTH_UM)
        self._arrange()
        for name, button in self._tools.items():
            button.setCheckable(True)
            button.setStyleSheet("padding: 4px 1px;")  # five in a row fit the narrowest dock
            button.clicked.connect(partial(self._on_tool, name))

    def tool(self) -> str:
        """The tool that is on; empty if none."""
        return next((name for name, button in self._tools.items() if button.isChecked()), "")

    def setTool(self, tool: str) -> None:
        """Take a tool, or put it away if empty."""
        before = self.tool()
        for name, button in self._tools.items():
            button.setChecked(name == tool)
        if self.tool() != before:
            self.toolChanged.emit(self.tool())

    def areaOf(self, layout: Callable[[], Layout]) -> Callable[[np.ndarray], np.ndarray]:
        """What the tool makes of a path, on the layout's tile and with the width of that moment."""
        tool = TOOLS[self.tool()]

        def area_of(path: np.ndarray) -> np.ndarray:
            now = layout()
            return tool(path, (now.height, now.width), self._width.value() / now.um_per_px)

        return area_of

    def perMm2(self) -> int:
        """New nuclei per square millimetre."""
        return self._density.value()

    def replaces(self) -> bool:
        """Whether what stands in the area goes."""
        return self._replace.isChecked()

    def mix(self, of_all: dict[str, int], active: str) -> dict[str, int]:
        """Shares of what comes into the area: those of the sliders, or only the active class."""
        return {active: 100} if self._classes.currentData() == _ACTIVE else of_all

    def setTissue(self, tissue: TissueModel) -> None:
        """Take the tissue's usual density."""
        self._density.setValue(int(round(tissue.total_per_mm2[5], -2)))

    def setActiveClass(self, name: str) -> None:
        """Say which class is chosen in the palette."""
        self._classes.setItemText(1, f"{name} only")

    def setReason(self, reason: str) -> None:
        """Say why the tools cannot be used; empty if they can."""
        for button in self._tools.values():
            enable(button, reason)
        if reason:
            self.setTool("")

    def _arrange(self) -> None:
        self._classes.addItem("Class mix above", _MIX)
        self._classes.addItem("", _ACTIVE)
        self._density.setSingleStep(500)
        self._density.setSuffix(" / mm\N{SUPERSCRIPT TWO}")
        self._width.setSuffix(" \N{MICRO SIGN}m")
        row = QHBoxLayout()
        row.setSpacing(2)
        for button in self._tools.values():
            row.addWidget(button)
        grid = QGridLayout()
        grid.setVerticalSpacing(2)
        for number, (text, name, field) in enumerate(
            (
                ("Nuclei", "area_classes", self._classes),
                ("Density", "area_density", self._density),
                ("Width", "area_width", self._width),
            )
        ):
            field.setObjectName(name)
            field.setAccessibleName(f"{text} in the area" if field is not self._width else text)
            label = QLabel(text)
            label.setBuddy(field)
            grid.addWidget(label, number, 0)
            grid.addWidget(field, number, 1)
        grid.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        hint = QLabel("Choose a tool, then drag on the tile:")
        hint.setWordWrap(True)
        column.addWidget(hint)
        column.addLayout(row)
        column.addLayout(grid)
        column.addWidget(self._replace)
        add_tooltips(self)

    def _on_tool(self, name: str, on: bool) -> None:
        for other, button in self._tools.items():
            button.setChecked(on and other == name)
        self.toolChanged.emit(self.tool())
