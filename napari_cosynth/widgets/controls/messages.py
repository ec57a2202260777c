"""MessageBar: what went wrong or waits for a decision, inside the dock and in nobody's way.

Nothing modal, no focus taken. It knows texts and actions, not what they are about.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from qtpy.QtCore import Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from napari_cosynth.widgets.controls.readable import sentence
from napari_cosynth.widgets.controls.tab_order import tab_after

LONGEST = 420
"""Characters that are shown; the rest is in the tooltip."""

Kind = Literal["problem", "advice"]

# Transparent tints lie well on napari's light and dark theme alike.
_STYLE = """
QFrame#message { border: 0; border-left: 4px solid #3d8fd1; border-radius: 2px; background: rgba(61, 143, 209, 40); }
QFrame#message[kind="problem"] { border-left-color: #e0662f; background: rgba(224, 102, 47, 45); }
QFrame#message QLabel { background: transparent; }
QToolButton#closeMessage { border: 0; background: transparent; padding: 0 4px; font-size: 12pt; }
"""


@dataclass(frozen=True)
class Action:
    """A button of a message; pressing it closes the message, then calls ``run``."""

    label: str
    run: Callable[[], object]


class MessageBar(QWidget):
    """A column of messages, the newest on top; invisible while there is none.

    A message replaces the one of the same topic, so that errors do not pile up.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("messages")
        self.setStyleSheet(_STYLE)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._rows: dict[str, _Row] = {}
        self.hide()

    def tell(self, text: str, *, topic: str = "", kind: Kind = "problem", actions: Sequence[Action] = ()) -> None:
        """Show a message.

        Parameters
        ----------
        text
            Becomes a sentence if it is none yet.
        topic
            What it is about; the text itself if empty.
        kind
            "problem" for errors, "advice" for all else.
        actions
            Buttons beside the one that closes the message.
        """
        text = sentence(text)
        topic = topic or text
        self.clear(topic)
        row = self._rows[topic] = _Row(text, kind, actions, lambda: self.clear(topic))
        self._column.insertWidget(0, row)
        tab_after(self, row)
        self.show()

    def clear(self, topic: str) -> None:
        """Take away the message of a topic, if there is one."""
        row = self._rows.pop(topic, None)
        if row is not None:
            # Hidden now, deleted later: the click that closes it is still being handled.
            row.hide()
            self._column.removeWidget(row)
            row.deleteLater()
        self.setVisible(bool(self._rows))

    def texts(self) -> tuple[str, ...]:
        """The messages that are shown, the oldest first."""
        return tuple(row.text for row in self._rows.values())


class _Row(QFrame):
    def __init__(self, text: str, kind: Kind, actions: Sequence[Action], close: Callable[[], None]) -> None:
        super().__init__()
        self.text = text
        self.setObjectName("message")
        self.setProperty("kind", kind)
        self.setAccessibleName(text)

        label = _Text(text if len(text) <= LONGEST else text[:LONGEST].rstrip() + " …")
        # Paths and errors of others may look like HTML.
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        if len(text) > LONGEST:
            label.setToolTip(text)
        cross = QToolButton()
        cross.setObjectName("closeMessage")
        cross.setText("×")
        cross.setToolTip("Close this message")
        cross.setAccessibleName("Close this message")
        cross.clicked.connect(close)

        words = QHBoxLayout()
        words.addWidget(label, 1)
        words.addWidget(cross, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 4, 4)
        column.addLayout(words)
        if actions:
            buttons = QHBoxLayout()
            for action in actions:
                button = QPushButton(action.label)
                button.setObjectName("message" + action.label.title().replace(" ", ""))
                button.clicked.connect(close)
                button.clicked.connect(lambda _checked=False, run=action.run: run())
                buttons.addWidget(button)
            buttons.addStretch(1)
            column.addLayout(buttons)


class _Text(QLabel):
    """A label that claims the height of its wrapped lines, which a layout of layouts would cut by a few px."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setMinimumHeight(self.heightForWidth(self.width()))
