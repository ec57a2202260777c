"""The made nucleus whose label is chosen in napari's controls, and its class corrected."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from napari.layers import Labels

from napari_cosynth.session import Session


def reclass_chosen(layer: Labels, session: Session, class_id: int, say: Callable[[str], None]) -> bool:
    """Give the nucleus of the current tile whose label is selected in a layer another class.

    Parameters
    ----------
    layer
        The instances of the current tile; those of another one, or of a preview, are passed over.
    class_id
        Index into the layout's taxonomy; it becomes the active class.
    say
        Takes a sentence for the user.

    Returns
    -------
    False if no nucleus is chosen.
    """
    current = session.current
    if current is None or not layer.editable or not np.array_equal(layer.data, current.tile.instances):
        return False
    label = int(layer.selected_label)
    if label not in {nucleus.id for nucleus in current.tile.nuclei}:
        return False
    session.set_active_class(class_id)
    name = session.layout.taxonomy.names[class_id]
    names = current.tile.request.layout.taxonomy.names
    if name in names:
        session.reclass_nucleus(current.key, label, names.index(name))
    else:
        say(f"The class was not changed: this tile has no class {name}. Choose one of {', '.join(names)}")
    return True
