"""The gallery's cards as a list model: those that the filter takes, changed row by row.

Rows that stay keep their place on the screen: a new tile or a verdict does not
make the view lay out five hundred cards afresh.
"""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QAbstractListModel, QModelIndex, QObject, Qt

from napari_cosynth.snapshot import Entry
from napari_cosynth.widgets.gallery.filter import CardFilter
from napari_cosynth.widgets.tile_facts import described

ENTRY = Qt.ItemDataRole.UserRole
_Role = Qt.ItemDataRole


class Cards(QAbstractListModel):
    """A row for each entry that the filter takes, in the order in which the tiles were made."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: tuple[Entry, ...] = ()
        self._shown: list[Entry] = []
        self._rows: dict[str, int] = {}
        self._filter = CardFilter()

    def entries(self) -> tuple[Entry, ...]:
        """All, shown or not."""
        return self._all

    def setEntries(self, entries: tuple[Entry, ...]) -> None:
        """Replace all; rows whose tile is the same object are not touched."""
        self._all = tuple(entries)
        self._show()

    def filter(self) -> CardFilter:
        """Which cards are shown."""
        return self._filter

    def setFilter(self, chosen: CardFilter) -> None:
        """Show other cards."""
        self._filter = chosen
        self._show()

    def row_of(self, key: str | None) -> int | None:
        """The row of a key; None if its card is not shown."""
        return self._rows.get(key) if key is not None else None

    def entry_at(self, row: int) -> Entry | None:
        """The entry of a row; None if there is no such row."""
        return self._shown[row] if 0 <= row < len(self._shown) else None

    def touched(self, key: str) -> None:
        """The picture of a card has come: paint it again."""
        if key in self._rows:
            index = self.index(self._rows[key])
            self.dataChanged.emit(index, index, [_Role.DecorationRole])

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Cards shown."""
        return 0 if parent is not None and parent.isValid() else len(self._shown)

    def data(self, index: QModelIndex, role: int = _Role.DisplayRole) -> Any:
        """The entry under `ENTRY`; words for tooltips and screen readers."""
        entry = self.entry_at(index.row())
        if entry is None:
            return None
        if role == ENTRY:
            return entry
        if role in (_Role.AccessibleTextRole, _Role.DisplayRole):
            return described(entry.tile)
        if role == _Role.ToolTipRole:
            return f"{described(entry.tile)}\n{entry.tile.request.prompt}"
        return None

    def _show(self) -> None:
        old, new = self._shown, [entry for entry in self._all if self._filter.takes(entry)]
        same = min(len(old), len(new))
        head = next((i for i in range(same) if old[i].key != new[i].key), same)
        tail = next((i for i in range(same - head) if old[-1 - i].key != new[-1 - i].key), same - head)
        if len(old) > head + tail:
            self.beginRemoveRows(QModelIndex(), head, len(old) - tail - 1)
            self._take(old[:head] + old[len(old) - tail :])
            self.endRemoveRows()
        if len(new) > head + tail:
            self.beginInsertRows(QModelIndex(), head, len(new) - tail - 1)
            self._take(new)
            self.endInsertRows()
        else:
            self._take(new)
        kept = (*range(head), *range(len(new) - tail, len(new)))
        before = {entry.key: entry.tile for entry in old}
        for row in kept:
            if before[new[row].key] is not new[row].tile:
                self.dataChanged.emit(self.index(row), self.index(row))

    def _take(self, shown: list[Entry]) -> None:
        self._shown = shown
        self._rows = {entry.key: row for row, entry in enumerate(shown)}
