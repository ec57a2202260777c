"""Small signs drawn with lines, in the colour of the theme's text and sharp at any resolution."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFont, QIcon, QPainter, QPainterPath, QPaintEvent, QPalette, QPen, QPixmap, QPolygonF
from qtpy.QtWidgets import QToolButton, QWidget

Glyph = Callable[[QPainter, bool], None]
"""Draws into the unit square with a pen that is set; the flag says whether the button is on."""


class GlyphButton(QToolButton):
    """A small button with a drawn sign in place of text; ``slim`` where many stand beside text in little room."""

    def __init__(
        self,
        glyph: Glyph,
        name: str,
        *,
        checkable: bool = False,
        slim: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._glyph = glyph
        self._slim = slim
        self.setAccessibleName(name)
        self.setCheckable(checkable)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:
        height = self.fontMetrics().height()
        return QSize(round(height * (1.2 if self._slim else 1.5)), round(height * 1.5))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        color = self.palette().color(QPalette.ColorRole.WindowText)
        color.setAlphaF(1.0 if self.isEnabled() else 0.4)
        side = min(self.width() * 0.8, self.height() * 0.62)
        painter.translate((self.width() - side) / 2, (self.height() - side) / 2)
        draw(self._glyph, painter, side, color, self.isChecked())
        painter.end()


def draw(glyph: Glyph, painter: QPainter, side: float, color: QColor, on: bool = False) -> None:
    """Draw a sign of ``side`` px at the painter's origin."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(side, side)
    pen = QPen(color, 0.09)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    glyph(painter, on)
    painter.restore()


def eye(painter: QPainter, on: bool) -> None:
    """An eye; crossed out if not on."""
    lids = QPainterPath(QPointF(0.02, 0.5))
    lids.quadTo(0.5, 0.0, 0.98, 0.5)
    lids.quadTo(0.5, 1.0, 0.02, 0.5)
    painter.drawPath(lids)
    painter.setBrush(painter.pen().color())
    painter.drawEllipse(QPointF(0.5, 0.5), 0.11, 0.11)
    if not on:
        painter.drawLine(QPointF(0.12, 0.95), QPointF(0.88, 0.05))


def lock(painter: QPainter, on: bool) -> None:
    """A padlock, its bow open if not on."""
    bow = QPainterPath(QPointF(0.3, 0.5))
    bow.lineTo(0.3, 0.3)
    bow.arcTo(QRectF(0.3, 0.07, 0.4, 0.46), 180, -180)
    bow.lineTo(0.7, 0.5 if on else 0.36)
    painter.translate(0.0 if on else 0.12, 0.0)
    painter.drawPath(bow)
    painter.translate(0.0 if on else -0.12, 0.0)
    if on:
        painter.setBrush(painter.pen().color())
    painter.drawRoundedRect(QRectF(0.16, 0.5, 0.68, 0.45), 0.08, 0.08)


def dice(painter: QPainter, on: bool) -> None:
    """A die that shows five."""
    painter.drawRoundedRect(QRectF(0.06, 0.06, 0.88, 0.88), 0.16, 0.16)
    painter.setBrush(painter.pen().color())
    painter.setPen(Qt.PenStyle.NoPen)
    for x, y in ((0.28, 0.28), (0.72, 0.28), (0.5, 0.5), (0.28, 0.72), (0.72, 0.72)):
        painter.drawEllipse(QPointF(x, y), 0.085, 0.085)


def back(painter: QPainter, on: bool) -> None:
    """An arrow that turns back."""
    arc = QPainterPath()
    arc.arcMoveTo(QRectF(0.15, 0.15, 0.7, 0.7), 150)
    arc.arcTo(QRectF(0.15, 0.15, 0.7, 0.7), 150, -290)
    painter.drawPath(arc)
    painter.drawPolyline(QPolygonF([QPointF(0.08, 0.02), QPointF(0.17, 0.34), QPointF(0.48, 0.26)]))


def cross(painter: QPainter, on: bool) -> None:
    """A cross, to take something away."""
    painter.drawLine(QPointF(0.15, 0.15), QPointF(0.85, 0.85))
    painter.drawLine(QPointF(0.15, 0.85), QPointF(0.85, 0.15))


def crosses(painter: QPainter, on: bool) -> None:
    """Two crosses, to take several things away."""
    for left in (0.02, 0.58):
        painter.drawLine(QPointF(left, 0.3), QPointF(left + 0.4, 0.7))
        painter.drawLine(QPointF(left, 0.7), QPointF(left + 0.4, 0.3))


def swatch(color: str, letter: str, side: int, ratio: float) -> QIcon:
    """A square of a class's colour with its key letter, so that colour is not the only mark.

    Parameters
    ----------
    color
        ``#rrggbb``.
    side
        Of the square, in px of the screen's logical resolution.
    ratio
        Device px for each of them.
    """
    pixmap = QPixmap(round(side * ratio), round(side * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    fill = QColor(color)
    painter.setPen(QPen(QColor(0, 0, 0, 140), 1))
    painter.setBrush(fill)
    painter.drawRoundedRect(QRectF(0.5, 0.5, side - 1, side - 1), side / 6, side / 6)
    font = QFont()
    font.setBold(True)
    font.setPixelSize(round(side * 0.72))  # fits the square, which itself follows the font
    painter.setFont(font)
    # Black or white, whichever stands out more (relative luminance, WCAG 2).
    painter.setPen(QColor("black" if _luminance(fill) > 0.179 else "white"))
    painter.drawText(QRectF(0, 0, side, side), Qt.AlignmentFlag.AlignCenter, letter)
    painter.end()
    return QIcon(pixmap)


def _luminance(color: QColor) -> float:
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in color.getRgbF()[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
