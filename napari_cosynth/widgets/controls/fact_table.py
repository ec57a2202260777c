"""Names and values in two columns, to read and to copy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from napari_cosynth.widgets.controls.style import quiet_color

_COPIED = Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard


class FactTable(QWidget):
    """A row for each name; rows without a value are left out."""

    def __init__(self, names: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: dict[str, tuple[QLabel, QLabel]] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(1, 1)
        for i, name in enumerate(names):
            title, value = QLabel(name), fact_label()
            value.setAccessibleName(name)
            grid.addWidget(title, i, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(value, i, 1)
            self._rows[name] = (title, value)

    def value(self) -> dict[str, str]:
        """The values that are shown."""
        return {name: label.text() for name, (_, label) in self._rows.items() if label.text()}

    def setValue(self, facts: Mapping[str, str]) -> None:
        """Show other values; a name that is not among them has none."""
        for name, row in self._rows.items():
            row[1].setText(facts.get(name, ""))
            for label in row:
                label.setVisible(name in facts)

    def changeEvent(self, event: QEvent) -> None:
        """Take the colours of another theme."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.PaletteChange):
            sheet = f"color: {quiet_color(self).name()};"
            for title, _ in self._rows.values():
                if title.styleSheet() != sheet:
                    title.setStyleSheet(sheet)


def fact_label(*, bold: bool = False) -> QLabel:
    """A label for anybody's text: shown as it is, broken where needed, selectable."""
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(_COPIED)
    label.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    if bold:
        font = label.font()
        font.setBold(True)
        label.setFont(font)
    return label
