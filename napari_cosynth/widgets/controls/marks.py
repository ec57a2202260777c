"""The marks of verdicts: told apart by shape as well as by colour, the same on cards, filters and buttons."""

from __future__ import annotations

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPen, QPixmap, QPolygonF

from napari_cosynth.tile import Verdict

ACCEPTED, REJECTED, UNDECIDED = QColor("#009e73"), QColor("#d55e00"), QColor("#8a8f98")
_WHITE = QColor("#ffffff")


def paint_mark(painter: QPainter, box: QRectF, verdict: Verdict) -> None:
    """Draw a green disc with a tick, a vermilion square with a cross, or an empty ring."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    side = min(box.width(), box.height())
    rim = QPen(_WHITE, side * 0.08)
    inner = box.adjusted(side * 0.06, side * 0.06, -side * 0.06, -side * 0.06)
    if verdict == "accepted":
        painter.setPen(rim)
        painter.setBrush(ACCEPTED)
        painter.drawEllipse(inner)
        _strokes(painter, box, [[(0.28, 0.52), (0.44, 0.68), (0.73, 0.35)]])
    elif verdict == "rejected":
        painter.setPen(rim)
        painter.setBrush(REJECTED)
        painter.drawRoundedRect(inner, side * 0.12, side * 0.12)
        _strokes(painter, box, [[(0.33, 0.33), (0.67, 0.67)], [(0.67, 0.33), (0.33, 0.67)]])
    else:
        # White around grey: seen on tissue as on either theme.
        ring = box.adjusted(side * 0.2, side * 0.2, -side * 0.2, -side * 0.2)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for color, width in ((_WHITE, 0.26), (UNDECIDED, 0.13)):
            painter.setPen(QPen(color, side * width))
            painter.drawEllipse(ring)
    painter.restore()


def mark_icon(verdict: Verdict) -> QIcon:
    """The mark as an icon, in the sizes that buttons and dense screens ask for."""
    icon = QIcon()
    for side in (16, 32, 48):
        pixmap = QPixmap(QSize(side, side))
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        paint_mark(painter, QRectF(0, 0, side, side), verdict)
        painter.end()
        icon.addPixmap(pixmap)
    return icon


def _strokes(painter: QPainter, box: QRectF, lines: list[list[tuple[float, float]]]) -> None:
    pen = QPen(_WHITE, box.width() * 0.13)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for line in lines:
        painter.drawPolyline(
            QPolygonF([QPointF(box.x() + x * box.width(), box.y() + y * box.height()) for x, y in line])
        )
