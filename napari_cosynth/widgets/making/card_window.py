"""The window in which a model's card is read; it stays open beside the work."""

from __future__ import annotations

import re

from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QPixmap
from qtpy.QtWidgets import QDialog, QTextBrowser, QVBoxLayout, QWidget

from napari_cosynth.catalogue import ModelInfo

_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_WORDS_SHOWN = 60


class CardWindow(QDialog):
    """A model's card, its classes and the words that it knows."""

    def __init__(self, info: ModelInfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Model {info.name}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(720, 640)
        self._text = _CardText(self)
        self._text.setSearchPaths([str(info.path)])
        self._text.setOpenExternalLinks(True)
        self._text.setAccessibleName(f"Card of the model {info.name}")
        self._text.document().setDefaultStyleSheet("table { border-collapse: collapse; } td, th { padding: 3px; }")
        self._text.setMarkdown(card_text(info))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._text)


class _CardText(QTextBrowser):
    """Text whose pictures fit the window."""

    def loadResource(self, kind: int, name: QUrl) -> object:
        found = super().loadResource(kind, name)
        pixmap = QPixmap()
        if isinstance(found, QPixmap):
            pixmap = found
        elif found is not None:
            pixmap.loadFromData(found)
        room = max(200, self.viewport().width() - 40)
        if pixmap.isNull() or pixmap.width() <= room:
            return found
        return pixmap.scaledToWidth(room, Qt.TransformationMode.SmoothTransformation)


def card_text(info: ModelInfo) -> str:
    """Markdown of all that a model tells about itself."""
    card = _FRONT_MATTER.sub("", info.card).strip() or f"# {info.name}\n\nThis model has no card."
    classes = ", ".join(info.taxonomy.names)
    terms = sorted(info.prompt_terms, key=lambda term: (-info.prompt_terms[term], term))
    words = ", ".join(terms[:_WORDS_SHOWN]) or "the model does not tell"
    more = f", and {len(terms) - _WORDS_SHOWN} more" if len(terms) > _WORDS_SHOWN else ""
    return f"{card}\n\n## Classes\n\n{classes}\n\n## Words it knows\n\n{words}{more}\n\n## Folder\n\n`{info.path}`\n"


def card_summary(info: ModelInfo) -> str:
    """The card's first statement of terms (in bold), or else its first paragraph; one paragraph, plain text."""
    paragraphs = [p for p in re.split(r"\n\s*\n", _FRONT_MATTER.sub("", info.card)) if p.strip()]
    prose = [p for p in paragraphs if p.lstrip()[0] not in "#!|<-"]
    bold = [p for p in prose if p.strip().startswith("**")]
    found = (bold or prose or ["This model has no card."])[0]
    return " ".join(re.sub(r"[*`]", "", found).split())
