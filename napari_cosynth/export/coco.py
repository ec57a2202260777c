"""COCO: one JSON a split with run-length masks, and the images beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from pycocotools import mask as rle

from napari_cosynth.export.exporter import NOTICE, ClassTable, Encoded, Exporter, Finishing, Item


def _encode(item: Item, table: ClassTable) -> Encoded:
    tile = item.tile
    canvas = np.zeros(tile.instances.shape, np.uint8, order="F")
    annotations = []
    for nucleus, box in item.nuclei:
        canvas[box] = tile.instances[box] == nucleus.id
        encoded = rle.encode(canvas)
        canvas[box] = 0
        annotations.append(
            {
                "category_id": nucleus.class_id + 1,
                "segmentation": {"size": list(encoded["size"]), "counts": encoded["counts"].decode("ascii")},
                "area": int(rle.area(encoded)),
                "bbox": rle.toBbox(encoded).tolist(),
                "iscrowd": 0,
                "nucleus": nucleus.id,
            }
        )
    height, width = tile.instances.shape
    image = {
        "file_name": f"{item.name}.png",
        "height": height,
        "width": width,
        "license": 1,
        "synthetic": True,
        "um_per_px": tile.request.layout.um_per_px,
    }
    return Encoded({f"{item.split}/{item.name}.png": item.png}, {"image": image, "annotations": annotations})


def _finish(finishing: Finishing) -> Iterator[tuple[str, Iterator[bytes]]]:
    for split in finishing.counts:
        yield f"annotations/instances_{split}.json", _split_json(finishing, split)


def _split_json(finishing: Finishing, split: str) -> Iterator[bytes]:
    head = {
        "info": {"description": NOTICE, "synthetic": True, "contributor": "napari-cosynth", "version": "1"},
        "licenses": [{"id": 1, "name": finishing.licence, "url": ""}],
        "categories": [
            {"id": i + 1, "name": c.name, "supercategory": "nucleus", "color": list(c.rgb)}
            for i, c in enumerate(finishing.taxonomy)
        ],
    }
    yield json.dumps(head)[:-1].encode()
    yield b',\n"images": ['
    yield from _listed({"id": i} | rows["image"] for i, rows in enumerate(finishing.rows(split), start=1))
    yield b'],\n"annotations": ['
    yield from _listed(_numbered(finishing.rows(split)))
    yield b"]}\n"


def _numbered(all_rows: Iterator[Any]) -> Iterator[dict[str, Any]]:
    number = 0
    for image_id, rows in enumerate(all_rows, start=1):
        for annotation in rows["annotations"]:
            number += 1
            yield {"id": number, "image_id": image_id} | annotation


def _listed(values: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    comma = "\n"
    for value in values:
        yield (comma + json.dumps(value)).encode()
        comma = ",\n"


COCO = Exporter(title="COCO instances, run-length masks", suffixes=(".json", ".png"), encode=_encode, finish=_finish)
