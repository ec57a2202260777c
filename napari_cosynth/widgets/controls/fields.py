"""Number fields and drop-downs that scrolling past does not change, and numbers that snap to what is allowed."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QValidator, QWheelEvent
from qtpy.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QDoubleSpinBox, QSlider, QSpinBox
from superqt import QLargeIntSpinBox

from napari_cosynth.points import MAX_SIDE, MIN_SIDE, SIDE_STEP

_DIGITS = 6
"""That can be typed for the side of a tile."""


class _NoStrayWheel:
    """The wheel scrolls the panel unless the field has the focus."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class Choice(_NoStrayWheel, QComboBox):
    """A drop-down over the data of its items; no wider than the panel, however long a name is."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)

    def showData(self, data: object) -> bool:
        """Show the item with that data; False if there is none."""
        index = next((i for i in range(self.count()) if self.itemData(i) == data), -1)
        if index >= 0:
            self.setCurrentIndex(index)
        return index >= 0


class Slider(_NoStrayWheel, QSlider):
    """A horizontal slider over whole numbers."""

    def __init__(self, minimum: int, maximum: int) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setRange(minimum, maximum)


class WholeNumber(_NoStrayWheel, QSpinBox):
    """A whole number; tells of it when it stands, not at every digit."""

    def __init__(self, minimum: int, maximum: int) -> None:
        super().__init__()
        self.setRange(minimum, maximum)
        self.setKeyboardTracking(False)
        self.setCorrectionMode(self.CorrectionMode.CorrectToNearestValue)


class BigNumber(_NoStrayWheel, QLargeIntSpinBox):
    """A whole number of up to 64 bits; tells of it when it stands, not at every digit."""

    def __init__(self, minimum: int, maximum: int) -> None:
        super().__init__()
        # With tracking on, superqt's field takes the focus whenever its value is set.
        self.setKeyboardTracking(False)
        self.setRange(minimum, maximum)


class Number(_NoStrayWheel, QDoubleSpinBox):
    """A decimal number; tells of it when it stands, not at every digit."""

    def __init__(self, minimum: float, maximum: float, step: float, decimals: int) -> None:
        super().__init__()
        self.setDecimals(decimals)
        self.setRange(minimum, maximum)
        self.setSingleStep(step)
        self.setKeyboardTracking(False)
        self.setCorrectionMode(self.CorrectionMode.CorrectToNearestValue)

    def textFromValue(self, value: float) -> str:
        """Without the zeros that say nothing."""
        text, point = super().textFromValue(value), self.locale().decimalPoint()
        return text.rstrip("0").removesuffix(point) if point in text else text


class Side(WholeNumber):
    """Height or width of a tile in px; what is typed snaps to the nearest that is allowed."""

    def __init__(self) -> None:
        super().__init__(MIN_SIDE, MAX_SIDE)
        self.setSingleStep(SIDE_STEP)

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Take any number: a digit that is refused would make 200 of 2000."""
        typed = text.removesuffix(self.suffix()).strip()
        whole = typed.isdecimal() and len(typed) <= _DIGITS
        state = QValidator.State.Acceptable if whole else super().validate(text, position)[0]
        return state, text, position

    def valueFromText(self, text: str) -> int:
        typed = text.removesuffix(self.suffix()).strip()
        asked = int(typed) if typed.isdecimal() else self.value()
        return min(max(round(asked / SIDE_STEP) * SIDE_STEP, self.minimum()), self.maximum())


def finish_typing() -> None:
    """Let a number count that is still being typed, as leaving its field does.

    For what a shortcut starts: it leaves the focus where it is.
    """
    field = QApplication.focusWidget()
    if isinstance(field, QAbstractSpinBox):
        field.clearFocus()
        field.setFocus()
