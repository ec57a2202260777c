"""A heading that folds away what stands below it.

superqt's QCollapsible squeezes its content to no height instead of hiding it,
so the Tab key walks through fields that nobody sees; hence one of our own.
"""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

_FOLDED, _UNFOLDED = "\N{BLACK RIGHT-POINTING SMALL TRIANGLE}", "\N{BLACK DOWN-POINTING SMALL TRIANGLE}"


class Fold(QWidget):
    """A heading and its content. Its value is True while the content is seen."""

    valueChanged = Signal(bool)

    def __init__(self, title: str, content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._content = content
        self._heading = QPushButton()
        self._heading.setCheckable(True)
        self._heading.setProperty("heading", True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._heading)
        layout.addWidget(content)
        self._show(False)
        self._heading.toggled.connect(self._show)
        self._heading.toggled.connect(self.valueChanged)

    def value(self) -> bool:
        """True if the content is unfolded."""
        return self._heading.isChecked()

    def setValue(self, unfolded: bool) -> None:
        """Unfold or fold the content."""
        self._heading.setChecked(unfolded)

    def heading(self) -> QPushButton:
        """What is clicked to fold and unfold."""
        return self._heading

    def _show(self, unfolded: bool) -> None:
        self._content.setVisible(unfolded)
        self._heading.setText(f"{_UNFOLDED if unfolded else _FOLDED} {self._title}")
