"""MixSliders: a slider for each class, and the shares always sum to 100 %."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from qtpy.QtCore import QEvent, QSignalBlocker, Signal
from qtpy.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from napari_cosynth.classes import BUNDLED, NucleusClass
from napari_cosynth.layouts.mix import Mix
from napari_cosynth.widgets.controls.fields import Slider, WholeNumber
from napari_cosynth.widgets.controls.glyphs import GlyphButton, lock, swatch
from napari_cosynth.widgets.controls.style import FOCUS
from napari_cosynth.widgets.controls.tooltips import add_tooltips, enable

_ALONE = "This is the only class of the tissue"
_OTHERS_LOCKED = "All other shares are locked: unlock one of them first"
_LOCKED = "This share is locked: unlock it first"


class MixSliders(QWidget):
    """Shares of classes in per cent. Moving one lets the others give way in proportion, except locked ones."""

    valueChanged = Signal(object)

    def __init__(self, classes: Iterable[NucleusClass] = BUNDLED, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("mix")
        self.setAccessibleName("Class mix")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(4)
        self._grid.setVerticalSpacing(1)
        self._grid.setColumnStretch(2, 1)
        self._rows: dict[str, _Row] = {}
        self.setClasses(classes)

    def value(self) -> dict[str, int]:
        """Per cent of each class; they sum to 100, or are none where no class is shown."""
        return self._mix.percent if self._rows else {}

    def setValue(self, mix: Mapping[str, float]) -> None:
        """Show other shares, in any unit, of all or some of the classes; all are unlocked.

        Raises
        ------
        ValueError
            If a class is none of those shown, or as `Mix.of`.
        """
        foreign = set(mix) - set(self._rows)
        if foreign:
            raise ValueError(f"no slider for {', '.join(sorted(foreign))}; there are {', '.join(self._rows)}")
        self._set(Mix.of({name: mix.get(name, 0.0) for name in self._rows}))

    def setClasses(self, classes: Iterable[NucleusClass]) -> None:
        """Show other classes, with equal shares."""
        for row in self._rows.values():
            row.take_off(self._grid)
        self._rows = {known.name: _Row(known) for known in classes}
        for number, (name, row) in enumerate(self._rows.items()):
            row.put_on(self._grid, number)
            row.slider.valueChanged.connect(lambda share, name=name: self._set(self._mix.with_share(name, share)))
            row.number.valueChanged.connect(lambda share, name=name: self._set(self._mix.with_share(name, share)))
            row.lock.toggled.connect(lambda locked, name=name: self._set(self._mix.with_lock(name, locked)))
        self._mix = Mix.of(dict.fromkeys(self._rows, 1.0)) if self._rows else Mix({})
        self._show()
        add_tooltips(self)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            for row in self._rows.values():
                row.draw_swatch()

    def _set(self, mix: Mix) -> None:
        before, self._mix = self.value(), mix
        self._show()
        if self.value() != before:
            self.valueChanged.emit(self.value())

    def _show(self) -> None:
        for name, percent in self.value().items():
            row, locked = self._rows[name], name in self._mix.locked
            for widget in (row.slider, row.number):
                with QSignalBlocker(widget):
                    widget.setValue(percent)
                reason = _ALONE if len(self._rows) == 1 else _LOCKED if locked else _OTHERS_LOCKED
                enable(widget, "" if self._mix.free(name) else reason)
            with QSignalBlocker(row.lock):
                row.lock.setChecked(locked)
            enable(row.lock, _ALONE if len(self._rows) == 1 else "")


class _Row:
    def __init__(self, known: NucleusClass) -> None:
        self._known = known
        self._swatch, self._label = QLabel(), QLabel(known.name)
        self._label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.slider, self.number = Slider(0, 100), WholeNumber(0, 100)
        self.number.setSuffix(" %")
        self.number.setButtonSymbols(WholeNumber.ButtonSymbols.NoButtons)
        # napari's theme leaves room for buttons that are not there.
        self.number.setStyleSheet("min-width: 0px; padding: 1px 3px;")
        self.number.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.slider.setMinimumWidth(50)
        self.slider.setStyleSheet(f"QSlider::handle:horizontal:focus {{ background-color: {FOCUS}; }}")
        self.lock = GlyphButton(lock, f"Keep the share of {known.name}", checkable=True, slim=True)
        for widget in (self.slider, self.number):
            widget.setObjectName("mix_share")
            widget.setAccessibleName(f"Share of {known.name}")
        self.lock.setObjectName("mix_lock")
        self.draw_swatch()

    def draw_swatch(self) -> None:
        side = round(self._label.fontMetrics().height() * 0.95)
        ratio = self._label.devicePixelRatioF()
        self._swatch.setPixmap(swatch(self._known.color, self._known.key, side, ratio).pixmap(side, side))

    def put_on(self, grid: QGridLayout, number: int) -> None:
        for column, widget in enumerate((self._swatch, self._label, self.slider, self.number, self.lock)):
            grid.addWidget(widget, number, column)

    def take_off(self, grid: QGridLayout) -> None:
        for widget in (self._swatch, self._label, self.slider, self.number, self.lock):
            grid.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
