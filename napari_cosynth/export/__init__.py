"""Formats that other people's trainers and tools read, by the key that `--format` takes.

Knows no torch and no Qt. `napari_cosynth.export.dataset.export` writes them.
"""

from __future__ import annotations

from napari_cosynth.export.coco import COCO
from napari_cosynth.export.exporter import Exporter
from napari_cosynth.export.folder import FOLDER
from napari_cosynth.export.geojson import GEOJSON
from napari_cosynth.export.hovernet import HOVERNET
from napari_cosynth.export.ometiff import OMETIFF
from napari_cosynth.export.pannuke import PANNUKE
from napari_cosynth.export.yolo import YOLO

FORMATS: dict[str, Exporter] = {
    "folder": FOLDER,
    "coco": COCO,
    "geojson": GEOJSON,
    "hovernet": HOVERNET,
    "pannuke": PANNUKE,
    "ometiff": OMETIFF,
    "yolo": YOLO,
}
