"""Key events as what they are: PyQt6 hands out a ShortcutOverride as a mouse event."""

from __future__ import annotations

from qtpy.QtCore import QEvent
from qtpy.QtGui import QKeyEvent


def key_event(event: QEvent) -> QKeyEvent:
    """The same event with its key.

    Parameters
    ----------
    event
        Of the type KeyPress, KeyRelease or ShortcutOverride.
    """
    if isinstance(event, QKeyEvent):
        return event
    from qtpy import sip

    return sip.wrapinstance(sip.unwrapinstance(event), QKeyEvent)
