"""PanNuke: three arrays a split, 256 x 256 px tiles alone."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np

from napari_cosynth.export.exporter import (
    ClassTable,
    Encoded,
    Exporter,
    Finishing,
    FixedClasses,
    Item,
    class_values,
)
from napari_cosynth.export.tissue import pannuke_type

SIDE = 256
CLASSES = FixedClasses(
    # Number in the file = channel of masks.npy + 1; the last channel is the background.
    values={"neoplastic": 1, "inflammatory": 2, "connective": 3, "dead": 4, "epithelial": 5},
    defaults={
        "neoplastic": "neoplastic",
        "inflammatory": "inflammatory",
        "connective": "connective",
        "other": "dead",
        "epithelial": "epithelial",
    },
)


def masks_of(item: Item, table: ClassTable) -> np.ndarray:
    """int32 (256, 256, 6): label ids of each class' nuclei; the last channel 1 where no nucleus is."""
    instances = item.tile.instances
    channel = class_values(item, table, CLASSES)[instances]
    masks = np.zeros((*instances.shape, len(CLASSES.values) + 1), np.int32)
    for c in range(len(CLASSES.values)):
        masks[..., c] = np.where(channel == c + 1, instances, 0)
    masks[..., -1] = instances == 0
    return masks


def _encode(item: Item, table: ClassTable) -> Encoded:
    # The arrays are written at the end, tile by tile: a header that says how many
    # there are must stand before the first.
    item.nuclei  # noqa: B018  checked now, while the tile can still be left out
    return Encoded(rows=[pannuke_type(item.tile.request.prompt), item.name])


def _finish(finishing: Finishing) -> Iterator[tuple[str, Iterator[bytes]]]:
    for split, n in finishing.counts.items():
        yield f"{split}/images.npy", _images(finishing, split, n)
        yield f"{split}/masks.npy", _masks(finishing, split, n)
        yield f"{split}/types.npy", _text(finishing, split, 0)
        yield f"{split}/names.npy", _text(finishing, split, 1)


def _images(finishing: Finishing, split: str, n: int) -> Iterator[bytes]:
    yield _header((n, SIDE, SIDE, 3), np.dtype(np.uint8))
    for item in finishing.items(split):
        yield item.tile.image.tobytes()


def _masks(finishing: Finishing, split: str, n: int) -> Iterator[bytes]:
    yield _header((n, SIDE, SIDE, len(CLASSES.values) + 1), np.dtype("<i4"))
    for item in finishing.items(split):
        yield masks_of(item, finishing.table).astype("<i4").tobytes()


def _text(finishing: Finishing, split: str, column: int) -> Iterator[bytes]:
    stream = io.BytesIO()
    np.save(stream, np.array([rows[column] for rows in finishing.rows(split)], dtype=np.str_), allow_pickle=False)
    yield stream.getvalue()


def _header(shape: tuple[int, ...], dtype: np.dtype) -> bytes:
    stream = io.BytesIO()
    facts = {"shape": shape, "fortran_order": False, "descr": np.lib.format.dtype_to_descr(dtype)}
    np.lib.format.write_array_header_1_0(stream, facts)
    return stream.getvalue()


PANNUKE = Exporter(
    title="PanNuke arrays (256 x 256 px)",
    suffixes=(".npy",),
    encode=_encode,
    finish=_finish,
    classes=CLASSES,
    tile_size=(SIDE, SIDE),
)
