"""The row at the top of the dock: undo and redo, and room for what else concerns everything."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QPainter
from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_cosynth.session import Session
from napari_cosynth.widgets.controls.glyphs import GlyphButton, back
from napari_cosynth.widgets.controls.tooltips import enable


def forth(painter: QPainter, on: bool) -> None:
    """The arrow of `back`, the other way round."""
    painter.translate(QPointF(1, 0))
    painter.scale(-1, 1)
    back(painter, on)


class Header(QWidget):
    """Buttons that step through what was done; each says what its step is.

    Parameters
    ----------
    undo, redo
        Called by the buttons.
    first
        Stand at the beginning of the row.
    """

    def __init__(
        self,
        session: Session,
        undo: Callable[[], None],
        redo: Callable[[], None],
        first: Sequence[QWidget],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._undo, self._redo = GlyphButton(back, "Undo"), GlyphButton(forth, "Redo")
        self._undo.setObjectName("undo")
        self._redo.setObjectName("redo")
        self._undo.clicked.connect(lambda: undo())
        self._redo.clicked.connect(lambda: redo())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in first:
            row.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addStretch(1)
        row.addWidget(self._undo)
        row.addWidget(self._redo)
        self.refresh()

    def refresh(self) -> None:
        """Show what can be undone and redone now."""
        session = self._session
        for button, can, verb, step, keys in (
            (self._undo, session.can_undo, "Undo", session.undo_name, "Ctrl+Z"),
            (self._redo, session.can_redo, "Redo", session.redo_name, "Ctrl+Shift+Z"),
        ):
            enable(button, "" if can else f"There is nothing to {verb.lower()}")
            if can:
                button.setToolTip(f"{verb}: {step} ({keys})")
