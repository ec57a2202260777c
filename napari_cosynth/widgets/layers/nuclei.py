"""The nuclei layer: shows the session's layout, and brings every edit of its points to it.

The layout is the truth. Whatever napari or others do to the points is read off,
taken or refused, and then the layer shows the layout again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from napari.layers import Points

from napari_cosynth.layer_data import METADATA, class_colors, edge_colors, point_size, point_style, text_columns
from napari_cosynth.layout import Layout
from napari_cosynth.session import Session
from napari_cosynth.widgets.layers.keys import bind
from napari_cosynth.widgets.layers.own import OwnLayers
from napari_cosynth.widgets.layers.place_tool import use_place_tool
from napari_cosynth.widgets.layers.points_edit import edited

ROLE = "nuclei"
_BEFORE, _AFTER = ("adding", "removing", "changing"), ("added", "removed", "changed")
_PASTE_PX = 12.0
PLAIN, LOCKED = "disc", "diamond"
"""Signs of nuclei; the locked ones stay when others are placed anew."""


class NucleiLayer:
    """Keeps one points layer and ``session.layout`` in step.

    Parameters
    ----------
    own
        Where our layers live.
    say
        Takes a sentence for the user.
    chosen
        Takes the number of selected nuclei when it has changed.
    """

    def __init__(
        self,
        own: OwnLayers,
        session: Session,
        say: Callable[[str], None],
        chosen: Callable[[int], None] = lambda _count: None,
    ) -> None:
        self._own = own
        self._session = session
        self._say = say
        self._chosen, self._told = chosen, 0
        self._showing = False
        self._seen: Layout | None = None  # what the layer shows
        self._editing = False  # napari is in the middle of changing the points
        self._added = False
        self._copied: Layout | None = None
        self._pasted = 0  # how often the copies were pasted
        self._um_per_px = session.layout.um_per_px
        self._size = point_size(self._um_per_px)
        self._hidden: frozenset[int] = frozenset()
        self._results: tuple[str, ...] = ()

    @property
    def layer(self) -> Points | None:
        """The layer, if it is there."""
        return self._own.get(ROLE)

    @property
    def selected(self) -> tuple[int, ...]:
        """Indices of the selected nuclei."""
        return () if self.layer is None else tuple(sorted(int(i) for i in self.layer.selected_data))

    def show(self) -> Points:
        """Show the session's layout; the layer is made if need be, and selected points stay selected."""
        fresh = self.layer is None
        layer = self._own.put(ROLE, self._make)
        if fresh:
            # Not before: napari's controls of a new layer do not look which tool it has.
            layer.mode = "add"
        layout = self._session.layout
        with self._shown():
            selection = _carried(layer, layout) - set(np.flatnonzero(self._hidden_points(layout)).tolist())
            if not np.array_equal(layer.data, layout.centroids):
                layer.data = layout.centroids.copy()
            self._show_classes(layer, layout)
            if layer.selected_data != selection:
                layer.selected_data = selection
            self._show_active(layer)
        self._seen = layout
        self._tell_chosen()
        return layer

    def show_results(self, results: tuple[str, ...]) -> None:
        """Show for each point what the current tile made of it, where the mouse points; empty if nothing is known."""
        if results != self._results:
            self._results = results
            if self.layer is not None:
                self.show()

    def set_hidden(self, class_ids: frozenset[int]) -> None:
        """Show all nuclei but those of these classes."""
        self._hidden = class_ids
        if self.layer is not None:
            self.show()

    def pick(self, class_id: int) -> None:
        """Give the selected nuclei this class; with none selected, get ready to place nuclei of it."""
        layer = self.show()
        selected = sorted(layer.selected_data)
        self._session.set_active_class(class_id)
        if selected:
            self._reclass(selected, class_id)
        else:
            layer.mode = "add"

    def _make(self) -> Points:
        layout = self._session.layout
        layer = Points(layout.centroids.copy(), ndim=2, canvas_size_limits=(6, 60), **point_style(layout))
        use_place_tool(layer)
        layer.events.data.connect(self._on_data)
        layer.events.set_data.connect(self._on_set_data)
        layer.events.features.connect(self._on_features)
        layer.events.highlight.connect(self._on_highlight)
        bind(layer, "Control-C", self._copy)
        bind(layer, "Control-V", self._paste)
        return layer

    def _show_classes(self, layer: Points, layout: Layout) -> None:
        face = class_colors(layout.taxonomy)
        results = self._results if len(self._results) == len(layout) else ("",) * len(layout)
        features = text_columns(**{"class": layout.names, "tile": results})
        if {name: list(column) for name, column in layer.features.items()} != {n: list(v) for n, v in features.items()}:
            layer.features = features
        edge = edge_colors(face)
        gone = [class_id for class_id in self._hidden if class_id < len(face)]
        face[gone, 3] = edge[gone, 3] = 0
        for name, colors in (("face_color", face), ("border_color", edge)):
            if len(layout) and not np.array_equal(getattr(layer, name), colors[layout.class_ids]):
                setattr(layer, name, colors[layout.class_ids])
        symbols = [LOCKED if locked else PLAIN for locked in self._session.locked.mask(layout)]
        if symbols != [symbol.value for symbol in layer.symbol]:
            layer.symbol = symbols
        if layout.um_per_px != self._um_per_px:
            self._um_per_px = layout.um_per_px
            layer.size = layer.current_size = point_size(layout.um_per_px)
        # Without a size they cannot be taken hold of either. napari's own `shown` does nothing in two dimensions.
        hidden = self._hidden_points(layout)
        self._size = float(layer.current_size) or self._size
        size = np.where(hidden, 0, np.where(layer.size > 0, layer.size, self._size))
        if not np.array_equal(layer.size, size):
            layer.size = size
        layer.metadata[METADATA].update(
            height=layout.height, width=layout.width, um_per_px=layout.um_per_px, taxonomy=layout.taxonomy
        )

    def _hidden_points(self, layout: Layout) -> np.ndarray:
        return np.isin(layout.class_ids, list(self._hidden))

    def _show_active(self, layer: Points) -> None:
        """What the next point gets, in napari's own controls too."""
        taxonomy, class_id = self._session.layout.taxonomy, self._session.active_class
        face = class_colors(taxonomy)[class_id : class_id + 1]
        with layer.block_update_properties():
            layer.current_size = self._size  # napari takes over that of a hidden nucleus, none
            layer.current_face_color = face[0]
            layer.current_border_color = edge_colors(face)[0]
            layer.feature_defaults = {"class": taxonomy[class_id].name, "tile": ""}

    def _on_data(self, event: Any) -> None:
        if self._showing or self.layer is None:
            return
        action = str(event.action)
        self._editing = action in _BEFORE
        if action in _AFTER:
            self._added = action == "added"
            self._take()

    def _on_set_data(self, _event: Any) -> None:
        # napari's paste and edits in place tell nothing else than that the layer was drawn anew.
        layer = self.layer
        if layer is None or self._showing or self._editing or self._behind():
            return
        if not np.array_equal(layer.data, self._session.layout.centroids):
            self._take()

    def _on_features(self, _event: Any) -> None:
        layer = self.layer
        if layer is None or self._showing or self._behind():
            return
        if self._added:
            # napari selects what it added; the next class key is meant for the next nucleus.
            self._added = False
            layer.selected_data = set()
        names, layout = list(layer.features.get("class", ())), self._session.layout
        if not self._editing and len(names) == len(layout) and names != list(layout.names):
            self._take_names(names)

    def _behind(self) -> bool:
        """Whether the session has a newer layout, which this layer is about to be told: its points are no edit."""
        return self._seen is not self._session.layout

    def _on_highlight(self, _event: Any) -> None:
        # A box drawn around nuclei takes the hidden ones too; nobody means those.
        self._tell_chosen()
        layer = self.layer
        if layer is None or self._showing or self._editing or not self._hidden:
            return
        hidden = set(np.flatnonzero(self._hidden_points(self._session.layout)).tolist())
        if hidden & set(layer.selected_data):
            layer.selected_data = set(layer.selected_data) - hidden

    def _tell_chosen(self) -> None:
        count = len(self.selected)
        if count != self._told and not self._showing:
            self._told = count
            self._chosen(count)

    def _take(self) -> None:
        before = self._session.layout
        edit = edited(before, self.layer.data, self._session.active_class)
        self._session.set_layout(edit.layout, edit.name)
        if self._session.layout == before:
            self.show()
        if edit.refusal:
            self._say(edit.refusal)
        elif len(edit.layout) > len(before) and self._session.active_class in self._hidden:
            name = before.taxonomy[self._session.active_class].name
            self._say(f"A nucleus was added that you cannot see: {name} is hidden. Show it in the list of classes")

    def _take_names(self, names: list[Any]) -> None:
        """Classes edited in a table of the layer's features."""
        before = self._session.layout
        try:
            class_ids = np.array([before.taxonomy.id_of(str(name)) for name in names], int)
        except ValueError as error:
            self._say(f"The class was not changed: {error}")
            self.show()
            return
        self._session.set_layout(Layout(**dict(before) | {"class_ids": class_ids}), "Change class")

    def _reclass(self, indices: list[int], class_id: int) -> None:
        layout = self._session.layout
        self._session.set_layout(layout.reclass(indices, class_id), f"Change class to {layout.taxonomy[class_id].name}")

    def _copy(self) -> None:
        selected = sorted(self.layer.selected_data)
        if selected:
            layout = self._session.layout
            self._copied, self._pasted = layout.remove(set(range(len(layout))) - set(selected)), 0

    def _paste(self) -> None:
        """The copied nuclei with their classes, a little beside those they were copied from; they are selected then."""
        before = self._session.layout
        if self._copied is None or self._copied.taxonomy != before.taxonomy:
            return
        self._pasted += 1
        points = np.vstack([before.centroids, _beside(self._copied, _PASTE_PX * self._pasted)])
        edit = edited(before, points, np.concatenate([before.class_ids, self._copied.class_ids]))
        self._session.set_layout(edit.layout, edit.name)
        self.layer.selected_data = set(range(len(before), len(edit.layout)))
        if edit.refusal:
            self._say(edit.refusal)

    @contextmanager
    def _shown(self) -> Iterator[None]:
        before, self._showing = self._showing, True
        try:
            yield
        finally:
            self._showing = before


def _carried(layer: Points, layout: Layout) -> set[int]:
    """The selected points as indices of the layout: where they stand now, else by their number."""
    places = {tuple(point): i for i, point in enumerate(layout.centroids.tolist())}
    selected = [i for i in layer.selected_data if i < len(layer.data)]
    there = {i: places.get(tuple(layer.data[i].tolist())) for i in selected}
    if len(layer.data) == len(layout):
        return {int(i) if place is None else place for i, place in there.items()}
    return {place for place in there.values() if place is not None}


def _beside(layout: Layout, distance: float) -> np.ndarray:
    """Float (N, 2): the points moved down and to the right, or where the tile ends there, up and to the left."""
    size = np.array([layout.height, layout.width])
    room = (layout.centroids + distance < size - 0.5).all(axis=0)
    return layout.centroids + np.where(room, distance, -distance)
