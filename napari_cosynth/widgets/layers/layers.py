"""The layers of napari, kept in step with the session both ways.

The session is the truth and napari a view of it: what is deleted or changed by
hand comes back or reaches the session, and the layers of others stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from napari.components import ViewerModel
from napari.layers import Layer
from psygnal import Signal
from pydantic import ValidationError

from napari_cosynth.layout import Layout, plain_message
from napari_cosynth.session import Session
from napari_cosynth.tile import SyntheticTile, Verdict
from napari_cosynth.widgets.layers.area_tool import ROLE as AREA
from napari_cosynth.widgets.layers.area_tool import AreaOf, AreaTool
from napari_cosynth.widgets.layers.border import BorderLayer
from napari_cosynth.widgets.layers.centroids_of_labels import layout_of_labels
from napari_cosynth.widgets.layers.chosen_nucleus import reclass_chosen
from napari_cosynth.widgets.layers.keys import bind_classes, bind_undo, bind_verdicts, unbind_classes
from napari_cosynth.widgets.layers.mask_editing import MaskEditing
from napari_cosynth.widgets.layers.misses import MissesLayer, results_of
from napari_cosynth.widgets.layers.next_label import NextLabel
from napari_cosynth.widgets.layers.nuclei import NucleiLayer
from napari_cosynth.widgets.layers.opened import OpenedLayers
from napari_cosynth.widgets.layers.own import ORDER, OwnLayers
from napari_cosynth.widgets.layers.tile import INSTANCES, SEMANTIC, Previewed, TileLayers
from napari_cosynth.widgets.work.turns import PAINTED_MS, Turns, once

# Pressed with a class's letter: napari's label tools have the letters alone.
_HELD = {INSTANCES: "Shift-"}
# Work in turns.
_CLEARING, _IMAGE, _LABELS = _PREVIEW = ("clearing", "preview's image", "preview's labels")
_TILE = "tile"
_AHEAD = "layers ahead"


class Layers:
    """Owns the layers "nuclei", "tile", "instances", "semantic", "border" and "misses" of a viewer.

    Parameters
    ----------
    viewer
        A ``napari.Viewer`` or its model.
    session
        What is shown.
    turns
        In which tiles and previews are drawn and layers made ahead, part by part; all at once if None.
    """

    message = Signal(str)
    """A sentence for the user: what was refused and why, or what was taken."""
    project_opened = Signal(str)
    """Path of a project that somebody opened in the viewer."""
    area_drawn = Signal(object)
    """Float (H, W) in 0..1: the area that was drawn with the mouse."""
    decided = Signal(str)
    """The verdict whose key was pressed while the current tile is seen."""
    selection_changed = Signal(int)
    """How many nuclei are selected."""
    drawing_ended = Signal()
    """The mouse draws no areas any more."""

    def __init__(self, viewer: ViewerModel, session: Session, turns: Turns | None = None) -> None:
        self._viewer = viewer
        self._session = session
        self._turns = turns
        self._own = OwnLayers(viewer, self._bind_keys)
        self._hidden: frozenset[int] = frozenset()
        self._preview: Previewed | None = None  # of the tile in the making, while it is shown
        self._asked = session.layout  # what that is made from
        self._tile: SyntheticTile | None = None  # what the layers show otherwise
        self._taxonomy = session.layout.taxonomy  # whose keys are bound
        self._border = BorderLayer(viewer, self._own)
        self._nuclei = NucleiLayer(self._own, session, self.message.emit, self.selection_changed.emit)
        self._areas = AreaTool(viewer, self._own, self._nuclei, self.area_drawn.emit, self.drawing_ended.emit)
        self._tiles = TileLayers(self._own)
        self._misses = MissesLayer(self._own)
        self._next_label = NextLabel()
        self._masks = MaskEditing(session, self.message.emit, self._show_tile)
        self._show_layout()
        self._show_current()
        self._activate()
        session.layout_changed.connect(self._show_layout)
        session.locked_changed.connect(self._nuclei.show)
        session.active_class_changed.connect(self._on_active_class)
        session.current_changed.connect(self._on_current)
        session.entries_changed.connect(self._on_entries)
        self._opened = OpenedLayers(viewer, session, self.message.emit, self.project_opened.emit, self._activate)

    def pick(self, class_id: int) -> None:
        """Give the selected nuclei a class; with none selected, get ready to place nuclei of it, or areas.

        While the instances are the active layer, the made nucleus whose label is chosen there is meant.
        """
        if self._areas.active:
            self._session.set_active_class(class_id)
            return
        self.flush()
        masks = self._tiles.instances
        # Equal, not the same: a plugin's viewer hands out napari's objects wrapped.
        if masks is not None and self._viewer.layers.selection.active == masks:
            if reclass_chosen(masks, self._session, class_id, self.message.emit):
                return
        self._border.show(self._session.layout)
        self._nuclei.pick(class_id)
        self._activate()

    def draw_areas(self, area_of: AreaOf) -> None:
        """Let the mouse draw areas, until `stop_drawing` or until the user takes another tool or layer."""
        self._areas.begin(area_of)

    def stop_drawing(self) -> None:
        """Give the mouse back to the tool that had it."""
        self._areas.end()

    def clear_area(self) -> None:
        """Take the area that was drawn off the canvas."""
        self._areas.clear()

    def selected(self) -> tuple[int, ...]:
        """Indices of the nuclei that are selected on the canvas."""
        return self._nuclei.selected

    def undo(self) -> None:
        """Take back the last change, strokes in the masks included."""
        self.flush()
        self._session.undo()

    def redo(self) -> None:
        """Bring back what was undone last."""
        self.flush()
        self._session.redo()

    def flush(self) -> None:
        """Bring strokes in the masks to the session now: before saving, exporting and undo."""
        self._masks.flush()

    def prepare(self) -> None:
        """Make the layers of a tile ahead, one at a time: to be called when a model is about to be loaded."""
        self._do(_AHEAD, self._preparing())

    def show_preview(self, preview: Previewed, asked: Layout) -> None:
        """Show a tile in the making; `end_preview` brings back the session's own.

        One that comes before the last is drawn takes its place.

        Parameters
        ----------
        asked
            What it is made from: the session's layout may be another by now.
        """
        first = self._preview is None
        if first:
            self._drop(_TILE)
            self.flush()
            self._masks.watch(self._tiles.instances, None)
            self._tile = None
        self._preview, self._asked = preview, asked
        # Labels that wait stay in line when a preview without any comes: they are the last there are.
        labels = preview.instances is not None
        if first:
            self._do(_CLEARING, self._clearing(preview.image.shape[:2], labels_come=labels))
        self._do(_IMAGE, once(partial(self._tiles.show_preview_image, preview)))
        if labels:
            self._do(_LABELS, once(partial(self._show_preview_labels, preview, asked)))

    def end_preview(self) -> None:
        """Show the session's current tile again, or none."""
        self._drop(*_PREVIEW)
        if self._preview is not None:
            self._preview = None
            self._show_current(anew=True)

    def bring_back(self) -> None:
        """Show again what was deleted by hand of the layout and the session's current tile."""
        if any(self._own.get(role) is None for role in ORDER if role != AREA):
            self._show_layout()
            self._show_tile(in_turns=True)

    def set_outline(self, outline: bool) -> None:
        """Draw instances as outlines, or filled."""
        self._tiles.set_outline(outline)

    def set_hidden(self, class_ids: frozenset[int]) -> None:
        """Hide nuclei, masks and misses of these classes."""
        self._hidden = frozenset(class_ids)
        self._nuclei.set_hidden(self._hidden)
        if self._preview is not None:
            self._show_preview_labels(self._preview, self._asked)
        self._show_tile()

    def fit(self) -> None:
        """Bring the whole tile into view."""
        self._border.fit()

    def use_labels_layer(self, layer: Layer) -> None:
        """Make a layout from the nuclei of a labels layer of the user's; says what was taken, or why not."""
        before = self._session.layout
        try:
            layout, said = layout_of_labels(layer, before.taxonomy, before.um_per_px)
        except ValueError as error:
            self.message.emit(plain_message(error) if isinstance(error, ValidationError) else str(error))
            return
        self._session.set_layout(layout, f"Use centroids of {layer.name}")
        self.message.emit(said)

    def close(self) -> None:
        """Take our layers away and let go of the viewer and the session, which keeps everything."""
        self.flush()
        self._drop(*_PREVIEW, _TILE, _AHEAD)
        self._areas.close()
        self._border.close()
        self._opened.close()
        self._masks.close()
        self._session.layout_changed.disconnect(self._show_layout)
        self._session.locked_changed.disconnect(self._nuclei.show)
        self._session.active_class_changed.disconnect(self._on_active_class)
        self._session.current_changed.disconnect(self._on_current)
        self._session.entries_changed.disconnect(self._on_entries)
        self._own.close()

    def _show_layout(self) -> None:
        layout = self._session.layout
        self._border.show(layout)
        self._nuclei.show()
        self._show_results()
        if layout.taxonomy != self._taxonomy:
            before, self._taxonomy = self._taxonomy, layout.taxonomy
            for role, layer in self._own:
                if role != SEMANTIC:
                    unbind_classes(layer, before, _HELD.get(role, ""))
                    self._bind_letters(role, layer)

    def _on_active_class(self) -> None:
        self._nuclei.show()
        # Nuclei that are painted anew will be of that class.
        self._show_tile()

    def _on_current(self) -> None:
        # Somebody chose a tile, or a new one is there: it is what they want to see.
        self._drop(*_PREVIEW)
        self._preview = None
        self._show_current(anew=True)

    def _on_entries(self) -> None:
        self._show_current()

    def _show_current(self, anew: bool = False) -> None:
        entry = self._session.current
        tile = entry.tile if entry is not None else None
        if self._preview is None and (anew or tile is not self._tile):
            # Masks that were edited are shown at once, or a stroke would fall between.
            in_turns = anew and tile is not self._tile
            self.flush()
            self._tile = tile
            self._show_tile(in_turns)

    def _do(self, name: str, parts: Iterator[int], in_turns: bool = True) -> None:
        """Do work part by part, or at once; in place of what waits under its name."""
        if self._turns is not None and in_turns:
            self._turns.add(parts, name)
            return
        self._drop(name)
        for _part in parts:
            pass

    def _drop(self, *names: str) -> None:
        if self._turns is not None:
            for name in names:
                self._turns.drop(name)

    def _clearing(self, size: tuple[int, int], labels_come: bool) -> Iterator[int]:
        """Take away what the last tile says of the next one."""
        self._misses.clear()
        self._nuclei.show_results(())
        yield 0
        self._tiles.hide_labels(size, instances=not labels_come)

    def _show_preview_labels(self, preview: Previewed, asked: Layout) -> None:
        # What is hidden may change until it is its turn.
        self._tiles.show_preview_labels(preview, asked, self._hidden)

    def _preparing(self) -> Iterator[int]:
        layout = self._session.layout
        while self._tiles.prepare((layout.height, layout.width)):
            yield PAINTED_MS
        self._misses.prepare()

    def _show_tile(self, in_turns: bool = False) -> None:
        if self._preview is not None:
            return
        self.flush()
        self._border.show(self._session.layout)
        self._masks.watch(self._tiles.instances, None)
        if self._tile is None:
            self._tiles.clear((self._session.layout.height, self._session.layout.width))
            self._do(_TILE, once(self._clear_results), in_turns)
        else:
            self._do(_TILE, self._showing(self._tile), in_turns)

    def _showing(self, tile: SyntheticTile) -> Iterator[int]:
        """Show a tile, what is looked at first."""
        self._tiles.show_image(tile)
        yield 0
        labels = self._tiles.show_instances(tile, self._new_class(tile), self._hidden)
        self._next_label.follow(labels, self._session.current.key, tile)
        self._masks.watch(labels, self._session.current.key)
        yield 0
        self._tiles.show_semantic(tile, self._hidden)
        self._misses.show(tile, self._hidden)
        self._show_results()

    def _clear_results(self) -> None:
        self._misses.clear()
        self._show_results()

    def _activate(self) -> None:
        self._viewer.layers.selection.active = self._nuclei.layer

    def _show_results(self) -> None:
        tile = self._tile
        self._nuclei.show_results(results_of(tile, self._session.layout) if tile is not None else ())

    def _new_class(self, tile: SyntheticTile) -> int:
        """Class of nuclei that are painted anew, in the tile's own taxonomy."""
        name = self._session.layout.taxonomy.names[self._session.active_class]
        taxonomy = tile.request.layout.taxonomy
        return taxonomy.names.index(name) if name in taxonomy.names else taxonomy.unspecified

    def _bind_keys(self, role: str, layer: Layer) -> None:
        bind_undo(layer, self.undo, self.redo)
        self._bind_letters(role, layer)

    def _bind_letters(self, role: str, layer: Layer) -> None:
        bind_verdicts(layer, self._decide)
        if role != SEMANTIC:
            bind_classes(layer, self._taxonomy, self.pick, _HELD.get(role, ""))

    def _decide(self, verdict: Verdict) -> None:
        # While a tile is being made, another one is seen than the one that would be decided.
        if self._preview is None and self._session.current is not None:
            self.flush()
            self.decided.emit(verdict)
