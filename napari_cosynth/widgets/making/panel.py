"""The run panel: how tiles are made, and the button that makes them. Its value is the RunSettings."""

from __future__ import annotations

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_cosynth.presets import QUALITIES
from napari_cosynth.run_settings import MAX_VARIANTS, RunSettings
from napari_cosynth.widgets.controls.fields import Choice, WholeNumber, finish_typing
from napari_cosynth.widgets.controls.style import STYLE
from napari_cosynth.widgets.controls.tooltips import TOOLTIPS, add_tooltips, enable
from napari_cosynth.widgets.making.advanced import Advanced
from napari_cosynth.widgets.making.model_chooser import ModelChooser
from napari_cosynth.widgets.making.progress import Progress, RunState
from napari_cosynth.widgets.making.seed import SeedField
from napari_cosynth.widgets.making.settings_widget import SettingsWidget

__all__ = ["RunPanel", "RunState"]


class RunPanel(SettingsWidget):
    """Quality, variants, seed, switches, advanced settings, progress, Generate.

    It starts nothing by itself: `generateAsked` and `cancelAsked` say what the
    button was pressed for, and `setState` shows what came of it.
    """

    generateAsked = Signal()
    cancelAsked = Signal()

    def __init__(self, value: RunSettings | None = None, parent: QWidget | None = None) -> None:
        super().__init__(value, parent)
        self.setObjectName("run")
        self.setAccessibleName("Make tiles")
        self.setStyleSheet(STYLE)
        self._quality = Choice()
        for name in QUALITIES:
            self._quality.addItem(name.capitalize(), name)
        self._variants = WholeNumber(1, MAX_VARIANTS)
        self._seed = SeedField(self._value)
        self._live = QCheckBox("L&ive draft", objectName="live")
        self._preview = QCheckBox("Preview", objectName="preview")
        self._advanced = Advanced(self._value)
        self._progress = Progress()
        self._generate = GenerateButton()
        self._action = QWidget()
        self._action.setStyleSheet(STYLE)
        self._build()
        self._show()
        self.setState(RunState())
        self._quality.activated.connect(lambda index: self._edit(quality=self._quality.itemData(index)))
        self._variants.valueChanged.connect(lambda variants: self._edit(variants=variants))
        self._live.toggled.connect(lambda live: self._edit(live=live))
        self._preview.toggled.connect(lambda preview: self._edit(preview=preview))
        self._seed.valueChanged.connect(self.setValue)
        self._advanced.valueChanged.connect(self.setValue)
        self._generate.clicked.connect(self._pressed)

    def state(self) -> RunState:
        """How the run stands, as shown."""
        return self._progress.value()

    def setState(self, state: RunState) -> None:
        """Show how a run stands; while one runs, Generate is Cancel."""
        self._progress.setValue(state)
        self._generate.setRunning(state.running, state.reason)

    def action(self) -> QWidget:
        """Generate and its progress; may be put where they are always in sight."""
        return self._action

    def model(self) -> ModelChooser:
        """The choice of the model, which knows its classes and words."""
        return self._advanced.model()

    def advanced(self) -> Advanced:
        """The settings that are folded away."""
        return self._advanced

    def _edit(self, **changes: object) -> None:
        self.setValue(self._value.but(**changes))

    def _pressed(self) -> None:
        if self.state().running:
            self.cancelAsked.emit()
        else:
            finish_typing()
            self.generateAsked.emit()

    def _show(self) -> None:
        settings = self._value
        with QSignalBlocker(self._variants), QSignalBlocker(self._live), QSignalBlocker(self._preview):
            self._variants.setValue(settings.variants)
            self._live.setChecked(settings.live)
            self._preview.setChecked(settings.preview)
        self._quality.showData(settings.quality)
        self._seed.setValue(settings)
        self._advanced.setValue(settings)

    def _build(self) -> None:
        grid = QGridLayout()
        for row, (text, name, field) in enumerate(
            (
                ("&Quality", "quality", self._quality),
                ("V&ariants", "variants", self._variants),
                ("S&eed", "", self._seed),
            )
        ):
            if name:
                field.setObjectName(name)
                field.setAccessibleName(text.replace("&", ""))
            label = QLabel(text)
            label.setBuddy(field)
            grid.addWidget(label, row, 0)
            grid.addWidget(field, row, 1)
        grid.setColumnStretch(1, 1)
        switches = QHBoxLayout()
        switches.addWidget(self._live)
        switches.addWidget(self._preview)
        switches.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(grid)
        layout.addLayout(switches)
        layout.addWidget(self._advanced)
        layout.addWidget(self._action)
        action = QVBoxLayout(self._action)
        action.setContentsMargins(0, 0, 0, 0)
        action.setSpacing(2)
        action.addWidget(self._generate)
        action.addWidget(self._progress)
        add_tooltips(self)


class GenerateButton(QPushButton):
    """Generate, which turns into Cancel."""

    def __init__(self) -> None:
        super().__init__(objectName="generate")
        self.setProperty("primary", True)

    def setRunning(self, running: bool, reason: str = "") -> None:
        """Show what pressing it does; ``reason`` says why it cannot begin now."""
        self.setProperty("running", running)
        self.style().polish(self)  # the style sheet reads the property when it polishes
        self.setText("Cancel" if running else "&Generate")
        enable(self, "" if running else reason)
        if running:
            self.setToolTip(TOOLTIPS["cancel"])

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """The second half of a double click does nothing: it is not meant to cancel what the first half began."""
        event.accept()
