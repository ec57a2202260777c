"""The palette: a button for each class, to choose it, count it and show or hide it. Its value is the active class."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QButtonGroup, QGridLayout, QLabel, QVBoxLayout, QWidget

from napari_cosynth.classes import BUNDLED, Taxonomy
from napari_cosynth.widgets.controls.glyphs import GlyphButton, eye
from napari_cosynth.widgets.controls.style import STYLE
from napari_cosynth.widgets.controls.tab_order import tab_after
from napari_cosynth.widgets.controls.tooltips import add_tooltips
from napari_cosynth.widgets.draw.class_button import MARGIN, ClassButton

_ONE_COLUMN = 4
"""So many classes still stand in a single column."""


class Palette(QWidget):
    """The classes of a taxonomy, one of them active.

    `picked` comes at every click and key, also on the class that is active
    already: the selected nuclei are to become of it.
    """

    valueChanged = Signal(int)
    picked = Signal(int)
    hiddenChanged = Signal(object)

    def __init__(self, taxonomy: Taxonomy = BUNDLED, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("palette")
        self.setAccessibleName("Classes of nuclei")
        self.setStyleSheet(STYLE)
        self._counts: dict[str, int] = {}
        self._total = QLabel(objectName="total")
        self._total.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._total.setContentsMargins(0, 0, MARGIN, 0)
        self._rows = QWidget()
        self._group = QButtonGroup(self)
        self._group.idClicked.connect(self._pick)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._rows)
        layout.addWidget(self._total)
        self._build(taxonomy, active=0, hidden=frozenset())

    def value(self) -> int:
        """Id of the active class."""
        return self._value

    def setValue(self, class_id: int) -> None:
        """Make a class active.

        Raises
        ------
        ValueError
            If the taxonomy has no class of that id.
        """
        if not 0 <= class_id < len(self._taxonomy):
            raise ValueError(f"no class has the id {class_id}; the taxonomy has {len(self._taxonomy)}, counted from 0")
        self._choose(class_id)

    def taxonomy(self) -> Taxonomy:
        """The classes shown."""
        return self._taxonomy

    def setTaxonomy(self, taxonomy: Taxonomy) -> None:
        """Show other classes. What is active and what is hidden stays so where the name is there again."""
        if taxonomy == self._taxonomy:
            return
        before, hidden_before = self._value, self.hidden()
        name = self._taxonomy[before].name
        hidden_names = {self._taxonomy[i].name for i in hidden_before}
        active = taxonomy.names.index(name) if name in taxonomy.names else 0
        self._build(taxonomy, active, frozenset(i for i, n in enumerate(taxonomy.names) if n in hidden_names))
        if active != before:
            self.valueChanged.emit(active)
        if self.hidden() != hidden_before:
            self.hiddenChanged.emit(self.hidden())

    def setCounts(self, counts: Mapping[str, int]) -> None:
        """Show how many nuclei each class has; names as in the taxonomy, absent ones have none."""
        self._counts = dict(counts)
        for button in self._buttons:
            button.setCount(self._counts.get(button.nucleus_class.name, 0))
        total = sum(self._counts.values())
        self._total.setText(f"{total} {'nucleus' if total == 1 else 'nuclei'}")

    def total(self) -> QLabel:
        """The label with the number of all nuclei; may be put where there is more room."""
        return self._total

    def hidden(self) -> frozenset[int]:
        """Ids of the classes that are not shown on the canvas."""
        return frozenset(i for i, e in enumerate(self._eyes) if not e.isChecked())

    def setHidden(self, hidden: frozenset[int]) -> None:
        """Show all classes but these."""
        before = self.hidden()
        for class_id, button in enumerate(self._eyes):
            button.blockSignals(True)
            button.setChecked(class_id not in hidden)
            button.blockSignals(False)
            self._show_eye(class_id)
        if self.hidden() != before:
            self.hiddenChanged.emit(self.hidden())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A class's letter picks it, wherever in the palette the focus is."""
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier)
        keys = [c.key for c in self._taxonomy]
        letter = event.text().upper()
        if plain and letter in keys:
            class_id = keys.index(letter)
            self._buttons[class_id].setFocus()
            self._buttons[class_id].click()
        else:
            super().keyPressEvent(event)

    def _build(self, taxonomy: Taxonomy, active: int, hidden: frozenset[int]) -> None:
        self._taxonomy = taxonomy
        rows = QWidget()
        grid = QGridLayout(rows)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(1)
        grid.setVerticalSpacing(2)
        # Read downwards, as the keys are; in two columns, because a dock on a small screen has little height.
        columns = 2 if len(taxonomy) > _ONE_COLUMN else 1
        height = -(-len(taxonomy) // columns)
        for column in range(columns):
            grid.setColumnStretch(2 * column, 1)
        for button in self._group.buttons():
            self._group.removeButton(button)
        self._buttons, self._eyes = [], []
        for class_id, nucleus_class in enumerate(taxonomy):
            button = ClassButton(nucleus_class)
            self._group.addButton(button, class_id)
            self._buttons.append(button)
            grid.addWidget(button, class_id % height, class_id // height * 2)
        for class_id, nucleus_class in enumerate(taxonomy):
            shown = GlyphButton(eye, f"Show {nucleus_class.name}", checkable=True, slim=True)
            shown.setChecked(class_id not in hidden)
            shown.toggled.connect(lambda on, class_id=class_id: self._toggle(class_id))
            self._eyes.append(shown)
            self._show_eye(class_id)
            grid.addWidget(shown, class_id % height, class_id // height * 2 + 1)
        self._value = active
        self._buttons[active].setChecked(True)
        self.layout().replaceWidget(self._rows, rows)
        tab_after(self, rows)
        self._rows.deleteLater()
        self._rows = rows
        self.setCounts(self._counts)
        add_tooltips(self)

    def _pick(self, class_id: int) -> None:
        self._choose(class_id)
        self.picked.emit(class_id)

    def _choose(self, class_id: int) -> None:
        self._buttons[class_id].setChecked(True)
        if class_id != self._value:
            self._value = class_id
            self.valueChanged.emit(class_id)

    def _toggle(self, class_id: int) -> None:
        self._show_eye(class_id)
        self.hiddenChanged.emit(self.hidden())

    def _show_eye(self, class_id: int) -> None:
        shown, name = self._eyes[class_id].isChecked(), self._taxonomy[class_id].name
        self._eyes[class_id].setToolTip(f"Hide {name} on the canvas" if shown else f"Show {name} on the canvas again")
        self._buttons[class_id].setStruck(not shown)
