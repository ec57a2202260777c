"""Make the pictures of the README and of the model card, with the bundled model.

    python docs/make_pictures.py

Nothing is selected: fixed seeds, all sample layouts.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from napari_cosynth.evaluation.grid import class_legend, tile_grid
from napari_cosynth.layout import Layout
from napari_cosynth.model.zoo import find_model
from napari_cosynth.overlay import overlay, semantic_colors
from napari_cosynth.resources import Sample, samples
from napari_cosynth.synthesis import Finished, make_request, run
from napari_cosynth.tile import SyntheticTile

DOCS = Path(__file__).resolve().parent
SHOWN = ("tumour_nest_with_infiltrate", "gland", "ki67_ihc")
SEED = 1


def made(sample: Sample, seed: int) -> SyntheticTile:
    """The sample's tile."""
    request = make_request(sample.layout(), sample.prompt, seed=seed)
    return next(event.tile for event in run(request) if isinstance(event, Finished))


def points_picture(layout: Layout, scale: int = 1) -> np.ndarray:
    """The points alone: uint8 (H * scale, W * scale, 3)."""
    paper = np.full((layout.height, layout.width, 3), 250, np.uint8)
    nothing = np.zeros((layout.height, layout.width), np.int32)
    return overlay(
        paper,
        nothing,
        {},
        layout.taxonomy,
        points=layout.centroids,
        point_classes=layout.class_ids,
        scale=scale,
    )


def demo() -> np.ndarray:
    """Points, tile, contours, classes of three samples."""
    rows, labels = [], []
    for sample in samples():
        if sample.name in SHOWN:
            tile, layout = made(sample, SEED), sample.layout()
            class_of = {n.id: n.class_id for n in tile.nuclei}
            rows.append(
                [
                    points_picture(layout),
                    tile.image,
                    overlay(tile.image, tile.instances, class_of, layout.taxonomy),
                    semantic_colors(tile.semantic, layout.taxonomy),
                ]
            )
            labels.append(f"{sample.prompt}: {tile.report.sentence()}")
    sheet = tile_grid(rows, labels, ["points", "made image", "its instances", "its classes"])
    legend = class_legend(samples()[0].layout().taxonomy)
    width = max(sheet.shape[1], legend.shape[1])
    padded = [np.pad(p, ((0, 0), (0, width - p.shape[1]), (0, 0)), constant_values=255) for p in (sheet, legend)]
    return np.concatenate(padded)


def card_grid() -> np.ndarray:
    """Two seeds of each of the eight sample layouts: 16 unselected tiles."""
    rows = []
    for half in (samples()[:4], samples()[4:]):
        for seed in (11, 12):
            rows.append([made(sample, seed).image for sample in half])
    return tile_grid(rows)


if __name__ == "__main__":
    Image.fromarray(demo()).save(DOCS / "demo.png", optimize=True)
    Image.fromarray(card_grid()).save(find_model().path / "grid.png", optimize=True)
