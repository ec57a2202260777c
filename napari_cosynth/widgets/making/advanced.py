"""Settings for those who know the sampler: steps, strengths, model, device. Folded away at first."""

from __future__ import annotations

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from napari_cosynth.catalogue import likely_devices
from napari_cosynth.presets import QUALITIES, Preset
from napari_cosynth.run_settings import RunSettings
from napari_cosynth.widgets.controls.fields import Choice, Number, WholeNumber
from napari_cosynth.widgets.controls.fold import Fold
from napari_cosynth.widgets.controls.glyphs import GlyphButton, back
from napari_cosynth.widgets.controls.tooltips import add_tooltips, enable
from napari_cosynth.widgets.making.model_chooser import ModelChooser
from napari_cosynth.widgets.making.settings_widget import SettingsWidget

_DEVICES = {"cpu": "Processor (CPU)", "cuda": "NVIDIA graphics card", "mps": "Apple graphics"}
_AUTOMATIC = ""


class Advanced(SettingsWidget):
    """Edits ``steps``, ``guidance``, ``layout_guidance``, ``model`` and ``device`` of the settings.

    A number that the user has not changed follows the quality; one that was
    changed stands bold and has an arrow that takes it back.
    """

    def __init__(self, value: RunSettings | None = None, parent: QWidget | None = None) -> None:
        super().__init__(value, parent)
        self._fields = {
            "steps": WholeNumber(1, 200),
            "guidance": Number(0.0, 20.0, 0.25, 2),
            "layout_guidance": Number(0.0, 20.0, 0.25, 2),
        }
        self._resets = {name: GlyphButton(back, f"{text}: back to the quality's") for name, text in _NUMBERS.items()}
        self._model = ModelChooser(self._value.model)
        self._device = Choice()
        self._device.setObjectName("device")
        self._device.setAccessibleName("Device")
        self._fold = self._build()
        self.setDevices(likely_devices())
        for name, field in self._fields.items():
            field.valueChanged.connect(lambda number, name=name: self._override(name, number))
            self._resets[name].clicked.connect(lambda _, name=name: self.setValue(self._value.but(**{name: None})))
        self._model.valueChanged.connect(lambda model: self.setValue(self._value.but(model=model)))
        self._device.activated.connect(self._choose_device)

    def model(self) -> ModelChooser:
        """The choice of the model."""
        return self._model

    def setDevices(self, devices: tuple[str, ...]) -> None:
        """Offer these devices, as "cpu" or "cuda:1", beside the automatic choice."""
        self._device.clear()
        self._device.addItem("Automatic", _AUTOMATIC)
        for device in devices:
            kind, _, number = device.partition(":")
            self._device.addItem(f"{_DEVICES.get(kind, kind)} {number}".strip(), device)
        self._show()

    def fold(self) -> Fold:
        """What shows and hides the settings."""
        return self._fold

    def _build(self) -> Fold:
        inside = QWidget()
        grid = QGridLayout(inside)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(1, 1)
        for row, (name, text) in enumerate(_NUMBERS.items()):
            field = self._fields[name]
            field.setObjectName(name)
            field.setAccessibleName(text)
            self._resets[name].setObjectName("own_value_reset")
            for column, widget in enumerate((QLabel(text), field, self._resets[name])):
                grid.addWidget(widget, row, column)
        row = len(_NUMBERS)
        grid.addWidget(QLabel("Device"), row, 0)
        grid.addWidget(self._device, row, 1, 1, 2)
        grid.addWidget(QLabel("Model"), row + 1, 0)
        grid.addWidget(self._model, row + 2, 0, 1, 3)
        fold = Fold("A&dvanced", inside)
        fold.heading().setObjectName("advanced")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(fold)
        add_tooltips(self)
        return fold

    def _show(self) -> None:
        settings = self._value
        for name, field in self._fields.items():
            own = getattr(settings, name) is not None
            with QSignalBlocker(field):
                field.setValue(getattr(settings.preset, name))
            font = field.font()
            font.setBold(own)
            field.setFont(font)
            enable(self._resets[name], "" if own else f"This is the value of the quality {settings.quality!r} already")
        self._model.setValue(settings.model)
        device = settings.device or _AUTOMATIC
        if not self._device.showData(device):
            self._device.addItem(device, device)
            self._device.showData(device)

    def _override(self, name: str, number: float) -> None:
        usual = getattr(QUALITIES[self._value.quality], name)
        self.setValue(self._value.but(**{name: None if number == usual else number}))

    def _choose_device(self, index: int) -> None:
        self.setValue(self._value.but(device=self._device.itemData(index) or None))


_NUMBERS = dict(zip(Preset._fields, ("Steps", "Prompt strength", "Nuclei strength"), strict=True))
"""What the user reads, by the name of the setting."""
