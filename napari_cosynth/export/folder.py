"""The folder format: what `napari_cosynth.data.folder` reads and `train` takes.

Images and masks without loss, and with them the semantic map, which the reader
does not need.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from napari_cosynth.export.exporter import ClassTable, Encoded, Exporter, Finishing, Item
from napari_cosynth.export.tissue import organ_of, stain_of
from napari_cosynth.interior import interior_points
from napari_cosynth.tile_files import tile_pictures
from napari_cosynth.tile_png import png_bytes

_TILES = (
    *("name", "organ", "disease", "stain", "um_per_px", "height", "width", "n_nuclei"),
    *("split", "group", "annotation", "synthetic"),
)
_NUCLEI = ("name", "id", "row", "col", "class", "source_class", "area_px")


def _encode(item: Item, table: ClassTable) -> Encoded:
    tile, names = item.tile, item.taxonomy.names
    pictures = tile_pictures(tile)
    request = tile.request
    # The deepest pixel, not the centre of mass: the reader's points lie inside their nuclei.
    deepest = dict(zip(*(a.tolist() for a in interior_points(tile.instances)), strict=True))
    nuclei = [
        (item.name, n.id, *deepest[n.id], names[n.class_id], names[n.class_id], n.area_px) for n, _ in item.nuclei
    ]
    layout = request.layout
    facts = (organ_of(request.prompt), "", stain_of(request.prompt), layout.um_per_px, layout.height, layout.width)
    # The group says what must not be parted when somebody splits the data set anew.
    tile_row = (item.name, *facts, len(nuclei), item.split, item.group, "instance masks", "yes")
    return Encoded(
        {
            f"images/{item.name}.png": item.png,
            f"instances/{item.name}.png": png_bytes(pictures["instances"], request),
            f"semantic/{item.name}.png": png_bytes(pictures["semantic"], request),
        },
        {"tile": tile_row, "nuclei": nuclei},
    )


def _finish(finishing: Finishing) -> Iterator[tuple[str, Iterator[bytes]]]:
    def tiles() -> Iterator[bytes]:
        yield _csv([_TILES])
        for split in finishing.counts:
            for rows in finishing.rows(split):
                yield _csv([rows["tile"]])

    def nuclei() -> Iterator[bytes]:
        yield _csv([_NUCLEI])
        for split in finishing.counts:
            for rows in finishing.rows(split):
                yield _csv(rows["nuclei"])

    def classes() -> Iterator[bytes]:
        yield _csv([("semantic", "class", "color"), (0, "background", "#000000")])
        yield _csv([(i + 1, c.name, c.color) for i, c in enumerate(finishing.taxonomy)])

    yield "nuclei.csv", nuclei()
    yield "classes.csv", classes()
    yield "tiles.csv", tiles()


def _csv(rows: Sequence[Sequence[Any]]) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue().encode()


FOLDER = Exporter(
    title="PNG folder with CSV tables, read by `napari-cosynth train`",
    suffixes=(".png", ".csv"),
    encode=_encode,
    finish=_finish,
)
