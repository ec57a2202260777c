"""YOLO segmentation: a line a nucleus, its class and its outline in shares of width and height."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

from napari_cosynth.export.exporter import NOTICE, ClassTable, Encoded, Exporter, Finishing, Item
from napari_cosynth.export.outlines import one_ring


def _encode(item: Item, table: ClassTable) -> Encoded:
    height, width = item.tile.instances.shape
    lines = []
    for (nucleus, _), outline in zip(item.nuclei, item.outlines, strict=True):
        shares = one_ring(outline) / np.array([width, height])
        lines.append(f"{nucleus.class_id} {' '.join(f'{value:.6g}' for value in shares.ravel())}\n")
    return Encoded(
        {
            f"images/{item.split}/{item.name}.png": item.png,
            f"labels/{item.split}/{item.name}.txt": "".join(lines).encode(),
        }
    )


def _finish(finishing: Finishing) -> Iterator[tuple[str, list[bytes]]]:
    splits = {split: split for split in finishing.counts}
    remark = []
    if "train" in splits:
        # A trainer asks for a val set; where there is none, it is the train set.
        splits = {"train": "train", "val": "train"} | splits
    else:
        # None at all, so that a trainer refuses: never one that is kept for testing.
        remark = ["# No train set: the tiles were exported for validation or testing alone."]
    names = [f"  {i}: {json.dumps(name)}" for i, name in enumerate(finishing.taxonomy.names)]
    lines = [f"# {NOTICE}", *remark, *(f"{key}: images/{folder}" for key, folder in splits.items()), "names:", *names]
    yield "data.yaml", [("\n".join(lines) + "\n").encode()]


YOLO = Exporter(title="YOLO segmentation text", suffixes=(".txt", ".png", ".yaml"), encode=_encode, finish=_finish)
