"""A list with its number of items above it: as high as they need, up to some rows; gone while there are none."""

from __future__ import annotations

from collections.abc import Iterable

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

_ROWS_SEEN = 6
_DATA = Qt.ItemDataRole.UserRole


class TitledList(QWidget):
    """Lines of text, each with data that a click or Enter hands out."""

    picked = Signal(object)

    def __init__(self, title: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._title = title
        self._head = QLabel()
        self._head.setWordWrap(True)
        self._list = QListWidget()
        self._list.setAccessibleName(title)
        self._list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setUniformItemSizes(True)
        self._list.itemClicked.connect(self._pick)
        self._list.itemActivated.connect(self._pick)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._head)
        column.addWidget(self._list)
        self.hide()

    def lines(self) -> tuple[str, ...]:
        """The texts."""
        return tuple(self._list.item(i).text() for i in range(self._list.count()))

    def setLines(self, lines: Iterable[tuple[str, str, object]]) -> None:
        """Show other lines: text, tooltip, data."""
        self._list.clear()
        for text, tip, data in lines:
            item = QListWidgetItem(text)
            item.setToolTip(tip)
            item.setData(_DATA, data)
            self._list.addItem(item)
        n = self._list.count()
        self._head.setText(f"{self._title} ({n})")
        row = max(self._list.sizeHintForRow(0), self.fontMetrics().height()) if n else 0
        # A part of a row shows that there are more.
        self._list.setFixedHeight(round(row * (min(n, _ROWS_SEEN) + (0.5 if n > _ROWS_SEEN else 0.0))) + 8)
        self.setVisible(n > 0)

    def _pick(self, item: QListWidgetItem) -> None:
        self.picked.emit(item.data(_DATA))
