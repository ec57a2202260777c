"""Pictures of a running training: real crops and their labels beside made ones for the same points.

They hold real tissue, so they stay in the run's folder and never go into a model.
"""

from __future__ import annotations

import numpy as np
import torch

from napari_cosynth.classes import Taxonomy
from napari_cosynth.data.crops import Crop, CropSampler
from napari_cosynth.layout import Layout
from napari_cosynth.model.instances import Labels
from napari_cosynth.model.pipeline import CoSynthPipeline
from napari_cosynth.overlay import overlay, semantic_colors

_FIRST = 2**40
"""Crop numbers that no training reaches."""


def crop_layout(crop: Crop, taxonomy: Taxonomy) -> Layout:
    """The layout that a crop's points make; of two points less than a pixel apart the first stays."""
    kept: list[int] = []
    for i, point in enumerate(crop.points):
        if all(np.hypot(*(point - crop.points[k])) >= 1 for k in kept):
            kept.append(i)
    height, width = crop.image.shape[:2]
    return Layout(
        centroids=crop.points[kept],
        class_ids=crop.point_classes[kept],
        height=height,
        width=width,
        taxonomy=taxonomy,
    )


def preview_grid(pipe: CoSynthPipeline, sampler: CropSampler, n: int = 8, steps: int = 12) -> np.ndarray:
    """Rows of real image, real contours, made image, made contours, made classes.

    Returns
    -------
    uint8 (rows, columns, 3) RGB.
    """
    taxonomy = pipe.taxonomy
    rows = []
    for i in range(n):
        crop = sampler.crop(_FIRST + i)
        layout = crop_layout(crop, taxonomy)
        out = pipe(layout, crop.caption, steps, generator=torch.Generator().manual_seed(i))
        real = Labels(crop.instances, np.zeros(crop.instances.shape, np.uint8), crop.fragment_class)
        made = out.labels[0]
        rows.append(
            np.concatenate(
                [
                    crop.image,
                    _drawn(crop.image, real, taxonomy),
                    out.images[0],
                    _drawn(out.images[0], made, taxonomy),
                    semantic_colors(made.semantic, taxonomy),
                ],
                axis=1,
            )
        )
    return np.concatenate(rows)


def _drawn(image: np.ndarray, labels: Labels, taxonomy: Taxonomy) -> np.ndarray:
    unspecified = {i: taxonomy.unspecified for i in np.unique(labels.instances) if i}
    return overlay(image, labels.instances, unspecified | labels.class_of, taxonomy)
