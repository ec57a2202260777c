"""Arranging: from what is asked for on the panel, or drawn on the canvas, to a new layout in the session.

Layouts are made in a thread of their own, one after the other, because a
crowded one takes a second, and one that follows a prompt loads a network.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Protocol

import numpy as np
from psygnal import SignalInstance
from qtpy.QtCore import QObject

from napari_cosynth.layout import Layout
from napari_cosynth.layouts.locked import Locked
from napari_cosynth.session import Session
from napari_cosynth.widgets.arrange.makes import Make, attempt, filling, resampling, said, suggestion
from napari_cosynth.widgets.arrange.panel import ArrangePanel
from napari_cosynth.widgets.controls.messages import MessageBar
from napari_cosynth.widgets.work.background import Background

_TOPIC = "arrange"
_SUGGEST = "Suggest layout"
_STEPS = {
    "lasso": "Fill lasso",
    "ring": "Draw ring",
    "stripe": "Draw stripe",
    "gradient": "Draw gradient",
    "brush": "Brush nuclei",
}
"""Names of steps of undo, by tool."""


class Canvas(Protocol):
    """What is needed of the layers."""

    area_drawn: SignalInstance
    drawing_ended: SignalInstance
    selection_changed: SignalInstance

    def draw_areas(self, area_of: Callable[[np.ndarray], np.ndarray]) -> None:
        """Let the mouse draw areas."""

    def stop_drawing(self) -> None:
        """Give the mouse back."""

    def clear_area(self) -> None:
        """Take the drawn area off."""

    def selected(self) -> tuple[int, ...]:
        """Indices of the selected nuclei."""


class Arranging(QObject):
    """Does what the panel asks for; each result is one step of undo.

    A result that comes when somebody has changed or locked nuclei meanwhile is
    made anew from what is there now, so that no edit is lost.
    """

    def __init__(
        self,
        session: Session,
        panel: ArrangePanel,
        canvas: Canvas,
        messages: MessageBar,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._panel = panel
        self._canvas = canvas
        self._messages = messages
        self._background = Background(self)
        self._rng = np.random.default_rng()
        self._waiting: deque[tuple[str, Make]] = deque()
        self._running = False
        self._links = [
            (session.layout_changed, self._on_layout),
            (session.locked_changed, self._on_locked),
            (session.active_class_changed, self._on_class),
            (session.prompt_changed, self._on_prompt),
            (canvas.area_drawn, self._on_area),
            (canvas.drawing_ended, self._on_drawing_ended),
            (canvas.selection_changed, panel.setSelected),
        ]
        for signal, slot in self._links:
            signal.connect(slot)
        panel.suggest.asked.connect(self._suggest)
        panel.area.toolChanged.connect(self._take_tool)
        panel.resampleAsked.connect(self._resample)
        panel.lockAsked.connect(self._lock)
        panel.unlockAsked.connect(session.unlock)
        self._on_layout()
        self._on_prompt()

    @property
    def running(self) -> bool:
        """Whether a layout is being made."""
        return self._running

    def close(self) -> None:
        """Make nothing any more, and let go of session and canvas."""
        self._waiting.clear()
        self._background.close()
        for signal, slot in self._links:
            signal.disconnect(slot)
        self._links.clear()

    def _suggest(self, number: int) -> None:
        form = self._panel.suggest
        prompt = self._session.prompt if form.followsPrompt() else ""
        # Of those that wait the last one is meant.
        begun = 1 if self._running else 0
        self._waiting = deque(ask for i, ask in enumerate(self._waiting) if i < begun or ask[0] != _SUGGEST)
        self._ask(_SUGGEST, suggestion(form.tissue(), form.total(), form.mix(), prompt, number))

    def _on_area(self, area: np.ndarray) -> None:
        form, suggest = self._panel.area, self._panel.suggest
        mix = form.mix(suggest.mix(), self._active_class())
        make = filling(suggest.tissue(), area, mix, form.perMm2(), self._new_seed(), form.replaces())
        self._ask(_STEPS.get(form.tool(), "Fill area"), make)

    def _resample(self) -> None:
        name = self._active_class()
        self._ask(f"Place {name} anew", resampling(self._panel.suggest.tissue(), name, self._new_seed()))

    def _ask(self, name: str, make: Make) -> None:
        self._waiting.append((name, make))
        self._next()

    def _next(self) -> None:
        self._panel.suggest.setBusy(any(name == _SUGGEST for name, _ in self._waiting))
        if self._running or not self._waiting:
            return
        _, make = self._waiting[0]
        layout, locked = self._session.layout, self._session.locked
        self._running = True
        work = partial(attempt, make, layout, locked.mask(layout))
        self._background.run(work, partial(self._came, layout, locked), self._failed)

    def _came(self, layout: Layout, locked: Locked, made: Layout | ValueError) -> None:
        self._running = False
        if isinstance(made, ValueError):
            self._failed(made)
            return
        if (self._session.layout, self._session.locked) == (layout, locked):
            name, _ = self._waiting.popleft()
            self._messages.clear(_TOPIC)
            self._session.set_layout(made, name)
            self._done()
        self._next()

    def _failed(self, error: Exception) -> None:
        self._running = False
        self._waiting.popleft()
        self._messages.tell(said(error), topic=_TOPIC)
        self._done()
        self._next()

    def _done(self) -> None:
        if not self._waiting:
            self._canvas.clear_area()

    def _take_tool(self, tool: str) -> None:
        if tool:
            self._canvas.draw_areas(self._panel.area.areaOf(lambda: self._session.layout))
        else:
            self._canvas.stop_drawing()

    def _on_drawing_ended(self) -> None:
        self._panel.area.setTool("")

    def _lock(self) -> None:
        self._session.lock(self._canvas.selected())

    def _on_locked(self, _locked: Locked | None = None) -> None:
        self._panel.setLocked(int(self._session.locked.mask(self._session.layout).sum()))

    def _on_layout(self, _layout: Layout | None = None) -> None:
        # What was refused, was refused for the tile before.
        self._messages.clear(_TOPIC)
        self._panel.setLayoutShown(self._session.layout, self._session.active_class)
        self._on_locked()

    def _on_class(self, _class_id: int) -> None:
        self._panel.setLayoutShown(self._session.layout, self._session.active_class)

    def _on_prompt(self, _prompt: str = "") -> None:
        self._panel.suggest.setPrompt(self._session.prompt)

    def _active_class(self) -> str:
        return self._session.layout.taxonomy[self._session.active_class].name

    def _new_seed(self) -> int:
        return int(self._rng.integers(2**31))
