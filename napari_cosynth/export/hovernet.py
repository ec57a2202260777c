"""HoVer-Net: a ``.mat`` a tile in CoNSeP's layout, with CoNSeP's type numbers."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import numpy as np
from scipy.io import savemat

from napari_cosynth.classes import UNSPECIFIED
from napari_cosynth.export.exporter import (
    ClassTable,
    Encoded,
    Exporter,
    Finishing,
    FixedClasses,
    Item,
    class_values,
)

CLASSES = FixedClasses(
    values={
        "no label": 0,
        "other": 1,
        "inflammatory": 2,
        "healthy epithelial": 3,
        "malignant epithelial": 4,
        "fibroblast": 5,
        "muscle": 6,
        "endothelial": 7,
    },
    defaults={
        UNSPECIFIED: "no label",
        "other": "other",
        "inflammatory": "inflammatory",
        "epithelial": "healthy epithelial",
        "neoplastic": "malignant epithelial",
        "connective": "fibroblast",
    },
)
_COLORS = (
    *((0, 0, 0), (255, 255, 255), (86, 224, 255), (0, 179, 125)),
    *((213, 94, 0), (240, 228, 66), (200, 120, 60), (230, 0, 126)),
)
# In place of scipy's, which holds the time: the same tile gives the same file.
_HEADER = b"MATLAB 5.0 MAT-file, synthetic histology written by napari-cosynth".ljust(116)
FOLDERS = {"train": "Train", "val": "Valid", "test": "Test"}


def _encode(item: Item, table: ClassTable) -> Encoded:
    instances = item.tile.instances
    values = class_values(item, table, CLASSES)
    nuclei = [nucleus for nucleus, _ in item.nuclei]
    stream = io.BytesIO()
    savemat(
        stream,
        {
            "inst_map": instances,
            "type_map": values[instances].astype(np.int32),
            # By ascending id, as numpy.unique(inst_map) lists them.
            "inst_type": np.array([values[n.id] for n in nuclei], np.int32).reshape(-1, 1),
            "inst_centroid": np.array([(n.col, n.row) for n in nuclei], np.float64).reshape(-1, 2),
        },
        do_compression=True,
    )
    folder = FOLDERS[item.split]
    return Encoded(
        {
            f"{folder}/Images/{item.name}.png": item.png,
            f"{folder}/Labels/{item.name}.mat": _HEADER + stream.getvalue()[len(_HEADER) :],
        }
    )


def _finish(finishing: Finishing) -> Iterator[tuple[str, list[bytes]]]:
    # The file that HoVer-Net's --type_info_path takes.
    info = {str(i): [name, color] for (name, i), color in zip(CLASSES.values.items(), _COLORS, strict=True)}
    yield "type_info.json", [json.dumps(info, indent=1).encode() + b"\n"]


HOVERNET = Exporter(
    title="HoVer-Net .mat in CoNSeP's layout",
    suffixes=(".mat", ".png", ".json"),
    encode=_encode,
    finish=_finish,
    classes=CLASSES,
)
