"""What a suggested layout shall be: tissue, number of nuclei, class mix, with or without the prompt's structure."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from napari_cosynth.layout import Layout
from napari_cosynth.layouts.mix import Mix
from napari_cosynth.layouts.model import TissueModel
from napari_cosynth.layouts.tissues import tissue_named
from napari_cosynth.points import MAX_POINTS
from napari_cosynth.widgets.arrange.mix_sliders import MixSliders
from napari_cosynth.widgets.controls.fields import Choice, WholeNumber
from napari_cosynth.widgets.controls.glyphs import GlyphButton, back
from napari_cosynth.widgets.controls.tooltips import add_tooltips, enable

NO_TISSUE = "No tissue is known for the classes of this model"
_NO_PROMPT = "The prompt is empty: write what the tissue looks like first"
_NO_STRUCTURE = "This installation has no generator of structure, which reads the prompt"
_SUGGEST = "&Suggest layout"
_MOST_SUGGESTIONS = 9999
_TENTH, _MEDIAN, _NINETIETH = 1, 5, 9
"""Where these percentiles stand among the tissue's densities."""


class SuggestForm(QWidget):
    """Tissue, number, mix and the button that asks for a layout.

    ``asked`` brings the number of the suggestion, which goes on by one each time;
    ``tissueChanged`` the `TissueModel` that was chosen.

    Parameters
    ----------
    tissues
        Those that can be chosen, by name.
    structure
        Whether there is a generator that follows prompts.
    """

    asked = Signal(int)
    tissueChanged = Signal(object)

    def __init__(
        self, tissues: Mapping[str, TissueModel], structure: bool = True, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        # Those that tell classes apart come first.
        self._tissues = dict(sorted(tissues.items(), key=lambda item: (len(item[1].classes) == 1, item[0])))
        self._structure = structure
        self._layout = Layout()
        self._own_total = False  # set by hand: it does not follow the tile's size
        self._followed: str | None = None  # tissue of the prompt, or the first one
        self._tissue, self._total, self._mix = Choice(), WholeNumber(0, MAX_POINTS), MixSliders(())
        self._usual = QLabel(objectName="usual")
        # Four digits, and the usual number beside them, fit in the narrowest dock.
        self._total.setStyleSheet("min-width: 60px;")
        self._total.setButtonSymbols(WholeNumber.ButtonSymbols.NoButtons)
        self._reset = GlyphButton(back, "Usual number and mix", slim=True)
        self._follow = QCheckBox("&Follow the prompt", objectName="follow_prompt")
        self._follow.setChecked(structure)
        self._suggest = QPushButton(_SUGGEST, objectName="suggest")
        self._seed = WholeNumber(1, _MOST_SUGGESTIONS)
        self._seed.setPrefix("No. ")
        self._seed.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._arrange()
        self.setLayoutShown(self._layout)
        self._followed = self._tissue.currentData()
        self._tissue.currentIndexChanged.connect(self._on_tissue)
        self._total.valueChanged.connect(self._on_total)
        self._mix.valueChanged.connect(self._show_reset)
        self._reset.clicked.connect(self._show_tissue)
        self._suggest.clicked.connect(self._ask)

    def tissue(self) -> TissueModel | None:
        """The tissue that is chosen; None if there is none for the layout's classes."""
        return self._tissues.get(self._tissue.currentData())

    def setTissue(self, name: str) -> None:
        """Choose a tissue, with its usual number and mix.

        Raises
        ------
        ValueError
            If it is not among those that can be chosen.
        """
        if not self._tissue.showData(name):
            known = ", ".join(str(self._tissue.itemData(i)) for i in range(self._tissue.count()))
            raise ValueError(f"no tissue {name!r}; there are {known}")

    def mix(self) -> dict[str, int]:
        """Per cent of each class of the tissue."""
        return self._mix.value()

    def setMix(self, mix: Mapping[str, float]) -> None:
        """Show another mix, as `MixSliders.setValue`."""
        self._mix.setValue(mix)

    def total(self) -> int:
        """Nuclei on the tile, locked ones among them."""
        return self._total.value()

    def setTotal(self, total: int) -> None:
        """Ask for another number of nuclei."""
        self._total.setValue(total)

    def followsPrompt(self) -> bool:
        """Whether the prompt's structure is wanted."""
        return self._follow.isEnabled() and self._follow.isChecked()

    def setPrompt(self, prompt: str) -> None:
        """Know the prompt: choose the tissue it names, unless the user chose one. An empty one cannot be followed."""
        enable(self._follow, _NO_STRUCTURE if not self._structure else "" if prompt.strip() else _NO_PROMPT)
        named = tissue_named(prompt, (self._tissue.itemData(i) for i in range(self._tissue.count())))
        # A number or a mix of the user's own is for the tissue that it was set for.
        if named and self._tissue.currentData() == self._followed and not self._reset.isEnabled():
            self._tissue.showData(named)
            self._followed = named

    def setBusy(self, busy: bool) -> None:
        """Show that a layout is being made. The button stays: the next press asks for one more."""
        self._suggest.setText("Suggesting ..." if busy else _SUGGEST)

    def setLayoutShown(self, layout: Layout) -> None:
        """Know the tile: its size and its classes."""
        before, self._layout = self._layout, layout
        if layout.taxonomy != before.taxonomy or not self._tissue.count():
            self._offer_tissues()
        elif _um2(layout) != _um2(before):
            self._show_usual()

    def _arrange(self) -> None:
        for name, text, widget in (
            ("tissue", "Tissue", self._tissue),
            ("nuclei_total", "Nuclei", self._total),
            ("tissue_mix", "Usual number and mix", self._reset),
            ("suggest_seed", "Number of the suggestion", self._seed),
        ):
            widget.setObjectName(name)
            widget.setAccessibleName(text)
        grid = QGridLayout()
        for row, (text, field) in enumerate((("&Tissue", self._tissue), ("Nu&clei", self._total))):
            label = QLabel(text)
            label.setBuddy(field)
            grid.addWidget(label, row, 0)
        grid.addWidget(self._tissue, 0, 1, 1, 3)
        grid.addWidget(self._total, 1, 1)
        grid.addWidget(self._usual, 1, 2)
        grid.addWidget(self._reset, 1, 3)
        grid.setColumnStretch(1, 1)
        grid.setVerticalSpacing(2)
        last = QHBoxLayout()
        last.addWidget(self._suggest, 1)
        last.addWidget(self._seed)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(grid)
        column.addWidget(self._mix)
        column.addWidget(self._follow)
        column.addLayout(last)
        self.setPrompt("")
        add_tooltips(self)

    def _offer_tissues(self) -> None:
        name, known = self._tissue.currentData(), set(self._layout.taxonomy.names)
        with QSignalBlocker(self._tissue):
            self._tissue.clear()
            for tissue in self._tissues.values():
                if set(tissue.classes) <= known:
                    self._tissue.addItem(_title(tissue), tissue.name)
                    self._tissue.setItemData(self._tissue.count() - 1, _facts(tissue), Qt.ItemDataRole.ToolTipRole)
            self._tissue.showData(name)
        self._on_tissue()

    def _on_tissue(self) -> None:
        self._show_tissue()
        if self.tissue() is not None:
            self.tissueChanged.emit(self.tissue())

    def _show_tissue(self) -> None:
        tissue = self.tissue()
        self._own_total = False
        taxonomy = self._layout.taxonomy
        classes = sorted(tissue.classes, key=taxonomy.names.index) if tissue else []
        with QSignalBlocker(self._mix):
            self._mix.setClasses(taxonomy[taxonomy.id_of(name)] for name in classes)
            if tissue:
                self._mix.setValue(self._usual_mix(tissue).percent)
        self._show_usual()
        enable(self._suggest, "" if tissue else NO_TISSUE)

    def _usual_mix(self, tissue: TissueModel) -> Mix:
        usual = dict(zip(tissue.classes, tissue.mix_mean, strict=True))
        return Mix.of({name: usual[name] for name in self.mix()})

    def _on_total(self) -> None:
        self._own_total = True
        self._show_usual()

    def _show_usual(self) -> None:
        tissue = self.tissue()
        if tissue is None:
            self._usual.setText("")
            return
        low, usual, high = (_nuclei(tissue, self._layout, at) for at in (_TENTH, _MEDIAN, _NINETIETH))
        if not self._own_total:
            with QSignalBlocker(self._total):
                self._total.setValue(usual)
        self._usual.setText(f"usual: {low}\N{EN DASH}{high}")
        self._show_reset()

    def _show_reset(self) -> None:
        tissue = self.tissue()
        same = tissue is None or (
            self.total() == _nuclei(tissue, self._layout, _MEDIAN) and self.mix() == self._usual_mix(tissue).percent
        )
        enable(self._reset, "These are the tissue's usual number and mix" if same else "")

    def _ask(self) -> None:
        number = self._seed.value()
        self._seed.setValue(number % _MOST_SUGGESTIONS + 1)
        self.asked.emit(number)


def _um2(layout: Layout) -> float:
    return layout.height * layout.width * layout.um_per_px**2


def _nuclei(tissue: TissueModel, layout: Layout, percentile: int) -> int:
    return min(round(tissue.total_per_mm2[percentile] * _um2(layout) / 1e6), MAX_POINTS)


def _title(tissue: TissueModel) -> str:
    density = round(tissue.total_per_mm2[_MEDIAN], -2)
    return f"{tissue.name.replace('-', ' ').capitalize()}, {density:,.0f} / mm\N{SUPERSCRIPT TWO}"


def _facts(tissue: TissueModel) -> str:
    lacking = "" if tissue.complete else ". Some nuclei were not labelled there, so densities are too low"
    return f"Measured on {tissue.n_nuclei:,} nuclei of {tissue.n_tiles} tiles: {tissue.source}{lacking}"
