"""Export panel: the tiles of the session become a data set that other programs read."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from qtpy.QtCore import QSize, QTimer, QUrl, Signal
from qtpy.QtGui import QDesktopServices, QShowEvent
from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_cosynth.session import Session
from napari_cosynth.widgets.controls.fact_table import fact_label
from napari_cosynth.widgets.controls.style import STYLE, breakable, warning_color
from napari_cosynth.widgets.controls.tab_order import tab_after
from napari_cosynth.widgets.controls.titled_list import TitledList
from napari_cosynth.widgets.controls.tooltips import add_tooltips, enable
from napari_cosynth.widgets.export.choice import ExportChoice, fault, usual_verdicts
from napari_cosynth.widgets.export.worker import (
    Tiles,
    exporting,
    formats_are_there,
    import_formats,
    planning,
    session_tiles,
)
from napari_cosynth.widgets.work.job import Job

_PLANS_AFTER_MS = 350
_NO_FOLDER = "Choose a folder for the data set, new or empty"
_log = logging.getLogger(__name__)


class ExportPanel(QWidget):
    """Plans while the user chooses, then writes in a thread; the value is an `ExportChoice`.

    Parameters
    ----------
    session
        Whose tiles are exported. A running export keeps those that it began with.
    flush
        Brings what is still being edited on the canvas to the session, before it is exported.
    tiles
        Takes a snapshot of the session and gives what can be exported of it.
    """

    valueChanged = Signal(object)
    exported = Signal(str)
    """The data set in this folder is complete."""

    def __init__(
        self,
        session: Session,
        parent: QWidget | None = None,
        *,
        flush: Callable[[], None] = lambda: None,
        tiles: Tiles = session_tiles,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("export_panel")
        self._session, self._flush, self._tiles, self._value = session, flush, tiles, ExportChoice()
        self._usual = True  # the user has not changed which verdicts are taken
        self._form = None
        self._imports, self._plans, self._exports = Job(self), Job(self), Job(self)
        self._problem = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PLANS_AFTER_MS)
        self._summary, self._left_out = fact_label(), TitledList("Left out", "left_out")
        self._summary.setObjectName("export_summary")
        self._question = QWidget()
        self._question_text, self._yes = fact_label(), QPushButton(objectName="export_anyway")
        self._bar = QProgressBar(objectName="export_progress")
        self._button = QPushButton("Export", objectName="export")
        self._cancel = QPushButton("Cancel", objectName="cancel_export")
        self._open = QPushButton("Show folder", objectName="show_export_folder")
        self._arrange()
        self._connect()
        self.setStyleSheet(STYLE)
        self._on_entries()

    def value(self) -> ExportChoice:
        """What is chosen."""
        return self._value

    def setValue(self, choice: ExportChoice) -> None:
        """Choose otherwise."""
        if choice == self._value:
            return
        self._usual &= choice.verdicts == self._value.verdicts
        self._set(choice)

    def _set(self, choice: ExportChoice) -> None:
        self._value = choice
        if self._form is not None:
            self._form.setValue(choice)
        self._choose()
        self.valueChanged.emit(choice)

    def running(self) -> bool:
        """True while a data set is being written."""
        return self._exports.running

    def stop_and_wait(self, ms: int) -> bool:
        """Stop for good; True if the threads ended within ``ms`` milliseconds. What is written stays and is whole."""
        self._session.entries_changed.disconnect(self._on_entries, missing_ok=True)
        self._timer.stop()
        return all([job.stop_and_wait(ms) for job in (self._imports, self._plans, self._exports)])

    def showEvent(self, event: QShowEvent) -> None:
        """Make the choices when they are first seen, and plan for what has changed since."""
        super().showEvent(event)
        if self._form is None and not formats_are_there():
            # Half a second of imports: beside the GUI thread, in case a tile is being made.
            self._say("One moment...")
            self._imports.start(import_formats)
        else:
            self._make_form()

    def sizeHint(self) -> QSize:
        """Room for the choices, also before they are made."""
        return super().sizeHint().expandedTo(QSize(280, 200))

    def _make_form(self) -> None:
        if self._form is None:
            from napari_cosynth.widgets.export.form import ExportForm

            self._form = ExportForm(self._value)
            self._form.valueChanged.connect(self.setValue)
            self.layout().insertWidget(0, self._form)
            tab_after(self, self._form)
        self._on_entries()

    def _on_entries(self) -> None:
        usual = usual_verdicts(self._session.entries)
        if self._usual and usual != self._value.verdicts:
            self._set(replace(self._value, verdicts=usual))
        if self._form is not None and self.isVisible():
            self._form.set_entries(self._session.entries)
        self._choose()

    def _choose(self) -> None:
        """What is shown of earlier plans and exports holds no longer."""
        if self._exports.running:
            return
        self._plans.drop()
        self._problem = ""
        self._question.hide()
        self._open.hide()
        if self._form is None or not self.isVisible():
            self._say("")
            enable(self._button, "" if self._session.entries else "There are no tiles yet: make some first")
            return
        self._problem = fault(self._value, self._session.entries)
        self._left_out.setLines(())
        if self._problem:
            self._timer.stop()
            self._say(self._problem)
        else:
            self._timer.start()
        self._refresh()

    def _plan(self) -> None:
        snapshot, choice, tiles = self._session.snapshot(), self._value, self._tiles
        self._plans.drop()
        self._plans.start(lambda: planning(snapshot, choice, tiles))

    def _on_plan(self, plan) -> None:
        from napari_cosynth.widgets.export.words import plan_words

        # Where a short path leads is said before anything is written there.
        folder, place = self._value.folder, str(self._value.place())
        self._say(plan_words(plan, place if folder and not Path(folder).is_absolute() else ""))
        self._show_left_out(plan.left_out)
        self._refresh()

    def _on_plan_failed(self, error: BaseException) -> None:
        from napari_cosynth.widgets.export.words import trouble_words

        _log.info("no plan", exc_info=error)
        self._problem = trouble_words(error)
        self._say(self._problem, problem=True)
        self._refresh()

    def _export(self, overwrite: bool = False) -> None:
        self._flush()
        if self._exports.running or self._problem or not self._value.folder:
            return
        self._timer.stop()
        self._plans.drop()
        self._question.hide()
        self._open.hide()
        snapshot, choice, tiles = self._session.snapshot(), self._value, self._tiles
        self._exports.start(lambda: exporting(snapshot, choice, tiles, overwrite=overwrite))
        self._bar.setRange(0, 0)
        self._refresh()

    def _on_progress(self, progress) -> None:
        from napari_cosynth.widgets.export.words import progress_words

        self._bar.setRange(0, progress.total)
        self._bar.setValue(progress.done)
        self._say(progress_words(progress))

    def _on_done(self, progress) -> None:
        from napari_cosynth.widgets.export.words import done_words

        place = str(self._value.place())
        self._end(done_words(progress, place))
        self._show_left_out(progress.left_out)
        self._open.show()
        self.exported.emit(place)

    def _on_failed(self, error: BaseException) -> None:
        from napari_cosynth.export.exporter import FolderTaken
        from napari_cosynth.widgets.export.words import taken_words, trouble_words

        if isinstance(error, FolderTaken):
            text, yes = taken_words(error)
            self._end("")
            self._question_text.setText(text)
            self._yes.setText(yes)
            self._question.show()
        else:
            _log.error("an export failed", exc_info=error)
            self._end(trouble_words(error, self._written()), problem=True)

    def _on_cancelled(self) -> None:
        from napari_cosynth.widgets.export.words import stopped_words

        self._end(stopped_words(self._written()))

    def _written(self) -> bool:
        from napari_cosynth.export.target import has_begun

        return has_begun(self._value.place())

    def _end(self, text: str, *, problem: bool = False) -> None:
        self._say(text, problem=problem)
        self._refresh()

    def _refresh(self) -> None:
        running = self._exports.running
        if self._form is not None:
            self._form.setEnabled(not running)
        for widget in (self._bar, self._cancel):
            widget.setVisible(running)
        self._cancel.setEnabled(True)
        if running:
            reason = "A data set is being written"
        else:
            reason = self._problem or ("" if self._value.folder else _NO_FOLDER)
        enable(self._button, reason)

    def _say(self, text: str, *, problem: bool = False) -> None:
        self._summary.setText(breakable(text))
        self._summary.setStyleSheet(f"color: {warning_color(self).name()};" if problem else "")
        self._summary.setVisible(bool(text))

    def _show_left_out(self, left_out) -> None:
        lines = [f"{left.name}: {left.reason}" for left in left_out]
        self._left_out.setLines((line, line, None) for line in lines)

    def _stop(self) -> None:
        self._cancel.setEnabled(False)
        self._exports.cancel()

    def _connect(self) -> None:
        self._session.entries_changed.connect(self._on_entries)
        self._timer.timeout.connect(self._plan)
        self._imports.done.connect(lambda _: self._make_form())
        self._imports.failed.connect(self._on_plan_failed)
        self._plans.done.connect(self._on_plan)
        self._plans.failed.connect(self._on_plan_failed)
        self._exports.progressed.connect(self._on_progress)
        self._exports.done.connect(self._on_done)
        self._exports.failed.connect(self._on_failed)
        self._exports.cancelled.connect(self._on_cancelled)
        self._button.clicked.connect(lambda: self._export())
        self._yes.clicked.connect(lambda: self._export(overwrite=True))
        self._cancel.clicked.connect(self._stop)
        self._open.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._value.place()))))

    def _arrange(self) -> None:
        self._button.setProperty("primary", True)
        # The bar keeps its place, or it would push Cancel out of sight.
        policy = self._bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._bar.setSizePolicy(policy)
        question = QVBoxLayout(self._question)
        question.setContentsMargins(0, 0, 0, 0)
        question.addWidget(self._question_text)
        question.addWidget(self._yes)
        buttons = QHBoxLayout()
        buttons.addWidget(self._button, 1)
        buttons.addWidget(self._cancel)
        buttons.addWidget(self._open)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for widget in (self._summary, self._left_out, self._question, self._bar):
            column.addWidget(widget)
        column.addLayout(buttons)
        column.addStretch(1)
        add_tooltips(self)
