"""The prompt line: completes the words that the model knows and shows how it was understood."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping

from qtpy.QtCore import QEvent, Qt, Signal
from qtpy.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget

from napari_cosynth.data.spelling import respelled
from napari_cosynth.data.terms import completions, places_of, unknown_words
from napari_cosynth.request import MAX_PROMPT
from napari_cosynth.widgets.controls.style import STYLE, warning_color
from napari_cosynth.widgets.controls.tooltips import add_tooltips
from napari_cosynth.widgets.draw.word_completer import WordCompleter

_EXAMPLE = "colon adenocarcinoma, H&E, 40x, dense lymphocytes"
_EMPTY = "Without a prompt the model chooses tissue and stain."
_WORDLESS = "No word found in the prompt: write tissue and stain, or clear it and the model chooses."


class Prompt(QWidget):
    """A text field, named "prompt", over the text; below it how the model reads it."""

    valueChanged = Signal(str)

    def __init__(self, value: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._terms: dict[str, int] = {}
        self._field = QLineEdit(value, objectName="prompt")
        self._field.setMaxLength(MAX_PROMPT)
        self._field.setPlaceholderText(_EXAMPLE)
        self._field.setClearButtonEnabled(True)
        self._field.setAccessibleName("Prompt")
        self._completer = WordCompleter(self._field)
        label = QLabel("Pr&ompt")
        label.setBuddy(self._field)
        self._understood = QLabel(objectName="understood")
        self._understood.setTextFormat(Qt.TextFormat.RichText)
        self._understood.setWordWrap(True)
        self._understood.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._understood.setMinimumWidth(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for widget in (label, self._field, self._understood):
            layout.addWidget(widget)
        self.setFocusProxy(self._field)
        add_tooltips(self)
        self.setStyleSheet(STYLE)
        self._field.textChanged.connect(self._changed)
        self._field.cursorPositionChanged.connect(self._show)
        self._field.editingFinished.connect(self._show)
        self._show()

    def value(self) -> str:
        """The text as it stands in the field."""
        return self._field.text()

    def setValue(self, text: str) -> None:
        """Show another text."""
        if text != self.value():
            self._field.setText(text)

    def setTerms(self, terms: Mapping[str, int]) -> None:
        """Terms that the model knows, with how often it has seen them; none if it does not tell."""
        self._completer.setTerms(terms)
        # A term of several words makes each of them known.
        self._terms = {word: count for term, count in terms.items() for word in term.split()}
        self._show()

    def unknown(self) -> tuple[str, ...]:
        """Words of the prompt that the model has never seen; none if it does not tell which it has."""
        return unknown_words(self.value(), self._terms) if self._terms else ()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.PaletteChange):
            self._show()

    def _changed(self, text: str) -> None:
        self._show()
        self.valueChanged.emit(text)

    def _show(self) -> None:
        # Room for two lines, so that what stands below does not jump at every word.
        self._understood.setMinimumHeight(2 * self._understood.fontMetrics().lineSpacing() + 4)
        text = respelled(self.value())
        amber = warning_color(self).name()
        if not text.strip():
            self._understood.setText(_EMPTY)
            return
        if not places_of(text):
            self._understood.setText(f'<span style="color: {amber}">{_WORDLESS}</span>')
            return
        # A word that is being typed is not called unknown while it may become a known one.
        typed = self._completer.wordBeforeCursor() if self._field.hasFocus() else ""
        unfinished = {typed.lower()} if typed and completions(typed, self._terms, 1) else set()
        unknown = [word for word in self.unknown() if word not in unfinished]
        shown = _marked(text, unknown, f'<s style="color: {amber}">{{}}</s>')
        lines = [f"Understood: {shown}"]
        if unknown:
            words = html.escape(", ".join(unknown))
            lines.append(f'<span style="color: {amber}">not known to this model: {words}</span>')
        elif not self._terms:
            lines.append("This model does not tell which words it knows.")
        self._understood.setText("<br>".join(lines))


def _marked(text: str, words: Iterable[str], mark: str) -> str:
    """HTML of a text with ``mark`` around those words of it, whatever their case."""
    wanted, pieces, end = set(words), [], 0
    for place in places_of(text):
        if text[place].lower() in wanted:
            pieces += [html.escape(text[end : place.start]), mark.format(html.escape(text[place]))]
            end = place.stop
    return "".join([*pieces, html.escape(text[end:])])
