"""The choices of an export; the value is an `ExportChoice`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_cosynth.export import FORMATS
from napari_cosynth.export.splitting import SPLITS
from napari_cosynth.snapshot import Entry
from napari_cosynth.tile import Verdict
from napari_cosynth.widgets.controls.fact_table import fact_label
from napari_cosynth.widgets.controls.fields import WholeNumber
from napari_cosynth.widgets.controls.last_folder import last_folder, remember_folder
from napari_cosynth.widgets.controls.marks import mark_icon
from napari_cosynth.widgets.controls.tab_order import tab_after
from napari_cosynth.widgets.controls.tooltips import add_tooltips
from napari_cosynth.widgets.export.choice import ExportChoice, class_rows, short_title
from napari_cosynth.widgets.export.class_table import ClassTable
from napari_cosynth.widgets.tile_facts import VERDICT_WORDS

_USUAL_SPLIT = (80, 10, 10)
_VERDICTS: tuple[Verdict, ...] = ("accepted", "undecided", "rejected")


class ExportForm(QWidget):
    """Formats, tiles, sets, class tables, folder."""

    valueChanged = Signal(object)

    def __init__(self, value: ExportChoice | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._value = value or ExportChoice()
        self._entries: tuple[Entry, ...] = ()
        self._last_split = self._value.split or _USUAL_SPLIT
        self._formats = {key: QCheckBox(short_title(key), objectName=f"format_{key}") for key in FORMATS}
        self._verdicts = {verdict: QCheckBox(objectName=f"take_{verdict}") for verdict in _VERDICTS}
        self._placed = WholeNumber(0, 100)
        self._close = QCheckBox("No copies of training images", objectName="leave_out_close")
        self._split = QCheckBox("Split into sets, by layout", objectName="split")
        self._shares = {split: WholeNumber(0, 100) for split in SPLITS}
        self._shares_row = QWidget()
        self._tables = {
            key: ClassTable(key, short_title(key), format_.classes)
            for key, format_ in FORMATS.items()
            if format_.classes
        }
        self._folder = QLineEdit(objectName="export_folder")
        self._browse = QPushButton("Choose...", objectName="choose_export_folder")
        self._arrange()
        self._connect()
        add_tooltips(self)
        self._show()

    def value(self) -> ExportChoice:
        """What is chosen."""
        return self._value

    def setValue(self, choice: ExportChoice) -> None:
        """Choose otherwise."""
        if choice != self._value:
            self._value = choice
            self._last_split = choice.split or self._last_split
            self._show()
            self.valueChanged.emit(choice)

    def set_entries(self, entries: Sequence[Entry]) -> None:
        """The tiles there are: for the numbers beside the verdicts and the class tables."""
        self._entries = tuple(entries)
        self._show()

    def _show(self) -> None:
        value = self._value
        for key, box in self._formats.items():
            _check(box, key in value.formats)
        counts = Counter(entry.tile.verdict for entry in self._entries)
        for verdict, box in self._verdicts.items():
            box.setText(f"{VERDICT_WORDS[verdict]} ({counts[verdict]})")
            _check(box, verdict in value.verdicts)
        for field, number in ((self._placed, value.placed), *zip(self._shares.values(), self._last_split, strict=True)):
            with QSignalBlocker(field):
                field.setValue(number)
        _check(self._close, value.leave_out_close)
        _check(self._split, value.split is not None)
        self._shares_row.setVisible(value.split is not None)
        if self._folder.text() != value.folder:
            with QSignalBlocker(self._folder):
                self._folder.setText(value.folder)
        taken = [entry for entry in self._entries if value.takes(entry)]
        rows = class_rows(value, taken)
        for key, table in self._tables.items():
            if rows.get(key):
                table.setValue(rows[key], taken[0].tile.request.layout.taxonomy)
            table.setVisible(bool(rows.get(key)))
        # Their fields are made anew when other classes occur.
        for table in reversed(self._tables.values()):
            tab_after(self._shares[SPLITS[-1]], table)

    def _choose_formats(self) -> None:
        self._change(formats=tuple(key for key, box in self._formats.items() if box.isChecked()))

    def _choose_verdicts(self) -> None:
        self._change(verdicts=tuple(verdict for verdict, box in self._verdicts.items() if box.isChecked()))

    def _choose_split(self) -> None:
        if self._split.isChecked():
            self._change(split=tuple(field.value() for field in self._shares.values()))
        else:
            self._change(split=None)

    def _choose_folder(self) -> None:
        begins = self._value.folder or str(last_folder("exports"))
        folder = QFileDialog.getExistingDirectory(self, "Folder for the data set", begins)
        if folder:
            remember_folder("exports", Path(folder))
            self._change(folder=folder)

    def _change(self, **changes: object) -> None:
        self.setValue(replace(self._value, **changes))

    def _connect(self) -> None:
        for box in self._formats.values():
            box.clicked.connect(self._choose_formats)
        for box in self._verdicts.values():
            box.clicked.connect(self._choose_verdicts)
        self._close.clicked.connect(lambda on: self._change(leave_out_close=on))
        self._split.clicked.connect(self._choose_split)
        for field in self._shares.values():
            field.valueChanged.connect(self._choose_split)
        self._placed.valueChanged.connect(lambda placed: self._change(placed=placed))
        self._folder.textEdited.connect(lambda text: self._change(folder=text.strip()))
        self._browse.clicked.connect(self._choose_folder)
        for key, table in self._tables.items():
            table.changed.connect(
                lambda ours, theirs, key=key: self.setValue(self._value.with_class(key, ours, theirs))
            )

    def _arrange(self) -> None:
        for verdict, box in self._verdicts.items():
            box.setIcon(mark_icon(verdict))
        self._placed.setObjectName("min_placed")
        self._placed.setSuffix(" %")
        self._placed.setAccessibleName("Least share of points placed")
        placed = QHBoxLayout()
        placed.addWidget(self._placed)
        label = fact_label()
        label.setText("or more of the points placed")
        placed.addWidget(label, 1)
        shares = QGridLayout(self._shares_row)
        shares.setContentsMargins(0, 0, 0, 0)
        shares.setSpacing(3)
        # napari's number fields are wide; three side by side have to fit into a narrow dock.
        self._shares_row.setStyleSheet("QAbstractSpinBox { min-width: 46px; padding: 1px 3px; }")
        for column, (split, field) in enumerate(self._shares.items()):
            field.setObjectName(f"share_{split}")
            field.setAccessibleName(f"Share of {split}")
            field.setSuffix(" %")
            field.setSingleStep(5)
            shares.addWidget(QLabel(split), 0, column)
            shares.addWidget(field, 1, column)
        self._folder.setPlaceholderText("folder, new or empty")
        self._folder.setAccessibleName("Folder for the data set")
        folder = QHBoxLayout()
        folder.addWidget(self._folder, 1)
        folder.addWidget(self._browse)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(_heading("Formats"))
        for box in self._formats.values():
            column.addWidget(box)
        column.addWidget(_heading("Tiles"))
        for box in self._verdicts.values():
            column.addWidget(box)
        column.addLayout(placed)
        column.addWidget(self._close)
        column.addWidget(_heading("Sets"))
        column.addWidget(self._split)
        column.addWidget(self._shares_row)
        for table in self._tables.values():
            column.addWidget(table)
        column.addWidget(_heading("Folder"))
        column.addLayout(folder)


def _check(box: QCheckBox, on: bool) -> None:
    with QSignalBlocker(box):
        box.setChecked(on)


def _heading(text: str) -> QLabel:
    heading = fact_label(bold=True)
    heading.setText(text)
    heading.setContentsMargins(0, 6, 0, 0)
    return heading
