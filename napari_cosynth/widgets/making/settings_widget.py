"""What all widgets over a run's settings share."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_cosynth.run_settings import RunSettings


class SettingsWidget(QWidget):
    """A widget whose value is a `RunSettings`; those derived from it edit some of its fields, and `_show` them."""

    valueChanged = Signal(object)

    def __init__(self, value: RunSettings | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._value = value or RunSettings()

    def value(self) -> RunSettings:
        """The settings as they stand."""
        return self._value

    def setValue(self, settings: RunSettings) -> None:
        """Show other settings."""
        if settings != self._value:
            self._value = settings
            self._show()
            self.valueChanged.emit(settings)
