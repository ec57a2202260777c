"""Keys on our layers: class letters, verdicts, undo and redo, copy and paste of nuclei.

Bound on each layer, because napari leaves the keys of a manifest out; so the
layers of others keep theirs.
"""

from __future__ import annotations

from collections.abc import Callable

from napari.layers import Layer

from napari_cosynth.classes import Taxonomy
from napari_cosynth.tile import Verdict

Action = Callable[[], None]
VERDICTS: dict[str, Verdict] = {"A": "accepted", "R": "rejected"}
"""Verdicts by the keys that the gallery has for them too."""


def bind_classes(layer: Layer, taxonomy: Taxonomy, pick: Callable[[int], None], held: str = "") -> None:
    """Bind each class's letter to ``pick`` with its class id; ``held`` is pressed with it, such as "Shift-"."""
    for class_id, known in enumerate(taxonomy):
        bind(layer, held + known.key, lambda class_id=class_id: pick(class_id))


def unbind_classes(layer: Layer, taxonomy: Taxonomy, held: str = "") -> None:
    """Free the letters of the classes; napari's own meaning of them is back."""
    for known in taxonomy:
        layer.bind_key(held + known.key, None)


def bind_verdicts(layer: Layer, decide: Callable[[Verdict], None]) -> None:
    """Bind A and R to ``decide`` with their verdict; bound before the classes, whose letters may be these."""
    for key, verdict in VERDICTS.items():
        bind(layer, key, lambda verdict=verdict: decide(verdict))


def bind_undo(layer: Layer, undo: Action, redo: Action) -> None:
    """Bind Ctrl+Z, and Ctrl+Shift+Z and Ctrl+Y: napari's own Ctrl+Y turns to three dimensions, where no nucleus can be
    placed."""
    bind(layer, "Control-Z", undo)
    bind(layer, "Control-Shift-Z", redo)
    bind(layer, "Control-Y", redo)


def bind(layer: Layer, key: str, action: Action) -> None:
    """Bind a key of this layer alone to something that does not ask for the layer."""
    layer.bind_key(key, lambda _layer: action(), overwrite=True)
