"""The cards side by side, as many in a row as fit."""

from __future__ import annotations

from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from qtpy.QtWidgets import QAbstractItemView, QListView, QWidget

from napari_cosynth.widgets.controls.key_event import key_event
from napari_cosynth.widgets.gallery.delegate import CardDelegate
from napari_cosynth.widgets.gallery.thumbnails import Thumbnails

_NARROWEST = 136
KEYS = (
    *(Qt.Key.Key_A, Qt.Key.Key_R, Qt.Key.Key_U),
    *(Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Delete, Qt.Key.Key_Backspace),
)
"""What the gallery does something with; the list itself leaves them alone."""


def is_own_key(event: QKeyEvent) -> bool:
    """Whether a key, pressed without Ctrl or Alt, is one of the gallery's."""
    held = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
    return event.key() in KEYS and not event.modifiers() & held


class CardsView(QListView):
    """A list view whose cards fill its width; one card is chosen at a time."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.thumbnails = Thumbnails(self)
        self._delegate = CardDelegate(self.thumbnails, self)
        self.setItemDelegate(self._delegate)
        self._nothing = ""

    def say_when_empty(self, text: str) -> None:
        """What stands in place of cards while there are none."""
        self._nothing = text
        self.viewport().update()

    def event(self, event: QEvent) -> bool:
        """Claim the gallery's keys before shortcuts of the window get them."""
        if event.type() == QEvent.Type.ShortcutOverride and is_own_key(key_event(event)):
            event.accept()
            return True
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fill_width()
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave the gallery's keys to it: a list would search for cards that begin with the letter."""
        if is_own_key(event):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the cards."""
        self._fill_width()
        super().resizeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The cards, or why there are none."""
        super().paintEvent(event)
        if self._nothing and self.model() is not None and not self.model().rowCount():
            painter = QPainter(self.viewport())
            room = self.viewport().rect().adjusted(16, 16, -16, -16)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._nothing)

    def _fill_width(self) -> None:
        # The scroll bar's room is always kept: else it would come and go with the size of the cards.
        room = self.width() - 2 * self.frameWidth() - self.verticalScrollBar().sizeHint().width() - 2
        columns = max(1, room // _NARROWEST)
        size = self._delegate.set_width(max(60, room // columns), self.font())
        if self.gridSize() != size:
            self.setGridSize(size)
            self.verticalScrollBar().setSingleStep(max(1, size.height() // 4))
