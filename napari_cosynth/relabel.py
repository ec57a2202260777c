"""A tile whose masks, or the class of a nucleus, were corrected by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from napari_cosynth.layout import Layout
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
    _check_class(new_class, layout)

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


def reclassed(tile: SyntheticTile, label: int, class_id: int) -> SyntheticTile:
    """The tile with another class for one nucleus, and everything that follows from it.

    Parameters
    ----------
    tile
        As it was.
    label
        Label id of the nucleus.
    class_id
        Index into the tile's own taxonomy.

    Returns
    -------
    SyntheticTile
        Marked as edited; ``tile`` itself if the nucleus is of that class.

    Raises
    ------
    ValueError
        If the tile has no such nucleus, or its taxonomy no such class.
    """
    layout = tile.request.layout
    _check_class(class_id, layout)
    was = next((nucleus for nucleus in tile.nuclei if nucleus.id == label), None)
    if was is None:
        raise ValueError(f"no nucleus of this tile has the label {label}; choose one of its instances")
    if was.class_id == class_id:
        return tile
    semantic = tile.semantic.copy()
    semantic[tile.instances == label] = class_id + 1
    now = was.model_copy(update={"class_id": int(class_id)})
    nuclei = tuple(now if nucleus is was else nucleus for nucleus in tile.nuclei)
    return replace(tile, semantic=semantic, nuclei=nuclei, edited=True, report=layout_report(layout, nuclei))


def _check_class(class_id: int, layout: Layout) -> None:
    count = len(layout.taxonomy)
    if not 0 <= class_id < count:
        raise ValueError(f"no class has the id {class_id}; 0..{count - 1} is allowed for this tile")
