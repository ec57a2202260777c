"""A plan in the manner of the present session: a few choices, saved as a file that the command line runs too."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QFileDialog, QGridLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from napari_cosynth.counted import counted
from napari_cosynth.layout import Layout
from napari_cosynth.layout_io import write_layout
from napari_cosynth.layouts.tissues import find_tissue, tissue_files, tissue_named
from napari_cosynth.run_settings import RunSettings
from napari_cosynth.session import Session
from napari_cosynth.widgets.controls.fact_table import fact_label
from napari_cosynth.widgets.controls.fields import Choice, WholeNumber
from napari_cosynth.widgets.controls.last_folder import last_folder, remember_folder
from napari_cosynth.widgets.controls.tooltips import enable
from napari_cosynth.widgets.queue.session_plan import PlanChoice, layout_file, plan_of, usable_counts
from napari_cosynth.widgets.queue.words import fault_words
from napari_cosynth.widgets.work.background import Background

_NUCLEI = {
    "counts": "Counts of the canvas",
    "mix": "Shares of the canvas",
    "tissue": "Usual in the tissue",
    "canvas": "The canvas as it is",
}
_EACH = {"counts": "In each", "mix": "Shares"}
UM_PER_PX = 0.25
"""Scale of the layouts that batches draw."""


class PlanForm(QWidget):
    """Edits a `PlanChoice`; classes, size, quality, model and seed come from the session when it is saved."""

    saved = Signal(str)
    """The file of a plan that was written."""

    def __init__(self, session: Session, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plan_form")
        self._session, self._background = session, background
        self._classes: dict[str, tuple[str, ...]] = {}
        self._filled_in = ("", "")  # prompt and tissue, as the session said them last
        self._tissue, self._nuclei = Choice(), Choice()
        self._layouts, self._variants = WholeNumber(1, 1_000_000), WholeNumber(1, 1000)
        self._prompts = QPlainTextEdit(objectName="plan_prompts")
        self._summary = fact_label()
        self._save = QPushButton("Save plan...", objectName="save_plan")
        self._arrange()
        for signal in (self._tissue.currentIndexChanged, self._nuclei.currentIndexChanged, self._prompts.textChanged):
            signal.connect(self._show)
        for field in (self._layouts, self._variants):
            field.valueChanged.connect(self._show)
        self._save.clicked.connect(self._ask)
        session.layout_changed.connect(self._show)
        session.prompt_changed.connect(self._on_prompt)

    def value(self) -> PlanChoice:
        """What is chosen."""
        lines = [line.strip() for line in self._prompts.toPlainText().splitlines()]
        return PlanChoice(
            tissue=self._tissue.currentData() or "",
            layouts=self._layouts.value(),
            prompts=tuple(dict.fromkeys(line for line in lines if line)) or ("",),
            variants=self._variants.value(),
            nuclei=self._nuclei.currentData(),
        )

    def setValue(self, choice: PlanChoice) -> None:
        """Choose otherwise."""
        self._tissue.showData(choice.tissue)
        self._nuclei.showData(choice.nuclei)
        self._layouts.setValue(choice.layouts)
        self._variants.setValue(choice.variants)
        self._prompts.setPlainText("\n".join(choice.prompts))

    def save(self, path: Path) -> None:
        """Write the plan in the background; ``saved`` tells when it is there."""
        choice, layout, settings = self.value(), self._session.layout, self._session.settings
        counts, _ = usable_counts(layout, self._classes[choice.tissue])
        self._background.run(
            lambda: _write(choice, layout, settings, counts, path),
            lambda _nothing: self.saved.emit(str(path)),
            lambda error: self._summary.setText(fault_words(error, str(path))),
        )

    def close_session(self) -> None:
        """Let go of the session."""
        self._session.layout_changed.disconnect(self._show)
        self._session.prompt_changed.disconnect(self._on_prompt)

    def showEvent(self, event: QShowEvent) -> None:
        """Fill in what the session says now, but for what the user has chosen otherwise."""
        super().showEvent(event)
        if not self._classes:
            self._classes = {name: tuple(find_tissue(name).classes) for name in tissue_files()}
            for name in self._classes:
                self._tissue.addItem(name.replace("-", " "), name)
            self._filled_in = ("", self._tissue.currentData())
        self._fill_in()
        self._show()

    def _on_prompt(self, _prompt: object = None) -> None:
        if self.isVisible():
            self._fill_in()

    def _fill_in(self) -> None:
        prompt, tissue = self._filled_in
        if not self._classes or self._prompts.toPlainText() != prompt:
            # The user's own prompts, and a tissue that suits them.
            return
        prompt = self._session.prompt
        self._prompts.setPlainText(prompt)
        if self._tissue.currentData() == tissue:
            tissue = tissue_named(prompt, self._classes) or "colon"
            self._tissue.showData(tissue)
        self._filled_in = (prompt, tissue)

    def _show(self, _value: object = None) -> None:
        if not self.isVisible() or not self._classes:
            return
        choice, layout = self.value(), self._session.layout
        counts, others = usable_counts(layout, self._classes[choice.tissue])
        tissue = self._tissue.currentText()
        as_it_is = choice.nuclei == "canvas"
        for field in (self._tissue, self._layouts):
            enable(field, "The canvas is one layout of its own" if as_it_is else "")
        text = (
            f"{counted(choice.n_layouts, 'layout')} x {counted(len(choice.prompts), 'prompt')} x "
            f"{counted(choice.variants, 'variant')} = {counted(choice.tiles, 'tile')} of {layout.height} x "
            f"{layout.width} px."
        )
        reason = ""
        if as_it_is:
            text += f" With the canvas' nuclei where they stand ({len(layout)}), saved beside the plan."
        elif choice.nuclei != "tissue":
            text += f" {_EACH[choice.nuclei]}: {_listed(counts)}." if counts else ""
            if others:
                text += f" Left out: {_listed(others)}, for {tissue} knows no such class."
            if not counts:
                reason = f"Place nuclei of the classes of {tissue} first, or choose: {_NUCLEI['tissue']}"
        if layout.um_per_px != UM_PER_PX and as_it_is:
            reason = f"Plans are made at {UM_PER_PX} um/px, the canvas is at {layout.um_per_px:g}: choose its counts"
        elif layout.um_per_px != UM_PER_PX:
            text += f" At {UM_PER_PX} um/px, not {layout.um_per_px:g}: that is the scale of plans."
        self._summary.setText(reason or text)
        enable(self._save, reason)

    def _ask(self) -> None:
        suggested = str(last_folder("plans") / "plan.toml")
        name, _ = QFileDialog.getSaveFileName(self, "Save plan", suggested, "Plans (*.toml)")
        if name:
            path = Path(name)
            remember_folder("plans", path)
            self.save(path if path.suffix else path.with_suffix(".toml"))

    def _arrange(self) -> None:
        for key, text in _NUCLEI.items():
            self._nuclei.addItem(text, key)
        self._layouts.setValue(PlanChoice.layouts)
        self._prompts.setPlaceholderText("prompts, one a line")
        self._prompts.setAccessibleName("Prompts, one a line")
        self._prompts.setTabChangesFocus(True)
        self._prompts.setFixedHeight(4 * self.fontMetrics().lineSpacing())
        self._prompts.setStyleSheet("QPlainTextEdit { border: 1px solid gray; }")
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        rows = (
            ("Tissue", self._tissue, "plan_tissue"),
            ("Nuclei", self._nuclei, "plan_nuclei"),
            ("Layouts", self._layouts, "plan_layouts"),
            ("Variants", self._variants, "plan_variants"),
        )
        for row, (text, field, name) in enumerate(rows):
            field.setObjectName(name)
            field.setAccessibleName(text)
            grid.addWidget(QLabel(text), row, 0)
            grid.addWidget(field, row, 1)
        self._summary.setObjectName("plan_summary")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(grid)
        column.addWidget(QLabel("Prompts, one a line"))
        column.addWidget(self._prompts)
        column.addWidget(self._summary)
        column.addWidget(self._save)


def _write(choice: PlanChoice, layout: Layout, settings: RunSettings, counts: dict[str, int], path: Path) -> None:
    # Imported in the background: it brings half the command line along.
    from napari_cosynth.batch.plan_text import write_plan

    beside = layout_file(path)
    plan = plan_of(choice, layout, settings, counts, beside.name)
    if choice.nuclei == "canvas":
        write_layout(layout, beside)
    write_plan(plan, path)


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{n} {name}" for name, n in counts.items())
