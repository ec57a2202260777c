"""A tile whose masks were corrected by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from napari_cosynth.produced import produced_nuclei
from napari_cosynth.quality import layout_report
from napari_cosynth.tile import SyntheticTile

MAX_LABEL = np.iinfo(np.uint16).max
"""Highest label id: tiles are stored as 16-bit pictures."""


def relabelled(tile: SyntheticTile, instances: np.ndarray, new_class: int) -> SyntheticTile:
    """The tile with other masks, and everything that follows from them.

    Parameters
    ----------
    tile
        As it was.
    instances
        Integer (H, W): 0 = background, else label id. An id that the tile has
        keeps its class.
    new_class
        Class id of the nuclei whose id the tile does not have.

    Returns
    -------
    SyntheticTile
        Marked as edited; ``tile`` itself if the masks are the same.

    Raises
    ------
    ValueError
        If the masks are not of the tile's size, hold something else than label
        ids, or the taxonomy has no such class.
    """
    instances = np.asarray(instances)
    if instances.shape != tile.instances.shape or instances.dtype.kind not in "iu":
        raise ValueError(
            f"masks are {instances.dtype} {instances.shape}; this tile needs integers {tile.instances.shape}: "
            "correct the masks of the tile itself"
        )
    if np.array_equal(instances, tile.instances):
        return tile
    lowest, highest = int(instances.min()), int(instances.max())
    if lowest < 0 or highest > MAX_LABEL:
        wrong = lowest if lowest < 0 else highest
        raise ValueError(f"masks hold the label {wrong}; 0 (background) to {MAX_LABEL} is allowed: choose another one")
    layout = tile.request.layout
    if not 0 <= new_class < len(layout.taxonomy):
        raise ValueError(f"no class has the id {new_class}; 0..{len(layout.taxonomy) - 1} is allowed for this tile")

    instances = instances.astype(np.int32)
    class_of = dict.fromkeys(np.unique(instances[instances > 0]).tolist(), new_class)
    class_of |= {n.id: n.class_id for n in tile.nuclei if n.id in class_of}
    table = np.zeros(highest + 1, np.uint8)
    table[list(class_of)] = [class_id + 1 for class_id in class_of.values()]
    nuclei = produced_nuclei(instances, class_of, len(layout))
    return replace(
        tile,
        instances=instances,
        semantic=table[instances],
        nuclei=nuclei,
        edited=True,
        report=layout_report(layout, nuclei),
    )
