"""Completion of the word at the cursor of a text field, also in the middle of a line."""

from __future__ import annotations

import re
from collections.abc import Mapping

from qtpy.QtCore import QEvent, QModelIndex, QObject, QStringListModel, Qt
from qtpy.QtGui import QPalette
from qtpy.QtWidgets import QCompleter, QLineEdit

from napari_cosynth.data.terms import completions
from napari_cosynth.widgets.controls.key_event import key_event
from napari_cosynth.widgets.controls.style import ACCENT, FOCUS

_MIN_LETTERS = 2
_MAX_OFFERED = 8
_BEFORE = re.compile(r"[\w&'-]+$")
_AFTER = re.compile(r"^[\w&'-]+")


class WordCompleter(QObject):
    """Offers known terms below a text field while the user types.

    Nothing is put in by itself: Tab takes the first, the arrow keys and Enter or
    the mouse choose, Escape closes. The chosen term replaces the word that the
    cursor is in or behind.
    """

    def __init__(self, field: QLineEdit) -> None:
        super().__init__(field)
        self._field = field
        self._terms: dict[str, int] = {}
        self._most_words = 1
        self._start = 0
        self._offered = QStringListModel(self)
        self._completer = QCompleter(self._offered, self)
        self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._completer.setWidget(field)
        self._completer.setMaxVisibleItems(_MAX_OFFERED)
        self._completer.activated[str].connect(self._insert)
        self._completer.popup().installEventFilter(self)
        field.textEdited.connect(self._offer)

    def setTerms(self, terms: Mapping[str, int]) -> None:
        """Known terms of one or several words, lower case, with how often they were seen."""
        self._terms = dict(terms)
        self._most_words = max((len(term.split()) for term in terms), default=1)

    def offered(self) -> list[str]:
        """The terms in the list that is open; none if it is closed."""
        return self._offered.stringList() if self._completer.popup().isVisible() else []

    def wordBeforeCursor(self) -> str:
        """The word that the cursor is in, up to the cursor, or is right behind; may be empty."""
        found = _BEFORE.search(self._field.text()[: self._field.cursorPosition()])
        return found.group() if found else ""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Tab takes the first term, or the one chosen by arrow keys; Ctrl+Enter closes the list and goes on its way."""
        popup = self._completer.popup()
        if event.type() == QEvent.Type.ShortcutOverride:
            pressed = key_event(event)
            enter = pressed.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            if enter and pressed.modifiers() & Qt.KeyboardModifier.ControlModifier:
                # An open list keeps shortcuts from the window, and Enter would take a term.
                popup.hide()
            return False
        if event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Tab and popup.isVisible():
            index = popup.currentIndex()
            self._insert(index.data() if index.isValid() else self._offered.stringList()[0])
            popup.hide()
            return True
        return super().eventFilter(watched, event)

    def _offer(self) -> None:
        for start, typed in self._typed():
            found = completions(typed, self._terms, _MAX_OFFERED)
            if found:
                self._start = start
                self._offered.setStringList(found)
                self._dress()
                self._completer.complete()
                # Qt marks the first; Enter, then, would change what was typed.
                self._completer.popup().setCurrentIndex(QModelIndex())
                return
        self._completer.popup().hide()

    def _dress(self) -> None:
        # The list is a window of its own, which no theme of napari reaches.
        palette = self._field.palette()
        back, text = (palette.color(role).name() for role in (QPalette.ColorRole.Window, QPalette.ColorRole.WindowText))
        self._completer.popup().setStyleSheet(
            f"QListView {{ background-color: {back}; color: {text}; border: 1px solid {FOCUS}; }}"
            f"QListView::item:selected {{ background-color: {ACCENT}; color: white; }}"
        )

    def _typed(self) -> list[tuple[int, str]]:
        """Start and text of the last words before the cursor, the most words first."""
        before = self._field.text()[: self._field.cursorPosition()]
        found = []
        end = len(before)
        for _ in range(self._most_words):
            word = _BEFORE.search(before[:end])
            if not word:
                break
            text = re.sub(r"\s+", " ", before[word.start() :])
            if len(text) >= _MIN_LETTERS:
                found.insert(0, (word.start(), text))
            end = len(before[: word.start()].rstrip())
        return found

    def _insert(self, term: str) -> None:
        cursor = self._field.cursorPosition()
        rest = _AFTER.match(self._field.text()[cursor:])
        end = cursor + (rest.end() if rest else 0)
        self._field.setSelection(self._start, end - self._start)
        self._field.insert(term)
