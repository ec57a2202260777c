"""Gallery: a card for each tile, to look through, decide, and go back to."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QModelIndex, Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QAbstractButton, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from napari_cosynth.snapshot import Entry
from napari_cosynth.tile import Verdict
from napari_cosynth.widgets.controls.glyphs import Glyph, GlyphButton, back, cross, crosses
from napari_cosynth.widgets.controls.marks import mark_icon
from napari_cosynth.widgets.controls.tooltips import add_tooltips, enable
from napari_cosynth.widgets.gallery.cards import Cards
from napari_cosynth.widgets.gallery.filter import CardFilter
from napari_cosynth.widgets.gallery.filter_bar import FilterBar
from napari_cosynth.widgets.gallery.view import CardsView, is_own_key

_LEAST_HEIGHT = 120
"""Of the cards, px: on a small screen at least a picture is seen, and the buttons below it."""
_NO_TILES = "No tiles yet. Place nuclei, write a prompt and press Generate: every tile becomes a card here."
_NONE_SHOWN = "No card is of this kind. Choose All and any share of points to see every card."
_NONE_REJECTED = "No tile is rejected"
_HIDDEN = "The filter hides the card of this tile: choose All and any share of points to see it"
_NOTHING_CHOSEN = "Choose a card first: click it, or go to it with the arrow keys"
_DRAFT = "The canvas shows a draft, which is no tile yet: press Generate to make it, or go to a card to judge that"


class Gallery(QWidget):
    """Cards of tiles. It shows what it is given and tells what the user wants; it changes no tile itself.

    Keys, while it has the focus: arrows go from card to card, A accepts, R
    rejects, and both go on to the next undecided card; U leaves the tile
    undecided again, Enter goes back to the card, Delete removes it.
    """

    chosen = Signal(str)
    """The user went to the card of this key."""
    decided = Signal(str, str)
    """Key and verdict."""
    reuseAsked = Signal(str)
    """Layout, prompt, seed and settings of this card are to come back: it was clicked, or Enter was pressed."""
    removeAsked = Signal(str)
    removeAllAsked = Signal(object)
    """A tuple of keys, to be removed as one step."""
    refused = Signal(str)
    """Why a verdict was not taken."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("gallery")
        self._cards = Cards(self)
        self._filters = FilterBar()
        self._view = CardsView()
        self._view.setObjectName("cards")
        self._view.setAccessibleName("Tiles made so far")
        self._view.setModel(self._cards)
        self._view.setMinimumHeight(_LEAST_HEIGHT)
        self._view.say_when_empty(_NO_TILES)
        self._buttons = {
            "accept": self._button("accept", " Accept (A)", lambda key: self._decide(key, "accepted")),
            "reject": self._button("reject", " Reject (R)", lambda key: self._decide(key, "rejected")),
            "reuse": self._button("reuse", "Use again", self.reuseAsked.emit, back),
            "remove": self._button("remove", "Remove", self._remove, cross),
        }
        self._remove_rejected = GlyphButton(crosses, "Remove all rejected")
        self._remove_rejected.setObjectName("remove_rejected")
        self._remove_rejected.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._remove_rejected.clicked.connect(lambda: self.removeAllAsked.emit(self._rejected()))
        self._buttons["accept"].setIcon(mark_icon("accepted"))
        self._buttons["reject"].setIcon(mark_icon("rejected"))
        self._arrange()
        self._telling = True
        self._draft_shown = False
        self._marked: str | None = None  # the card to mark, shown or not
        self._filters.valueChanged.connect(self._on_filter)
        self._view.selectionModel().currentChanged.connect(self._on_current)
        self._view.clicked.connect(lambda index: self.reuseAsked.emit(self._cards.entry_at(index.row()).key))
        self._view.thumbnails.ready.connect(self._cards.touched)
        add_tooltips(self)
        self._refresh()

    def setEntries(self, entries: tuple[Entry, ...], current: str | None) -> None:
        """Show other tiles, and which of them is the current one. Emits nothing.

        Parameters
        ----------
        entries
            In the order in which they were made.
        current
            Key of the card to mark; None for none.
        """
        self._telling = False
        try:
            self._marked = current
            self._cards.setEntries(entries)
            self._go_to(self._cards.row_of(current))
        finally:
            self._telling = True
        self._refresh()

    def setDraftShown(self, shown: bool) -> None:
        """Take no verdict while a draft hides the tile that it would be of."""
        self._draft_shown = shown
        self._refresh()

    def current(self) -> str | None:
        """Key of the card that is marked; None if none is, or the filter hides it."""
        entry = self._cards.entry_at(self._view.currentIndex().row())
        return entry.key if entry else None

    def filter(self) -> CardFilter:
        """Which cards are shown."""
        return self._filters.value()

    def setFilter(self, chosen: CardFilter) -> None:
        """Show the cards of another kind."""
        self._filters.setValue(chosen)

    def decide(self, verdict: Verdict) -> None:
        """What A and R do, for whoever hears them elsewhere; nothing happens while no card is marked."""
        key = self.current()
        if key is not None:
            self._decide(key, verdict)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A, R, Enter and Delete for the current card; what else comes here is for the list."""
        if not is_own_key(event):
            self._view.keyPressEvent(event)
            return
        key = self.current()
        if key is None:
            return
        match event.key():
            case Qt.Key.Key_A:
                self._decide(key, "accepted")
            case Qt.Key.Key_R:
                self._decide(key, "rejected")
            case Qt.Key.Key_U:
                self._decide(key, "undecided")
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.reuseAsked.emit(key)
            case _:
                self._remove(key)

    def _decide(self, key: str, verdict: Verdict) -> None:
        if self._draft_shown:
            self.refused.emit(_DRAFT)
            return
        row = self._cards.row_of(key)
        self.decided.emit(key, verdict)
        if verdict != "undecided" and row is not None:
            self._go_on(row)
        self._stay_near(row)

    def _remove(self, key: str) -> None:
        row = self._cards.row_of(key)
        self.removeAsked.emit(key)
        self._stay_near(row)

    def _rejected(self) -> tuple[str, ...]:
        return tuple(entry.key for entry in self._cards.entries() if entry.tile.verdict == "rejected")

    def _go_on(self, row: int) -> None:
        """Go to the next card that waits for a verdict, if there is one further down."""
        for below in range(row, self._cards.rowCount()):
            if self._cards.entry_at(below).tile.verdict == "undecided":
                self._go_to(below)
                return

    def _stay_near(self, row: int | None) -> None:
        """Go on to the card that took the place of one that left: the next A or R is for that."""
        if self.current() is None and row is not None and self._cards.rowCount():
            self._go_to(min(row, self._cards.rowCount() - 1))

    def _go_to(self, row: int | None) -> None:
        index = QModelIndex() if row is None else self._cards.index(row)
        if index.isValid():
            if index != self._view.currentIndex():
                self._view.setCurrentIndex(index)
                self._view.scrollTo(index)
        else:
            self._view.clearSelection()
            self._view.setCurrentIndex(index)

    def _on_current(self) -> None:
        key = self.current()
        if self._telling:
            self._marked = key or self._marked
            self._refresh()
            if key is not None:
                self.chosen.emit(key)

    def _on_filter(self, chosen: CardFilter) -> None:
        self._telling = False
        try:
            self._cards.setFilter(chosen)
            # Rows that go would hand their mark to a neighbour, which nobody chose.
            self._go_to(self._cards.row_of(self._marked))
        finally:
            self._telling = True
        self._refresh()

    def _refresh(self) -> None:
        entries = self._cards.entries()
        self._filters.set_counts(entries)
        self._view.say_when_empty(_NONE_SHOWN if entries else _NO_TILES)
        hidden = any(entry.key == self._marked for entry in entries)
        reason = "" if self.current() is not None else _HIDDEN if hidden else _NOTHING_CHOSEN
        for name, button in self._buttons.items():
            judges = name in ("accept", "reject")
            enable(button, reason or (_DRAFT if judges and self._draft_shown else ""))
        enable(self._remove_rejected, "" if self._rejected() else _NONE_REJECTED)

    def _button(self, name: str, text: str, act: Callable[[str], None], glyph: Glyph | None = None) -> QAbstractButton:
        button = GlyphButton(glyph, text) if glyph else QPushButton(text)
        button.setObjectName(name)
        # A click on a button must not take the keys away from the list.
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if glyph is None:
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.clicked.connect(lambda: (key := self.current()) is not None and act(key))
        return button

    def _arrange(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        for button in (*self._buttons.values(), self._remove_rejected):
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self._filters)
        column.addWidget(self._view, stretch=1)
        column.addLayout(buttons)
