"""Report: all about one tile, in words: what came of the points, and what it was made from."""

from __future__ import annotations

from qtpy.QtCore import QEvent, Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_cosynth.snapshot import Entry
from napari_cosynth.tile import SyntheticTile
from napari_cosynth.widgets.controls.fact_table import FactTable, fact_label
from napari_cosynth.widgets.controls.fold import Fold
from napari_cosynth.widgets.controls.marks import mark_icon
from napari_cosynth.widgets.controls.style import STYLE, breakable, quiet_color, warning_color
from napari_cosynth.widgets.controls.titled_list import TitledList
from napari_cosynth.widgets.controls.tooltips import add_tooltips
from napari_cosynth.widgets.report.class_counts import ClassCounts
from napari_cosynth.widgets.tile_facts import VERDICT_WORDS, Amiss, amiss, class_counts, quality_name, report_of

_NOTHING = "Choose a card in the gallery to read about its tile."
_COPY = "This tile may be a copy of an image that the model was trained on. Better leave it out of data sets."
_FACTS = ("Prompt", "Seed", "Tile", "Quality", "Training images")
_ADVANCED = ("Steps", "Prompt strength", "Nuclei strength", "Arithmetic", "Device", "Model", "Model hash")


class Report(QWidget):
    """What is known of a tile; the value is an entry, or None."""

    valueChanged = Signal(object)
    placeAsked = Signal(float, float)
    """Row and col (px) of something amiss that the user wants to see on the canvas."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("report")
        self._entry: Entry | None = None
        self._sentence, self._verdict, self._copy = fact_label(bold=True), fact_label(), fact_label()
        for label, name in ((self._sentence, "sentence"), (self._verdict, "verdict"), (self._copy, "copy_warning")):
            label.setObjectName(name)
        self._copy.setText(_COPY)
        self._sign = QLabel()
        self._counts = ClassCounts()
        self._amiss = TitledList("Otherwise than asked", "amiss")
        self._amiss.picked.connect(lambda place: self.placeAsked.emit(*place))
        self._facts, self._advanced = FactTable(_FACTS), FactTable(_ADVANCED)
        self._facts.setObjectName("facts")
        self._nothing = fact_label()
        self._nothing.setText(_NOTHING)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._all = QWidget()
        self._arrange()
        self.setStyleSheet(STYLE)
        self._show()

    def value(self) -> Entry | None:
        """The entry that is shown."""
        return self._entry

    def setValue(self, entry: Entry | None) -> None:
        """Show another tile, or what the same has become; emits if it is another or has changed."""
        before = self._entry
        if before is entry or (before and entry and before.key == entry.key and before.tile is entry.tile):
            return
        self._entry = entry
        self._show()
        self.valueChanged.emit(entry)

    setEntry = setValue

    def changeEvent(self, event: QEvent) -> None:
        """Take the colours of another theme."""
        super().changeEvent(event)
        # The first ones come while the widget is being made.
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.PaletteChange) and self.layout() is not None:
            for label, color in ((self._copy, warning_color(self)), (self._nothing, quiet_color(self))):
                sheet = f"color: {color.name()};"
                if label.styleSheet() != sheet:
                    label.setStyleSheet(sheet)

    def _show(self) -> None:
        self._nothing.setVisible(self._entry is None)
        self._all.setVisible(self._entry is not None)
        if self._entry is None:
            return
        tile = self._entry.tile
        self._sentence.setText(report_of(tile).sentence())
        self._sign.setPixmap(mark_icon(tile.verdict).pixmap(18, 18))
        self._verdict.setText(f"{VERDICT_WORDS[tile.verdict]}, {'edited by hand' if tile.edited else 'not edited'}")
        self._copy.setVisible(tile.too_close)
        self._counts.setValue(class_counts(tile), tile.request.layout.taxonomy)
        self._amiss.setLines((item.text, _where(item), (item.row, item.col)) for item in amiss(tile))
        for table in (self._facts, self._advanced):
            table.setValue(_facts(tile))

    def _arrange(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self._verdict, 1)
        fold = Fold("How it was &made", self._advanced)
        column = QVBoxLayout(self._all)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._sentence)
        column.addLayout(head)
        for widget in (self._copy, self._counts, self._amiss, self._facts, fold):
            column.addWidget(widget)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._nothing)
        outer.addWidget(self._all)
        outer.addStretch(1)
        add_tooltips(self)


def _where(item: Amiss) -> str:
    return f"{item.text}\nRow {item.row:.0f}, column {item.col:.0f}; click to see it on the canvas"


def _facts(tile: SyntheticTile) -> dict[str, str]:
    request, layout = tile.request, tile.request.layout
    facts = {
        "Prompt": request.prompt or "(none)",
        "Seed": str(request.seed),
        "Tile": f"{layout.height} x {layout.width} px, {layout.um_per_px:g} um/px",
        "Quality": quality_name(tile),
        "Steps": str(request.steps),
        "Prompt strength": f"{request.guidance:g}",
        "Nuclei strength": f"{request.layout_guidance:g}",
        "Arithmetic": request.dtype,
        "Device": request.device,
        "Model": breakable(request.model),
        "Model hash": request.model_hash[:16],
    }
    if tile.training_distance is not None:
        judged = "closer than real, unseen tissue" if tile.too_close else "no closer than real, unseen tissue"
        facts["Training images"] = f"{judged} (distance {tile.training_distance:.2f})"
    return facts
