"""How a run stands: what is being done, how far it is, how long it will take."""

from __future__ import annotations

from dataclasses import dataclass

from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QLabel, QProgressBar, QVBoxLayout, QWidget

from napari_cosynth.duration import duration
from napari_cosynth.widgets.controls.style import breakable, warning_color


@dataclass(frozen=True)
class RunState:
    """What the run panel shows of a run.

    Parameters
    ----------
    running
        True from Generate to the end of the last tile.
    text
        What is being done, or what came of the last run; in place of tile and step if given.
    step, steps
        Of the tile being made, ``steps`` 0 while that is not known.
    tile, tiles
        Number of that tile, from 1, and how many are asked for.
    seconds_left
        To the end of the last tile; None while that is not known.
    reason
        Why Generate cannot be used now and what to do; empty if it can.
    """

    running: bool = False
    text: str = ""
    step: int = 0
    steps: int = 0
    tile: int = 1
    tiles: int = 1
    seconds_left: float | None = None
    reason: str = ""

    @property
    def done(self) -> int:
        """Steps done, over all tiles."""
        return (self.tile - 1) * self.steps + self.step

    def sentence(self) -> str:
        """Such as "tile 2 of 4, step 5 of 12, about 8 s left"."""
        if not self.running:
            return self.reason or self.text
        parts = [self.text] if self.text else []
        if not self.text:
            parts += [f"tile {self.tile} of {self.tiles}"] if self.tiles > 1 else []
            parts += [f"step {self.step} of {self.steps}"] if self.steps else ["getting ready"]
        if self.seconds_left is not None:
            parts.append(f"about {duration(max(1, round(self.seconds_left)))} left")
        return ", ".join(parts)


class Progress(QWidget):
    """A sentence over a bar. The bar keeps its place while nothing runs, so that nothing jumps."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = RunState()
        self._bar = QProgressBar(objectName="progress")
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Progress")
        policy = self._bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._bar.setSizePolicy(policy)
        self._text = QLabel(objectName="run_text")
        self._text.setWordWrap(True)
        self._text.setMinimumWidth(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._text)
        layout.addWidget(self._bar)
        self._show()

    def value(self) -> RunState:
        """What is shown."""
        return self._state

    def setValue(self, state: RunState) -> None:
        """Show how a run stands."""
        if state != self._state:
            self._state = state
            self._show()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._tint()

    def _show(self) -> None:
        state = self._state
        self._bar.setVisible(state.running)
        # A range of nothing runs to and fro: something happens, how long is not known.
        self._bar.setRange(0, state.tiles * state.steps)
        self._bar.setValue(state.done)
        text = state.sentence()
        self._text.setText(breakable(text[:1].upper() + text[1:]))
        self._tint()

    def _tint(self) -> None:
        warns = bool(self._state.reason) and not self._state.running
        sheet = f"color: {warning_color(self).name()}" if warns else ""
        # A new sheet costs as much as a preview's labels, the same one too.
        if sheet != self._text.styleSheet():
            self._text.setStyleSheet(sheet)
