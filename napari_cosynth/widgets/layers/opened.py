"""Layouts and projects that somebody opens in the viewer: taken into the session, whose layers show them.

Readers, samples and menus mark the layers they add with the fact ``opened``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from napari.components import ViewerModel
from napari.layers import Layer, Points
from pydantic import ValidationError
from qtpy.QtCore import QTimer

from napari_cosynth.layer_data import METADATA, layout_of_points
from napari_cosynth.layout import plain_message
from napari_cosynth.session import Session
from napari_cosynth.widgets.tile_facts import layout_opened


class OpenedLayers:
    """Watches a viewer for opened layers.

    Parameters
    ----------
    say
        Takes a sentence for the user.
    project
        Takes the path of a project that was opened.
    taken
        Is called after layers were taken in, when napari has none selected.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        session: Session,
        say: Callable[[str], None],
        project: Callable[[str], None],
        taken: Callable[[], None],
    ) -> None:
        self._viewer = viewer
        self._session = session
        self._say = say
        self._project = project
        self._on_taken = taken
        self._waiting: list[Layer] = []
        # Later, because napari still works with a layer that it has just inserted.
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.take)
        viewer.layers.events.inserted.connect(self._on_inserted)
        if not len(session.layout):
            # Opened before the dock was; it does not take the place of anybody's work.
            self._waiting = [layer for layer in viewer.layers if _facts(layer).get("opened") in ("layout", "labels")]
            self._timer.start(0)

    def take(self) -> None:
        """Take in what was opened, now."""
        waiting, self._waiting = self._waiting, []
        projects = dict.fromkeys(_facts(layer)["path"] for layer in waiting if _facts(layer)["opened"] == "project")
        for layer in waiting:
            if layer not in self._viewer.layers:
                continue
            if _facts(layer)["opened"] == "project" or (isinstance(layer, Points) and self._taken(layer)):
                self._viewer.layers.remove(layer)
                self._on_taken()
        for path in projects:
            self._project(path)

    def close(self) -> None:
        """Let go of the viewer."""
        self._timer.stop()
        self._viewer.layers.events.inserted.disconnect(self._on_inserted)

    def _on_inserted(self, event: Any) -> None:
        if "opened" in _facts(event.value):
            self._waiting.append(event.value)
            self._timer.start(0)

    def _taken(self, layer: Points) -> bool:
        """Whether the layer's points are the session's layout now."""
        facts, before = _facts(layer), self._session.layout
        try:
            layout = layout_of_points(
                layer.data,
                layer.features.get("class"),
                size=(facts["height"], facts["width"]) if "height" in facts else None,
                preferred=(before.height, before.width),
                um_per_px=facts.get("um_per_px", before.um_per_px),
                taxonomy=before.taxonomy,
            )
        except ValueError as error:
            said = plain_message(error) if isinstance(error, ValidationError) else str(error)
            self._say(f"{layer.name} was not taken as the layout: {said}")
            return False
        self._session.edit(f"Open {layer.name}", layout=layout, prompt=facts.get("prompt"))
        self._say(facts.get("said") or layout_opened(layer.name, layout))
        return True


def _facts(layer: Layer) -> dict[str, Any]:
    facts = layer.metadata.get(METADATA)
    return facts if isinstance(facts, dict) else {}
