"""ClassButton: swatch with key letter, name and count of one class, in as little room as there is."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QRect, QSize, Qt
from qtpy.QtGui import QFont, QFontMetrics, QIcon, QPainter, QPaintEvent, QPalette
from qtpy.QtWidgets import QPushButton, QSizePolicy, QStyle, QStyleOptionButton

from napari_cosynth.classes import NucleusClass
from napari_cosynth.widgets.controls.glyphs import swatch

MARGIN = 8
_GAP = 3
_SMALLER = (1.0, 0.94, 0.88, 0.82)
"""Sizes of the name, tried one after the other, before it is cut short."""
_LETTERS = 6
"""Of a name, at least."""


class ClassButton(QPushButton):
    """A button that is checked while its class is active."""

    def __init__(self, nucleus_class: NucleusClass) -> None:
        super().__init__(nucleus_class.name)
        self.nucleus_class = nucleus_class
        self._count = 0
        self.setObjectName(f"class_{nucleus_class.name}")
        self.setCheckable(True)
        # Narrower than its name if need be; a QPushButton by itself never is.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        described = f": {nucleus_class.description}" if nucleus_class.description else ""
        self.setToolTip(
            f"{nucleus_class.name}{described}.\n"
            f"Key {nucleus_class.key}; nuclei that are selected become of this class.\n"
            f"On the layer instances Shift+{nucleus_class.key}; the nucleus whose label is picked becomes of this class"
        )
        self.setCount(0)
        self._draw_swatch()

    def setCount(self, count: int) -> None:
        """Show how many nuclei the class has."""
        self._count = count
        self.setAccessibleName(f"{self.nucleus_class.name}, key {self.nucleus_class.key}, {count}")
        self.update()

    def setStruck(self, struck: bool) -> None:
        """Strike the name through: the class is not shown."""
        font = self.font()
        font.setStrikeOut(struck)
        self.setFont(font)

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        words = metrics.horizontalAdvance(self.text()) + metrics.horizontalAdvance(f"{self._count:3}")
        return QSize(self.iconSize().width() + words + 5 * _GAP, round(metrics.height() * 1.5))

    def minimumSizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        words = metrics.horizontalAdvance("n" * _LETTERS + "000")
        return QSize(self.iconSize().width() + words + 5 * _GAP, round(metrics.height() * 1.4))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._draw_swatch()

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text, option.icon = "", QIcon()
        painter = QPainter(self)
        self.style().drawControl(QStyle.ControlElement.CE_PushButton, option, painter, self)
        room = self.rect().adjusted(_GAP + 1, 0, -_GAP - 1, 0)
        side = self.iconSize().width()
        self.icon().paint(painter, QRect(room.x(), (self.height() - side) // 2, side, side))
        room.setLeft(room.x() + side + _GAP)
        middle = Qt.AlignmentFlag.AlignVCenter
        color = option.palette.color(QPalette.ColorRole.ButtonText)
        count = str(self._count)
        plain = QFont(self.font())
        plain.setStrikeOut(False)
        painter.setFont(plain)
        faint = self.palette().color(QPalette.ColorRole.ButtonText)
        faint.setAlphaF(1.0 if self._count else 0.45)
        painter.setPen(faint)
        painter.drawText(room, Qt.AlignmentFlag.AlignRight | middle, count)
        room.setRight(room.right() - QFontMetrics(plain).horizontalAdvance(count) - _GAP)
        painter.setPen(color)
        font, name = _fitted(self.font(), self.text(), room.width())
        painter.setFont(font)
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | middle, name)
        painter.end()

    def _draw_swatch(self) -> None:
        side = round(self.fontMetrics().height() * 1.2)
        self.setIconSize(QSize(side, side))
        self.setIcon(swatch(self.nucleus_class.color, self.nucleus_class.key, side, self.devicePixelRatioF()))


def _fitted(font: QFont, text: str, width: int) -> tuple[QFont, str]:
    """The largest font in which a text is not wider than ``width`` px; cut short if there is none."""
    size = font.pointSizeF()
    for factor in _SMALLER:
        if size > 0:
            font.setPointSizeF(size * factor)
        if QFontMetrics(font).horizontalAdvance(text) <= width:
            return font, text
    return font, QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, width)
