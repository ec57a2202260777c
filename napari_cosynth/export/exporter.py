"""What a format is: the contract between `dataset.export` and the formats.

A format turns values into bytes and knows no disk: it neither opens nor names
an absolute path, so that resuming, full disks and foreign files are handled in
one place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from scipy import ndimage as ndi

from napari_cosynth.classes import Taxonomy
from napari_cosynth.export.outlines import pixel_outline
from napari_cosynth.tile import ProducedNucleus, SyntheticTile
from napari_cosynth.tile_png import png_bytes

NOTICE = "Synthetic histology, made by a diffusion model. For research, not for diagnosis."

ClassTable = Mapping[str, str]
"""Name of the format's class for each of ours that occurs; the table that users see and change."""


class ExportError(ValueError):
    """A data set that cannot be written as asked; the message says why and what to do."""


class FolderTaken(ExportError):
    """The folder holds something else than this export, and leave to replace it was not given.

    Parameters
    ----------
    former
        True if it is another export, which would be removed as a whole.
    others
        Else the names of the files and folders in it; those of the same names would be replaced.
    """

    def __init__(self, message: str, former: bool, others: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.former = former
        self.others = others


@dataclass(frozen=True)
class FixedClasses:
    """The classes of a format that does not take any: name -> number in the file.

    Parameters
    ----------
    values
        Number by name, in the format's order.
    defaults
        Counterpart of our classes, where there is one.
    """

    values: Mapping[str, int]
    defaults: ClassTable


@dataclass(frozen=True)
class Item:
    """A tile on its way out, under the name that it has in the data set.

    Tiles of one ``group`` have variants of one layout, and are all in one split.
    """

    name: str
    split: str
    group: str
    tile: SyntheticTile

    @property
    def taxonomy(self) -> Taxonomy:
        """The tile's classes."""
        return self.tile.request.layout.taxonomy

    @cached_property
    def nuclei(self) -> list[tuple[ProducedNucleus, tuple[slice, slice]]]:
        """Each nucleus with the box around its pixels, by ascending id.

        Raises
        ------
        ExportError
            If the label map and the list of nuclei name different ids.
        """
        listed = {nucleus.id: nucleus for nucleus in self.tile.nuclei}
        boxes = {i: box for i, box in enumerate(ndi.find_objects(self.tile.instances), start=1) if box is not None}
        odd = sorted(listed.keys() ^ boxes.keys())
        if odd:
            where = "only in the list of nuclei" if odd[0] in listed else "only in the label map"
            raise ExportError(f"nucleus {odd[0]} is {where} ({len(odd)} such); save the tile again")
        return [(listed[i], boxes[i]) for i in sorted(boxes)]

    # Several formats hold these two, and they take most of the time.
    @cached_property
    def png(self) -> bytes:
        """The image as PNG, with its request."""
        return png_bytes(self.tile.image, self.tile.request)

    @cached_property
    def outlines(self) -> list[shapely.Polygon | shapely.MultiPolygon]:
        """`pixel_outline` of each nucleus, in the order of `nuclei`."""
        return [
            pixel_outline(self.tile.instances[box] == nucleus.id, box[0].start, box[1].start)
            for nucleus, box in self.nuclei
        ]


@dataclass(frozen=True)
class Encoded:
    """One tile in a format.

    Parameters
    ----------
    files
        Contents by path, relative to the format's folder.
    rows
        What `finish` needs of this tile, as JSON; kept on disk until then.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    rows: Any = None


@dataclass(frozen=True)
class Finishing:
    """All that a format's last files are written from; nothing of it is held in memory at once.

    Parameters
    ----------
    counts
        Tiles of each split that has any, "train" first.
    rows
        ``rows`` of each tile of a split.
    items
        The tiles of a split once more, read from their files.
    """

    taxonomy: Taxonomy
    table: ClassTable
    counts: Mapping[str, int]
    licence: str
    rows: Callable[[str], Iterator[Any]]
    items: Callable[[str], Iterator[Item]]


Chunks = Iterable[bytes]


@dataclass(frozen=True)
class Exporter:
    """A format.

    Parameters
    ----------
    title
        For people.
    suffixes
        Of the files that it writes.
    encode
        One tile as files.
    finish
        (path, content in pieces) of each file about all tiles; written after the last tile.
    classes
        None if the format takes any classes.
    tile_size
        (height, width) if the format takes only that.
    """

    title: str
    suffixes: tuple[str, ...]
    encode: Callable[[Item, ClassTable], Encoded]
    finish: Callable[[Finishing], Iterator[tuple[str, Chunks]]] = lambda finishing: iter(())
    classes: FixedClasses | None = None
    tile_size: tuple[int, int] | None = None


def class_values(item: Item, table: ClassTable, classes: FixedClasses) -> np.ndarray:
    """int64 (largest label id + 1,): the format's number of each label id; 0 for background."""
    values = np.zeros(int(item.tile.instances.max(initial=0)) + 1, np.int64)
    names = item.taxonomy.names
    for nucleus, _ in item.nuclei:
        values[nucleus.id] = classes.values[table[names[nucleus.class_id]]]
    return values
