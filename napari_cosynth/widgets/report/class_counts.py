"""A small table: how many nuclei of each class were asked for, and how many were made."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QSizePolicy, QTableWidget, QTableWidgetItem, QWidget

from napari_cosynth.classes import BUNDLED, Taxonomy
from napari_cosynth.widgets.controls.glyphs import swatch
from napari_cosynth.widgets.tile_facts import ClassCount

_HEAD = ("Class", "Asked", "Made")


class ClassCounts(QTableWidget):
    """As high as its rows; it is read, not edited."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(_HEAD), parent)
        self.setObjectName("class_counts")
        self.setAccessibleName("Nuclei asked for and made, by class")
        self.setHorizontalHeaderLabels(_HEAD)
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        self.horizontalHeaderItem(0).setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column in (1, 2):
            self.horizontalHeaderItem(column).setTextAlignment(
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            )
        self._value: tuple[ClassCount, ...] = ()

    def value(self) -> tuple[ClassCount, ...]:
        """The rows without their sum."""
        return self._value

    def setValue(self, counts: list[ClassCount], taxonomy: Taxonomy = BUNDLED) -> None:
        """Show other counts, with their sum below if there is more than one class."""
        self._value = tuple(counts)
        rows = [(taxonomy[c.class_id].name, c.asked, c.made) for c in counts]
        if len(rows) > 1:
            rows.append(("together", sum(c.asked for c in counts), sum(c.made for c in counts)))
        self.setRowCount(len(rows))
        side = self.fontMetrics().height()
        self.setIconSize(QSize(side, side))
        for i, row in enumerate(rows):
            for column, text in enumerate(row):
                item = QTableWidgetItem(str(text))
                item.setFlags(Qt.ItemFlag.ItemIsEnabled)
                if column:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(i, column, item)
            if i < len(counts):
                c = taxonomy[counts[i].class_id]
                self.item(i, 0).setIcon(swatch(c.color, c.key, side, self.devicePixelRatioF()))
        self.resizeRowsToContents()
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """All rows, none of them scrolled."""
        height = self.horizontalHeader().sizeHint().height() + sum(self.rowHeight(i) for i in range(self.rowCount()))
        return QSize(200, height + 4)

    def minimumSizeHint(self) -> QSize:
        """As high as `sizeHint`."""
        return QSize(120, self.sizeHint().height())
