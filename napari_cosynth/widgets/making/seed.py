"""The seed: its number, a lock that keeps it, a die that draws another."""

from __future__ import annotations

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_cosynth.request import MAX_SEED
from napari_cosynth.run_settings import RunSettings
from napari_cosynth.widgets.controls.fields import BigNumber
from napari_cosynth.widgets.controls.glyphs import GlyphButton, dice, lock
from napari_cosynth.widgets.making.settings_widget import SettingsWidget


class SeedField(SettingsWidget):
    """Edits ``seed`` and ``seed_locked`` of the settings."""

    def __init__(self, value: RunSettings | None = None, parent: QWidget | None = None) -> None:
        super().__init__(value, parent)
        self._number = BigNumber(0, MAX_SEED)
        self._number.setObjectName("seed")
        self._number.setAccessibleName("Seed")
        self._lock = GlyphButton(lock, "Keep the seed", checkable=True)
        self._lock.setObjectName("lock")
        self._dice = GlyphButton(dice, "Draw another seed")
        self._dice.setObjectName("dice")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._number, 1)
        layout.addWidget(self._lock)
        layout.addWidget(self._dice)
        self.setFocusProxy(self._number)
        self._show()
        self._number.valueChanged.connect(lambda seed: self.setValue(self._value.but(seed=seed)))
        self._lock.toggled.connect(lambda locked: self.setValue(self._value.but(seed_locked=locked)))
        self._dice.clicked.connect(lambda: self.setValue(self._value.with_new_seed()))

    def _show(self) -> None:
        with QSignalBlocker(self._number), QSignalBlocker(self._lock):
            self._number.setValue(self._value.seed)
            self._lock.setChecked(self._value.seed_locked)
