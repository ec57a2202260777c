"""The palette: one row for each class, to choose it, count it and show or hide it. Its value is the active class."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import QEvent, QSize, Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QButtonGroup, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_cosynth.classes import BUNDLED, NucleusClass, Taxonomy
from napari_cosynth.widgets.glyphs import GlyphButton, eye, swatch
from napari_cosynth.widgets.style import STYLE
from napari_cosynth.widgets.tooltips import add_tooltips

_MARGIN = 8


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
        self._total.setContentsMargins(0, 0, _MARGIN, 0)
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
        grid.setSpacing(2)
        grid.setColumnStretch(0, 1)
        for button in self._group.buttons():
            self._group.removeButton(button)
        self._buttons, self._eyes = [], []
        for class_id, nucleus_class in enumerate(taxonomy):
            button = ClassButton(nucleus_class)
            self._group.addButton(button, class_id)
            self._buttons.append(button)
            grid.addWidget(button, class_id, 0)
        for class_id, nucleus_class in enumerate(taxonomy):
            shown = GlyphButton(eye, f"Show {nucleus_class.name}", checkable=True)
            shown.setChecked(class_id not in hidden)
            shown.toggled.connect(lambda on, class_id=class_id: self._toggle(class_id))
            self._eyes.append(shown)
            self._show_eye(class_id)
            grid.addWidget(shown, class_id, 1)
        self._value = active
        self._buttons[active].setChecked(True)
        self.layout().replaceWidget(self._rows, rows)
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


class ClassButton(QPushButton):
    """Swatch with key letter, name and count of one class."""

    def __init__(self, nucleus_class: NucleusClass) -> None:
        super().__init__(nucleus_class.name)
        self.nucleus_class = nucleus_class
        self.setObjectName(f"class_{nucleus_class.name}")
        self.setCheckable(True)
        self.setStyleSheet("text-align: left; padding: 1px 4px")
        described = f": {nucleus_class.description}" if nucleus_class.description else ""
        self.setToolTip(
            f"{nucleus_class.name}{described}.\nKey {nucleus_class.key}; nuclei that are selected become of this class"
        )
        self._count = QLabel()
        self._count.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        inside = QHBoxLayout(self)
        inside.setContentsMargins(_MARGIN, 0, _MARGIN, 0)
        inside.addStretch(1)
        inside.addWidget(self._count)
        self.setCount(0)
        self._draw_swatch()

    def setCount(self, count: int) -> None:
        """Show how many nuclei the class has."""
        self._count.setText(str(count))
        self._count.setEnabled(count > 0)
        self.setAccessibleName(f"{self.nucleus_class.name}, key {self.nucleus_class.key}, {count}")

    def setStruck(self, struck: bool) -> None:
        """Strike the name through: the class is not shown."""
        font = self.font()
        font.setStrikeOut(struck)
        self.setFont(font)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._draw_swatch()

    def _draw_swatch(self) -> None:
        side = round(self.fontMetrics().height() * 1.2)
        self.setIconSize(QSize(side, side))
        self.setIcon(swatch(self.nucleus_class.color, self.nucleus_class.key, side, self.devicePixelRatioF()))
