"""The class table of a format that has classes of its own: what stands there for each of ours."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_cosynth.classes import Taxonomy
from napari_cosynth.export.exporter import FixedClasses
from napari_cosynth.widgets.controls.fields import Choice
from napari_cosynth.widgets.controls.glyphs import swatch
from napari_cosynth.widgets.export.choice import ClassRow

_OPEN = "choose..."


class ClassTable(QWidget):
    """A line for each of our classes that occurs, with a drop-down of the format's."""

    changed = Signal(str, str)
    """Our class, and the format's that the user chose for it."""

    def __init__(self, key: str, title: str, classes: FixedClasses, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"classes_{key}")
        self._classes = tuple(classes.values)
        self._rows: tuple[ClassRow, ...] = ()
        self._fields: dict[str, Choice] = {}
        head = QLabel(f"Classes in {title}")
        head.setWordWrap(True)
        self._grid_place = QVBoxLayout(self)
        self._grid_place.setContentsMargins(0, 0, 0, 0)
        self._grid_place.setSpacing(3)
        self._grid_place.addWidget(head)
        self._body: QWidget | None = None

    def value(self) -> tuple[ClassRow, ...]:
        """The lines."""
        return self._rows

    def setValue(self, rows: Sequence[ClassRow], taxonomy: Taxonomy) -> None:
        """Show other lines; does not emit."""
        rows = tuple(rows)
        if rows == self._rows:
            return
        same = [row[:2] for row in rows] == [row[:2] for row in self._rows]
        self._rows = rows
        if not same:
            self._build(taxonomy)
        for row in rows:
            field = self._fields[row.ours]
            if row.theirs is None or not field.showData(row.theirs):
                field.setCurrentIndex(0)

    def _build(self, taxonomy: Taxonomy) -> None:
        if self._body is not None:
            self._grid_place.removeWidget(self._body)
            self._body.deleteLater()
        self._body, self._fields = QWidget(), {}
        grid = QGridLayout(self._body)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(2)
        self._body.setStyleSheet("QComboBox { padding: 3px 0px 3px 5px; }")  # the longest names fit at 320 px
        grid.setColumnStretch(2, 1)
        side = self.fontMetrics().height()
        for i, row in enumerate(self._rows):
            ours = taxonomy[taxonomy.id_of(row.ours)]
            sign = QLabel()
            sign.setPixmap(swatch(ours.color, ours.key, side, self.devicePixelRatioF()).pixmap(side, side))
            field = self._fields[row.ours] = Choice()
            field.setObjectName(f"{self.objectName()}_{row.ours}")
            field.setAccessibleName(f"What stands for {row.ours}")
            # As wide as there is room: names that do not fit are read in the open list.
            field.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            field.setMinimumWidth(90)
            field.addItem(_OPEN)
            for theirs in self._classes:
                field.addItem(theirs, theirs)
            field.model().item(0).setFlags(Qt.ItemFlag.NoItemFlags)
            field.activated.connect(lambda at, f=field, name=row.ours: self._choose(name, f.itemData(at)))
            grid.addWidget(sign, i, 0)
            grid.addWidget(QLabel(f"{row.ours} ({row.nuclei})"), i, 1)
            grid.addWidget(field, i, 2)
        self._grid_place.addWidget(self._body)

    def _choose(self, ours: str, theirs: str | None) -> None:
        if theirs is not None and dict((row.ours, row.theirs) for row in self._rows).get(ours) != theirs:
            self.changed.emit(ours, theirs)
