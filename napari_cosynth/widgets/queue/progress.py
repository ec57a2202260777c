"""What the queue shows of a batch: a sentence, a bar, the buttons, and the tiles that failed."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_cosynth.widgets.controls.fact_table import fact_label
from napari_cosynth.widgets.controls.style import STYLE, breakable, warning_color
from napari_cosynth.widgets.controls.titled_list import TitledList
from napari_cosynth.widgets.queue.state import QueueState

SHOWN = 200
"""Failed tiles that are listed; the batch's folder lists all."""


class QueueProgress(QWidget):
    """Shows what it is told. The buttons are for its owner to connect and to enable."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = fact_label()
        self._text.setObjectName("queue_text")
        self._bar = QProgressBar(objectName="queue_progress")
        self._bar.setAccessibleName("Progress of the queue")
        self._failed = TitledList("Failed", "queue_failed")
        self._failed_shown: tuple[tuple[str, str], ...] = ()
        self.start = QPushButton("Start", objectName="queue_start")
        self.measure = QPushButton("How long?", objectName="queue_measure")
        self.stop = QPushButton("Stop", objectName="queue_stop")
        self.start.setProperty("primary", True)
        buttons = QHBoxLayout()
        buttons.addWidget(self.start, 1)
        buttons.addWidget(self.measure)
        buttons.addWidget(self.stop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self._text)
        column.addWidget(self._bar)
        column.addLayout(buttons)
        column.addWidget(self._failed)
        self.setStyleSheet(STYLE)
        self.setRunning(False)

    def say(self, text: str, *, problem: bool = False) -> None:
        """Show a sentence, or several lines of faults."""
        self._text.setText(breakable(text))
        self._text.setStyleSheet(f"color: {warning_color(self).name()};" if problem else "")
        self._text.setVisible(bool(text))

    def setRunning(self, running: bool) -> None:
        """Show the bar, or hide it."""
        self._bar.setVisible(running)

    def setState(self, state: QueueState | None) -> None:
        """Show how a batch stands."""
        done, total = 0, 0
        if state is not None and state.stage:
            done, total = state.stage_done, state.stage_total
        elif state is not None and state.ready is not None:
            done, total = state.done, state.total.left
        # A range of nothing runs to and fro: something happens, how long is not known.
        self._bar.setRange(0, total)
        self._bar.setValue(done)
        self.setFailed(state.failed if state else ())

    def setFailed(self, failed: Sequence[tuple[str, str]]) -> None:
        """List the tiles that failed, with the reason."""
        failed = tuple(failed)
        if failed == self._failed_shown:
            return
        self._failed_shown = failed
        lines = [f"{name}: {reason}" for name, reason in failed[:SHOWN]]
        if len(failed) > SHOWN:
            lines.append(f"... and {len(failed) - SHOWN:,} more: failures.json in the folder lists them all")
        self._failed.setLines((line, line, None) for line in lines)
