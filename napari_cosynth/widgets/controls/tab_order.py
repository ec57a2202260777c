"""The order in which Tab goes from one widget to the next.

Qt has it follow the order of making, so that what is made while the window is open comes behind all that is in it.
"""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QWidget


def tab_after(before: QWidget, added: QWidget) -> None:
    """Let Tab come to all that is in a widget right after another one.

    Parameters
    ----------
    before
        May itself be passed over by Tab, such as a panel that begins with ``added``, unless it was added by this too.
    added
        Stands in the same window by now.
    """
    chain, widget = [], added
    while (widget := widget.nextInFocusChain()) != added:
        chain.append(widget)
    inside = [widget for widget in chain if added.isAncestorOf(widget) and _takes_tab(widget)]
    # Qt puts nothing behind what takes no focus.
    place = chain.index(before)
    earlier = reversed(chain[place + 1 :] + chain[: place + 1])
    last = next((widget for widget in earlier if not added.isAncestorOf(widget) and _takes_tab(widget)), None)
    for widget in inside if last is not None else ():
        QWidget.setTabOrder(last, widget)
        last = widget


def _takes_tab(widget: QWidget) -> bool:
    return bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and widget.focusProxy() is None
