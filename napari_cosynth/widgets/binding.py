"""Binding: panels and session say the same.

What a user does on a panel goes to the session; what changes in the session is
shown on all panels. A panel that is shown a value emits nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import QSignalBlocker

from napari_cosynth.catalogue import CatalogueError, model_info
from napari_cosynth.counted import nuclei
from napari_cosynth.layout import Layout
from napari_cosynth.run_settings import RunSettings
from napari_cosynth.session import Session
from napari_cosynth.widgets.controls.messages import Action, MessageBar
from napari_cosynth.widgets.draw.canvas import CanvasPanel
from napari_cosynth.widgets.draw.palette import Palette
from napari_cosynth.widgets.draw.prompt import Prompt
from napari_cosynth.widgets.gallery.panel import Gallery
from napari_cosynth.widgets.header import Header
from napari_cosynth.widgets.layers.layers import Layers
from napari_cosynth.widgets.making.generate import Generate
from napari_cosynth.widgets.making.model_classes import in_classes_of
from napari_cosynth.widgets.making.panel import RunPanel
from napari_cosynth.widgets.report.panel import Report

_NO_MODEL = object()
_LAYERS, _DRAFT, _OTHER, _SIZE = "layers", "draft", "other nuclei", "size"
"""Topics: of what the layers say; of a draft that cannot be judged; of a tile of other nuclei; of those outside."""


@dataclass(frozen=True)
class Panels:
    """The panels of a dock that show parts of the session."""

    header: Header
    palette: Palette
    prompt: Prompt
    canvas: CanvasPanel
    run: RunPanel
    gallery: Gallery
    report: Report


class Binding:
    """Keeps panels and session in step until it is closed."""

    def __init__(
        self, session: Session, panels: Panels, layers: Layers, generate: Generate, messages: MessageBar
    ) -> None:
        self._session = session
        self._panels = panels
        self._layers = layers
        self._generate = generate
        self._messages = messages
        self._model: Any = _NO_MODEL
        self._links: list[tuple[Any, Callable]] = [
            (session.layout_changed, self._on_layout),
            (session.layout_changed, self._on_went_on),
            (session.locked_changed, panels.canvas.setLocked),
            (session.active_class_changed, self._on_active_class),
            (session.prompt_changed, self._on_prompt),
            (session.settings_changed, self._on_settings),
            (session.entries_changed, self._on_tiles),
            (session.current_changed, self._on_tiles),
            (session.current_changed, self._on_current),
            (session.history_changed, self._on_history),
            (layers.message, self._on_layers_said),
            (layers.decided, panels.gallery.decide),
        ]
        for signal, slot in self._links:
            signal.connect(slot)
        panels.palette.valueChanged.connect(session.set_active_class)
        panels.palette.picked.connect(layers.pick)
        panels.palette.hiddenChanged.connect(layers.set_hidden)
        panels.prompt.valueChanged.connect(session.set_prompt)
        panels.canvas.valueChanged.connect(session.set_layout)
        panels.canvas.leftOut.connect(self._on_left_out)
        generate.draftShown.connect(self._on_draft_shown)
        generate.runningChanged.connect(self._on_running)
        panels.run.valueChanged.connect(self._set_settings)
        panels.run.generateAsked.connect(generate.generate)
        panels.run.cancelAsked.connect(generate.cancel)
        panels.gallery.chosen.connect(self._choose)
        panels.gallery.reuseAsked.connect(self._reuse)
        panels.gallery.decided.connect(session.decide)
        panels.gallery.refused.connect(self._on_refused)
        panels.gallery.removeAsked.connect(session.remove)
        panels.gallery.removeAllAsked.connect(lambda keys: session.remove(*keys))
        self.refresh()

    def refresh(self) -> None:
        """Show the session as it is now."""
        self._on_layout()
        self._panels.canvas.setLocked(self._session.locked)
        self._on_prompt()
        self._on_settings()
        self._on_tiles()
        self._on_history()

    def close(self) -> None:
        """Let the session go; the panels are about to disappear."""
        for signal, slot in self._links:
            signal.disconnect(slot)
        self._links.clear()

    def _set_settings(self, settings: RunSettings) -> None:
        session = self._session
        if settings.model == session.settings.model:
            session.set_settings(settings)
            return
        try:
            info = model_info(settings.model)
        except CatalogueError:  # `_on_model` says it beside the button that it disables
            session.set_settings(settings)
            return
        layout, lost = in_classes_of(session.layout, info.taxonomy)
        session.edit("Change model", layout=layout, settings=settings)
        if lost:
            self._messages.tell(
                f"{info.name} knows no class {', '.join(lost)}: these nuclei are unspecified now, and the model "
                "chooses. Ctrl+Z goes back to the model before.",
                topic="model",
                kind="advice",
            )

    def _choose(self, key: str) -> None:
        self._generate.show_tile()
        self._session.choose(key)

    def _reuse(self, key: str) -> None:
        self._session.reuse(key)
        # After the session's signals: they look like edits, but their tile is there already.
        self._generate.show_tile()
        self._layers.bring_back()

    def _on_layout(self, _layout: Layout | None = None) -> None:
        layout, palette, canvas = self._session.layout, self._panels.palette, self._panels.canvas
        with QSignalBlocker(canvas):
            canvas.setValue(layout)
        if palette.taxonomy() != layout.taxonomy:
            with QSignalBlocker(palette):
                palette.setTaxonomy(layout.taxonomy)
            self._layers.set_hidden(palette.hidden())
        palette.setCounts(layout.counts())
        self._on_active_class()

    def _on_went_on(self, _layout: Layout) -> None:
        # What was refused, or taken, was the step before.
        for topic in (_LAYERS, _OTHER, _SIZE):
            self._messages.clear(topic)
        self._generate.went_on()

    def _on_current(self, _key: str | None = None) -> None:
        """Say it if the tile that is shown now is not of the nuclei that stand on it."""
        entry = self._session.current
        if entry is None or entry.tile.request.layout == self._session.layout:
            self._messages.clear(_OTHER)
            return
        self._messages.tell(
            "This tile was made from other nuclei than those on the canvas now",
            topic=_OTHER,
            kind="advice",
            actions=(Action("Bring back its nuclei", lambda: self._bring_back(entry.key)),),
        )

    def _bring_back(self, key: str) -> None:
        if any(entry.key == key for entry in self._session.entries):
            self._reuse(key)

    def _on_draft_shown(self, shown: bool) -> None:
        self._panels.gallery.setDraftShown(shown)
        self._messages.clear(_OTHER if shown else _DRAFT)

    def _on_running(self, running: bool) -> None:
        if running:  # what is made now is of the nuclei on the canvas
            self._messages.clear(_OTHER)

    def _on_refused(self, text: str) -> None:
        key = self._panels.gallery.current()
        actions = () if key is None else (Action("Show the marked tile", lambda: self._show_marked(key)),)
        self._messages.tell(text, topic=_DRAFT, kind="advice", actions=actions)

    def _show_marked(self, key: str) -> None:
        if any(entry.key == key for entry in self._session.entries):
            self._choose(key)
            self._on_current()

    def _on_left_out(self, count: int) -> None:
        self._messages.tell(
            f"{nuclei(count)} {'lies' if count == 1 else 'lie'} outside of the tile now and left it: a larger size "
            "brings them back, or Undo",
            topic=_SIZE,
            kind="advice",
        )

    def _on_layers_said(self, text: str) -> None:
        self._messages.tell(text, topic=_LAYERS, kind="advice")

    def _on_active_class(self, _class_id: int | None = None) -> None:
        session, palette = self._session, self._panels.palette
        if palette.taxonomy() == session.layout.taxonomy:
            with QSignalBlocker(palette):
                palette.setValue(session.active_class)

    def _on_prompt(self, _prompt: str | None = None) -> None:
        self._generate.went_on()
        with QSignalBlocker(self._panels.prompt):
            self._panels.prompt.setValue(self._session.prompt)

    def _on_settings(self, _settings: RunSettings | None = None) -> None:
        settings = self._session.settings
        with QSignalBlocker(self._panels.run):
            self._panels.run.setValue(settings)
        if settings.model != self._model:
            self._model = settings.model
            self._on_model()

    def _on_model(self) -> None:
        try:
            info = model_info(self._model)
        except CatalogueError as error:
            self._panels.prompt.setTerms({})
            self._generate.set_reason(f"No model: {error}. Choose one under Advanced")
        else:
            self._panels.prompt.setTerms(info.prompt_terms)
            self._generate.set_reason("")

    def _on_tiles(self, _key: object = None) -> None:
        session = self._session
        current = session.current
        self._panels.gallery.setEntries(session.entries, current.key if current else None)
        self._panels.report.setEntry(current)

    def _on_history(self) -> None:
        self._panels.header.refresh()
