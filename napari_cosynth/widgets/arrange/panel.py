"""The arrange panel: suggest a whole layout, fill an area, place a class anew, lock nuclei."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_cosynth.layout import Layout
from napari_cosynth.layouts.model import TissueModel
from napari_cosynth.widgets.arrange.area_form import AreaForm
from napari_cosynth.widgets.arrange.suggest_form import NO_TISSUE, SuggestForm
from napari_cosynth.widgets.controls.fold import Fold
from napari_cosynth.widgets.controls.style import STYLE
from napari_cosynth.widgets.controls.tooltips import add_tooltips, enable

_NO_SELECTION = "Select nuclei on the tile first: click one, or draw a box with napari's select tool"
_NO_LOCKS = "No nucleus is locked"


class ArrangePanel(QWidget):
    """Forms one below the other; what is asked for is done by `Arranging`."""

    resampleAsked = Signal()
    lockAsked = Signal()
    unlockAsked = Signal()

    def __init__(
        self, tissues: Mapping[str, TissueModel], structure: bool = True, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("arrange")
        self.setAccessibleName("Arrange nuclei")
        self.setStyleSheet(STYLE)
        self.suggest, self.area = SuggestForm(tissues, structure), AreaForm()
        self._resample = QPushButton(objectName="resample")
        self._lock = QPushButton("Lock selected", objectName="lock_selected")
        self._unlock = QPushButton(objectName="unlock_all")
        self._layout, self._active = Layout(), 0
        locks = QHBoxLayout()
        locks.addWidget(self._lock)
        locks.addWidget(self._unlock)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for title, name, form in (
            ("Suggest a layout", "fold_suggest", self.suggest),
            ("Fill an area", "fold_area", self.area),
        ):
            fold = Fold(title, form)
            fold.heading().setObjectName(name)
            fold.setValue(True)
            column.addWidget(fold)
        column.addWidget(self._resample)
        column.addLayout(locks)
        self._resample.clicked.connect(self.resampleAsked)
        self._lock.clicked.connect(self.lockAsked)
        self._unlock.clicked.connect(self.unlockAsked)
        self.suggest.tissueChanged.connect(self.area.setTissue)
        self.suggest.tissueChanged.connect(self._show)
        self.setSelected(0)
        self.setLocked(0)
        if self.suggest.tissue() is not None:
            self.area.setTissue(self.suggest.tissue())
        self._show()
        add_tooltips(self)

    def setLayoutShown(self, layout: Layout, active: int) -> None:
        """Know the nuclei that are there, and the class id that is chosen in the palette."""
        self._layout, self._active = layout, active
        self.suggest.setLayoutShown(layout)
        self._show()

    def setSelected(self, count: int) -> None:
        """Know how many nuclei are selected."""
        enable(self._lock, "" if count else _NO_SELECTION)

    def setLocked(self, count: int) -> None:
        """Know how many nuclei are locked."""
        self._unlock.setText(f"Unlock all ({count})" if count else "Unlock all")
        enable(self._unlock, "" if count else _NO_LOCKS)

    def _show(self, _tissue: object = None) -> None:
        tissue, layout = self.suggest.tissue(), self._layout
        name = layout.taxonomy[self._active].name if self._active < len(layout.taxonomy) else ""
        self._resample.setText(f"Place {name} anew")
        self.area.setActiveClass(name)
        self.area.setReason("" if tissue else NO_TISSUE)
        reason = ""
        if tissue is None:
            reason = NO_TISSUE
        elif name not in tissue.classes:
            reason = f"{tissue.name} has no {name} nuclei: choose another class above, or another tissue"
        elif not layout.counts().get(name):
            reason = f"There are no {name} nuclei on the tile"
        enable(self._resample, reason)
