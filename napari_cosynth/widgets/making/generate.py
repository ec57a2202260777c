"""Generate: from the button to tiles in the session, and drafts in between.

It joins session, worker, run panel, layers and messages, and owns none of them.
What the layers or a listener of the session do wrong ends no run.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Protocol

from qtpy.QtCore import QObject, Signal

from napari_cosynth.duration import duration
from napari_cosynth.events import Preview
from napari_cosynth.layout import Layout
from napari_cosynth.request import Order
from napari_cosynth.session import Session
from napari_cosynth.tile import SyntheticTile
from napari_cosynth.widgets.controls.messages import Action, MessageBar
from napari_cosynth.widgets.controls.readable import readable
from napari_cosynth.widgets.making.live import Live
from napari_cosynth.widgets.making.made import MadeTiles
from napari_cosynth.widgets.making.pace import Pace
from napari_cosynth.widgets.making.progress import RunState
from napari_cosynth.widgets.making.worker import Worker

SHOWN_EVERY = 0.2
"""Seconds between two previews on the canvas: more often nobody sees them."""

_TOPIC = "run"
_log = logging.getLogger(__name__)


class Canvas(Protocol):
    """What is needed of the layers."""

    def show_preview(self, preview: Preview, asked: Layout) -> None:
        """Show a tile that is being made from a layout."""

    def end_preview(self) -> None:
        """Show the session's current tile again."""


class Generate(QObject):
    """Runs what the user asks for, one thing at a time.

    Parameters
    ----------
    show
        Shows a run state, such as `RunPanel.setState`.
    """

    runningChanged = Signal(bool)
    """A run that the user asked for began or ended; drafts are none."""
    draftShown = Signal(bool)
    """A draft, which is no tile of the session, is on the canvas now, or no longer."""

    def __init__(
        self,
        session: Session,
        worker: Worker,
        live: Live,
        canvas: Canvas,
        messages: MessageBar,
        show: Callable[[RunState], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._worker = worker
        self._live = live
        self._canvas = canvas
        self._messages = messages
        self._show_state = show
        self._draft = False
        self._draft_shown = False
        self._running = False
        self._reason = ""
        self._made = 0
        self._place = (1, 1, 0)
        self._orders: tuple[Order, ...] = ()
        self._made_tiles = MadeTiles()
        self._began = self._shown = 0.0
        self._pace = Pace(1, 1)
        self._canvas_works = True
        live.due.connect(self.draft)
        worker.loading.connect(self._on_loading)
        worker.started.connect(self._on_started)
        worker.preview.connect(self._on_preview)
        worker.finishedTile.connect(self._on_tile)
        worker.failed.connect(self._on_failed)
        worker.cancelled.connect(self._on_cancelled)
        worker.done.connect(self._on_done)

    @property
    def running(self) -> bool:
        """True while tiles are made that the user asked for."""
        return self._running

    def set_reason(self, reason: str) -> None:
        """Why nothing can be made now; empty if it can."""
        self._reason = reason
        if not self._running:
            self._show_state(RunState(reason=reason))

    def toggle(self) -> None:
        """Generate, or cancel what is being generated."""
        if self._running:
            self.cancel()
        else:
            self.generate()

    def generate(self) -> None:
        """Make the session's tiles; nothing happens while they are being made."""
        if self._running:
            return
        if self._reason:
            self._messages.tell(self._reason, topic=_TOPIC)
            return
        if self._made_already():
            return
        # What the user asks for goes before a draft that nobody asked for.
        self._worker.cancel()
        self._live.forget()
        self._start(draft=False)

    def draft(self) -> None:
        """Make a quick draft, which becomes no card; nothing happens while something is being made."""
        if not self._worker.running and not self._reason:
            self._start(draft=True)

    def cancel(self) -> None:
        """End what is being made, at once."""
        self._worker.cancel()

    def show_tile(self) -> None:
        """Show the session's current tile in place of a draft."""
        self._live.forget()
        if self._draft and self._worker.running:
            self._worker.cancel()
        self._end_preview()

    def went_on(self) -> None:
        """Nuclei or prompt have changed: what could not be made was another request."""
        if not self._worker.running:
            self._messages.clear(_TOPIC)

    def _made_already(self) -> bool:
        """Whether the tiles that would be made are there; says so, and what can be done."""
        try:
            keys = self._made_tiles.keys(self._session.orders(), self._session.entries)
        except ValueError:  # `_start` tells it
            return False
        there = all(keys)
        if there:
            what = "This tile is" if len(keys) == 1 else f"These {len(keys)} tiles are"
            self._messages.tell(
                f"{what} in the gallery already: nuclei, prompt, settings and seed are the same. "
                "Another seed makes another tile",
                topic=_TOPIC,
                kind="advice",
                actions=(
                    Action("Show it" if len(keys) == 1 else "Show the last", lambda: self._show_made(keys[-1])),
                    Action("Draw another seed", self._generate_anew),
                ),
            )
        return there

    def _show_made(self, key: str) -> None:
        if any(entry.key == key for entry in self._session.entries):
            self._session.choose(key)
            self.show_tile()

    def _generate_anew(self) -> None:
        self._session.set_settings(self._session.settings.with_new_seed())
        self.generate()

    def _start(self, draft: bool) -> None:
        self._draft, self._made, self._began = draft, 0, time.monotonic()
        self._canvas_works, self._shown, self._place = True, 0.0, (1, 1, 0)
        try:
            orders = self._session.orders(draft=draft)
        except ValueError as error:
            self._on_failed(readable(error))
            return
        self._messages.clear(_TOPIC)
        if not draft:
            orders = self._new(orders)
        if not draft:
            self._set_running(True)
        self._place, self._orders = (1, len(orders), 0), orders
        self._worker.start(orders)
        self._show("getting ready")

    def _new(self, orders: tuple[Order, ...]) -> tuple[Order, ...]:
        """Orders of tiles that are not in the gallery yet; says which are."""
        keys = self._made_tiles.keys(orders, self._session.entries)
        there = [str(order.seed) for order, key in zip(orders, keys, strict=True) if key]
        if there:
            tiles = f"tile of seed {there[0]} is" if len(there) == 1 else f"tiles of the seeds {', '.join(there)} are"
            self._messages.tell(
                f"The {tiles} in the gallery already: only new ones are made", topic=_TOPIC, kind="advice"
            )
        return tuple(order for order, key in zip(orders, keys, strict=True) if not key)

    def _on_loading(self) -> None:
        # Takes no time worth a word from the second tile on.
        if self._made == 0:
            self._show("loading the model")

    def _on_started(self, tile: int, tiles: int, steps: int) -> None:
        if tile == 1:
            self._pace = Pace(tiles, steps)
        self._place = (tile, tiles, steps)
        self._show()

    def _on_preview(self, preview: Preview) -> None:
        self._pace.step(self._place[0], preview.step)
        self._show(step=preview.step)
        if self._session.settings.preview or self._draft:
            now = time.monotonic()
            if preview.instances is not None or now - self._shown >= SHOWN_EVERY:
                self._shown = now
                self._draw(preview)

    def _on_tile(self, tile: SyntheticTile) -> None:
        self._made += 1
        if self._draft:
            steps = tile.request.steps
            self._draw(Preview(steps, steps, tile.image, tile.instances))
            said = f"Draft: {tile.report.sentence()}" if tile.report else "Draft"
            self._show_state(RunState(text=said))
            return
        try:
            key = self._session.add_tile(tile)
            self._made_tiles.add(self._orders[self._made - 1], key)
        except Exception as error:  # the session has it; a listener stumbled
            _log.exception("a made tile could not be shown")
            self._messages.tell(f"The tile was made, but could not be shown in full: {error}", topic="canvas")
        self._end_preview()

    def _on_failed(self, text: str) -> None:
        # The canvas keeps no ghost of a tile that will not come.
        self._end_preview()
        self._messages.tell(text, topic=_TOPIC)
        self._draw_seed()
        self._end("")

    def _on_cancelled(self) -> None:
        self._end_preview()
        made, tiles = self._made, self._place[1]
        self._draw_seed()
        self._end(f"Cancelled after {made} of {tiles} tiles" if 0 < made < tiles else "Cancelled")

    def _on_done(self) -> None:
        if self._draft:
            return
        seconds = time.monotonic() - self._began
        what = "Done" if self._made == 1 else f"{self._made} tiles"
        what += f" in {duration(round(seconds))}" if seconds >= 1 else ""
        current = self._session.current
        if self._made == 1 and current is not None and current.tile.report is not None:
            what += f": {current.tile.report.sentence()}"
        self._draw_seed()
        self._end(what)

    def _draw_seed(self) -> None:
        # Else the next Generate would make the tiles again that are there.
        if self._made and not self._draft:
            self._session.draw_seed()

    def _end(self, text: str) -> None:
        self._draft = False
        self._set_running(False)
        self._show_state(RunState(text=text, reason=self._reason))

    def _set_running(self, running: bool) -> None:
        if running != self._running:
            self._running = running
            self.runningChanged.emit(running)

    def _show(self, text: str = "", step: int = 0) -> None:
        if self._draft:
            # Generate stays Generate: a draft must not turn it into Cancel under the mouse.
            self._show_state(RunState(text=f"Draft: {text}" if text else "Draft is being made"))
            return
        tile, tiles, steps = self._place
        self._show_state(
            RunState(
                running=True,
                text=text,
                step=step,
                steps=steps,
                tile=tile,
                tiles=tiles,
                seconds_left=self._pace.seconds_left if step else None,
            )
        )

    def _draw(self, preview: Preview) -> None:
        if not self._canvas_works:
            return
        try:
            self._canvas.show_preview(preview, self._orders[0].layout)
        except Exception:  # a preview is not worth a run
            _log.exception("a preview could not be shown")
            self._canvas_works = False
        self._set_draft_shown(self._draft)

    def _end_preview(self) -> None:
        try:
            self._canvas.end_preview()
        except Exception:
            _log.exception("the canvas could not be set back")
        self._set_draft_shown(False)

    def _set_draft_shown(self, shown: bool) -> None:
        if shown != self._draft_shown:
            self._draft_shown = shown
            self.draftShown.emit(shown)
