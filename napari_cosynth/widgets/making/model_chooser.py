"""Choice of the model: those that ship with the package, any folder, and what its card says."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QEvent, QSignalBlocker, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_cosynth.catalogue import CatalogueError, ModelInfo, bundled, model_info
from napari_cosynth.widgets.controls.fields import Choice
from napari_cosynth.widgets.controls.style import breakable, quiet_color, warning_color
from napari_cosynth.widgets.controls.tooltips import add_tooltips, enable
from napari_cosynth.widgets.making.card_window import CardWindow, card_summary

_FIRST, _CHOOSE = "", "\0"
"""Data of the entries that are no reference to a model: the first one that ships, and "Choose folder..."."""


class ModelChooser(QWidget):
    """Its value names a model as settings and requests do: None is the first that ships with the package."""

    valueChanged = Signal(object)

    def __init__(self, value: str | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._value = value
        self._info: ModelInfo | None = None
        self._warns = False
        self._choice = Choice()
        self._choice.setObjectName("model")
        self._choice.setAccessibleName("Model")
        self._card = QPushButton("Card", objectName="model_card")
        self._card.setAccessibleName("Read the model's card")
        self._about = QLabel(objectName="model_about")
        self._about.setWordWrap(True)
        self._about.setMinimumWidth(1)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self._choice, 1)
        row.addWidget(self._card)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self._about)
        self.setFocusProxy(self._choice)
        add_tooltips(self)
        self._fill()
        self._show()
        self._choice.activated.connect(self._chosen)
        self._card.clicked.connect(self.showCard)

    def value(self) -> str | None:
        """Name of a bundled model or path of a folder; None is the first bundled one."""
        return self._value

    def setValue(self, ref: str | None) -> None:
        """Choose a model. One that is not there is shown as such, with the reason."""
        if ref != self._value:
            self._value = ref
            self._show()
            self.valueChanged.emit(ref)

    def info(self) -> ModelInfo | None:
        """What the chosen model tells about itself; None if it is not there."""
        return self._info

    def chooseFolder(self, folder: str) -> None:
        """Choose the model in a folder; if there is none, say why and keep the choice."""
        try:
            info = model_info(folder)
        except CatalogueError as error:
            self._show()
            self._say(str(error), warn=True)
            return
        self.setValue(info.ref)
        self._show()

    def showCard(self) -> None:
        """Open the model's card in a window of its own."""
        if self._info is not None:
            CardWindow(self._info, self).show()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._about.setStyleSheet(f"color: {self._color().name()}")

    def _fill(self) -> None:
        try:
            self._bundled = [info.name for info in bundled()]
        except CatalogueError:
            self._bundled = []  # `_show` meets the same fault and says it
        for number, name in enumerate(self._bundled):
            self._choice.addItem(name, name if number else _FIRST)
        self._choice.addItem("Choose folder...", _CHOOSE)

    def _show(self) -> None:
        first = self._bundled[0] if self._bundled else None
        data = _FIRST if self._value in (None, first) else self._value
        with QSignalBlocker(self._choice):
            if not self._choice.showData(data):
                self._choice.insertItem(self._choice.count() - 1, Path(data).name or "none", data)
                self._choice.showData(data)
        try:
            self._info = model_info(self._value)
        except CatalogueError as error:
            self._info = None
            self._say(str(error), warn=True)
            enable(self._card, f"No card: {error}")
            return
        self._say(card_summary(self._info))
        enable(self._card)

    def _chosen(self, index: int) -> None:
        data = self._choice.itemData(index)
        if data != _CHOOSE:
            self.setValue(None if data == _FIRST else data)
            return
        folder = QFileDialog.getExistingDirectory(self, "Folder of a model (it holds model_index.json)")
        if folder:
            self.chooseFolder(folder)
        else:
            self._show()

    def _say(self, text: str, warn: bool = False) -> None:
        self._warns = warn
        self._about.setText(breakable(text))
        self._about.setStyleSheet(f"color: {self._color().name()}")

    def _color(self) -> QColor:
        return warning_color(self) if self._warns else quiet_color(self)
