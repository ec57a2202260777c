"""Filter bar: which cards are shown, with how many there are of each kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from napari_cosynth.snapshot import Entry
from napari_cosynth.tile import Verdict
from napari_cosynth.widgets.controls.fields import Choice
from napari_cosynth.widgets.controls.marks import mark_icon
from napari_cosynth.widgets.gallery.filter import PLACED_WORDS, CardFilter, placed_counts, verdict_counts
from napari_cosynth.widgets.tile_facts import VERDICT_WORDS

_VERDICTS: tuple[Verdict | None, ...] = (None, "undecided", "accepted", "rejected")


class FilterBar(QWidget):
    """A button for each verdict, a list for quality; the value is a `CardFilter`."""

    valueChanged = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._value = CardFilter()
        self._verdicts = QButtonGroup(self)
        self._buttons: dict[Verdict | None, QPushButton] = {}
        row = QHBoxLayout()
        row.setSpacing(2)
        for i, verdict in enumerate(_VERDICTS):
            button = self._buttons[verdict] = QPushButton()
            button.setObjectName(f"show_{verdict or 'all'}")
            button.setCheckable(True)
            button.setMinimumWidth(50)  # some styles would make them much wider than their numbers
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            if verdict is not None:
                button.setIcon(mark_icon(verdict))
            self._verdicts.addButton(button, i)
            row.addWidget(button)
        self._placed = Choice()
        self._placed.setObjectName("show_placed")
        self._placed.setAccessibleName("Show by share of points placed")
        for placed, words in PLACED_WORDS.items():
            self._placed.addItem(words, placed)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self._placed)
        self._verdicts.idClicked.connect(lambda i: self.setValue(replace(self._value, verdict=_VERDICTS[i])))
        self._placed.activated.connect(lambda i: self.setValue(replace(self._value, placed=self._placed.itemData(i))))
        self._show()
        self.set_counts(())

    def value(self) -> CardFilter:
        """What is chosen."""
        return self._value

    def setValue(self, chosen: CardFilter) -> None:
        """Choose; does not emit if it was chosen already."""
        if chosen == self._value:
            self._show()
            return
        self._value = chosen
        self._show()
        self.valueChanged.emit(chosen)

    def set_counts(self, entries: Sequence[Entry]) -> None:
        """Say how many cards each choice would show."""
        for verdict, n in verdict_counts(entries, self._value).items():
            words = VERDICT_WORDS[verdict] if verdict else "All"
            self._buttons[verdict].setText(f" {n}" if verdict else f"All {n}")
            self._buttons[verdict].setAccessibleName(f"{words}: {n}")
        for placed, n in placed_counts(entries, self._value).items():
            self._placed.setItemText(self._placed.findData(placed), f"{PLACED_WORDS[placed]} ({n})")

    def _show(self) -> None:
        with QSignalBlocker(self._placed):
            self._buttons[self._value.verdict].setChecked(True)
            self._placed.showData(self._value.placed)
