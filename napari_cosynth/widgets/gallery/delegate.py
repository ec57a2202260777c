"""How a card is painted: picture, verdict, whether it was edited, seed, and what became of the points."""

from __future__ import annotations

from qtpy.QtCore import QModelIndex, QObject, QPointF, QRect, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFont, QFontMetrics, QPainter, QPainterPath, QPalette, QPen
from qtpy.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from napari_cosynth.snapshot import Entry
from napari_cosynth.widgets.controls.marks import ACCEPTED, REJECTED, paint_mark
from napari_cosynth.widgets.gallery.cards import ENTRY
from napari_cosynth.widgets.gallery.filter import ENOUGH
from napari_cosynth.widgets.gallery.thumbnails import Thumbnails
from napari_cosynth.widgets.tile_facts import report_of, share_placed

GAP, PAD = 3, 6
"""Around a card, and within it, in px."""
_RADIUS, _BAR, _MARK = 5, 4, 22
_CHOSEN = QColor("#3d8bfd")
_PILL = QColor(16, 12, 24, 175)


class CardDelegate(QStyledItemDelegate):
    """Paints entries; pictures that are not drawn yet leave their place empty until they are."""

    def __init__(self, thumbnails: Thumbnails, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self._size = QSize(140, 200)

    def set_width(self, width: int, font: QFont) -> QSize:
        """Make all cards as wide as ``width`` px; their size."""
        line = QFontMetrics(font).lineSpacing()
        self._size = QSize(width, width + _BAR + PAD + 3 * line)
        return self._size

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """The same for all."""
        return self._size

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Draw one card."""
        entry: Entry = index.data(ENTRY)
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        card = QRectF(option.rect).adjusted(GAP, GAP, -GAP, -GAP)
        self._ground(painter, card, option)
        side = int(card.width()) - 2 * PAD
        picture = QRect(int(card.x()) + PAD, int(card.y()) + PAD, side, side)
        self._picture(painter, picture, entry, option.palette)
        paint_mark(painter, QRectF(picture.x() + 4, picture.y() + 4, _MARK, _MARK), entry.tile.verdict)
        small = QFont(option.font)
        small.setPointSizeF(max(6.5, small.pointSizeF() * 0.88))
        bottom = picture.bottom() + 1
        _pill(painter, small, QPointF(picture.x() + 4, bottom - 4), f"seed {entry.tile.request.seed}", side - 8)
        if entry.tile.edited:
            _pill(painter, small, QPointF(picture.right() - 3, picture.y() + 4), "edited", side, corner=True)
        if entry.tile.too_close:
            _pill(painter, small, QPointF(picture.right() - 3, bottom - 30), "may be a copy", side, corner=True)
        below = QRect(picture.x(), bottom + 3, side, int(card.bottom()) - bottom - 5)
        _quality(painter, below, entry, option)
        painter.restore()

    def _ground(self, painter: QPainter, card: QRectF, option: QStyleOptionViewItem) -> None:
        color = QColor(option.palette.color(QPalette.ColorRole.Text))
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        over = bool(option.state & QStyle.StateFlag.State_MouseOver)
        color.setAlpha(38 if chosen or over else 20)
        painter.setBrush(color)
        painter.setPen(QPen(_CHOSEN, 2.0) if chosen else Qt.PenStyle.NoPen)
        painter.drawRoundedRect(card.adjusted(1, 1, -1, -1), _RADIUS, _RADIUS)

    def _picture(self, painter: QPainter, place: QRect, entry: Entry, palette: QPalette) -> None:
        ratio = painter.device().devicePixelRatioF()
        pixmap = self._thumbnails.pixmap(entry, place.width(), ratio)
        outline = QPainterPath()
        if pixmap is None:
            color = QColor(palette.color(QPalette.ColorRole.Text))
            color.setAlpha(24)
            outline.addRoundedRect(QRectF(place), _RADIUS - 2, _RADIUS - 2)
            painter.fillPath(outline, color)
            return
        size = QSize(round(pixmap.width() / ratio), round(pixmap.height() / ratio))
        box = QRect(place.topLeft(), size)
        box.moveCenter(place.center())
        outline.addRoundedRect(QRectF(box), _RADIUS - 2, _RADIUS - 2)
        painter.save()
        painter.setClipPath(outline)
        painter.setOpacity(0.4 if entry.tile.verdict == "rejected" else 1.0)
        painter.drawPixmap(box, pixmap)
        painter.restore()


def _quality(painter: QPainter, place: QRect, entry: Entry, option: QStyleOptionViewItem) -> None:
    """A bar of the points placed, and the sentence in two parts: what is there, what is amiss."""
    share = share_placed(entry.tile)
    text = QColor(option.palette.color(QPalette.ColorRole.Text))
    faint = QColor(text)
    faint.setAlpha(45)
    bar = QRectF(place.x(), place.y(), place.width(), _BAR - 1)
    painter.setPen(Qt.PenStyle.NoPen)
    for width, color in ((bar.width(), faint), (bar.width() * share, ACCEPTED if share >= ENOUGH else REJECTED)):
        painter.setBrush(color)
        painter.drawRoundedRect(QRectF(bar.x(), bar.y(), width, bar.height()), 1.5, 1.5)
    placed, *amiss = report_of(entry.tile).sentence().split(", ")
    line = option.fontMetrics.lineSpacing()
    bold = QFont(option.font)
    bold.setBold(True)
    muted = QColor(text)
    muted.setAlpha(190)
    row = QRect(place.x(), place.y() + _BAR + 1, place.width(), line)
    for words, font, color in ((placed, bold, text), *((part, option.font, muted) for part in amiss)):
        painter.setPen(color)
        painter.setFont(font)
        elided = QFontMetrics(font).elidedText(words, Qt.TextElideMode.ElideRight, row.width())
        painter.drawText(row, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, elided)
        row.translate(0, line)


def _pill(painter: QPainter, font: QFont, at: QPointF, text: str, room: int, *, corner: bool = False) -> None:
    """Light words on a dark ground; ``at`` is the pill's lower left corner, or with ``corner`` its upper right one."""
    metrics = QFontMetrics(font)
    text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room - 10)
    width, height = metrics.horizontalAdvance(text) + 10, metrics.height() + 2
    x, y = (at.x() - width, at.y()) if corner else (at.x(), at.y() - height)
    box = QRectF(x, y, width, height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_PILL)
    painter.drawRoundedRect(box, height / 2.5, height / 2.5)
    painter.setPen(QColor("#ffffff"))
    painter.setFont(font)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
