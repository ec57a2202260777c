"""A layout out of any segmentation that the user has open: the deepest point of each nucleus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cosynth.classes import Taxonomy
from napari_cosynth.counted import nuclei
from napari_cosynth.layer_data import layout_layer, taxonomy_in
from napari_cosynth.layout import Layout
from napari_cosynth.points import MAX_SIDE, MIN_SIDE, SIDE_STEP

if TYPE_CHECKING:
    from napari.layers import Labels, Layer
    from napari.viewer import Viewer

_MICROMETRE = ("micrometer", "micron", "um", "µm")


def layout_of_labels(layer: Layer | None, taxonomy: Taxonomy, um_per_px: float) -> tuple[Layout, str]:
    """The layout of a labels layer, and a sentence that says what was taken.

    The tile is the layer's size, made larger to the next multiple of 16, so no
    nucleus is lost; the added margin is below and to the right.

    Parameters
    ----------
    layer
        Two-dimensional, at most 1024 px a side; of a pyramid the finest level. Its features may have a column
        "class" with names or numbers (1 is the first class), by label.
    um_per_px
        Pixel size where the layer is not in micrometres.

    Raises
    ------
    ValueError
        If it is no labels layer, is larger, has more dimensions, or holds no layout; the message says what to do.
    """
    from napari.layers import Labels

    if not isinstance(layer, Labels):
        raise ValueError("no labels layer is selected; select the one with your nuclei in the list of layers")
    finest = layer.data[0] if layer.multiscale else layer.data
    if len(finest.shape) != 2:
        raise ValueError(
            f"the labels layer {layer.name!r} has {len(finest.shape)} dimensions; a layout needs two: "
            "take one plane of it"
        )
    height, width = finest.shape
    # Before the pixels are asked for: those of a slide may not fit into memory.
    if max(height, width) > MAX_SIDE:
        raise ValueError(
            f"the labels layer {layer.name!r} is {height} x {width} px; a tile is at most {MAX_SIDE} x {MAX_SIDE} px. "
            "Crop the layer to the region you want, then use that"
        )
    # Late: it brings scipy.ndimage, which would slow the opening of the dock.
    from napari_cosynth.interior import interior_points

    labels = np.asarray(finest)
    ids, points = interior_points(labels.astype(np.int64))
    class_ids, unknown = _classes(layer.features, ids, taxonomy)
    size = tuple(max(MIN_SIDE, -(-side // SIDE_STEP) * SIDE_STEP) for side in labels.shape)
    layout = Layout(
        centroids=points.astype(float),
        class_ids=class_ids,
        height=size[0],
        width=size[1],
        um_per_px=_um_per_px(layer) or um_per_px,
        taxonomy=taxonomy,
    )
    said = f"{nuclei(len(layout))} of {layer.name!r} {'is' if len(layout) == 1 else 'are'} the layout now"
    if size != labels.shape:
        said += f", on {size[0]} x {size[1]} px: the layer's {height} x {width} px with a margin to multiples of 16"
    if unknown:
        said += f". Classes this model does not know became unspecified: {', '.join(sorted(unknown))}"
    return layout, said


def add_centroids_layer(viewer: Viewer) -> None:
    """Use the selected labels layer as a layout: adds its points to the viewer, where an open dock takes them in.

    Raises
    ------
    ValueError
        If no labels layer is selected, or it holds no layout.
    """
    from napari.layers import Layer

    layer = viewer.layers.selection.active
    layout, said = layout_of_labels(layer, taxonomy_in(viewer.layers), 0.25)
    facts = {"height": layout.height, "width": layout.width, "said": said}
    if _um_per_px(layer):
        facts["um_per_px"] = layout.um_per_px
    viewer.add_layer(Layer.create(*layout_layer(layout, f"{layer.name} centroids", opened="labels", **facts)))


def _classes(features: Mapping[str, Any], ids: np.ndarray, taxonomy: Taxonomy) -> tuple[np.ndarray, set[str]]:
    """Class id of each label, unspecified where the table does not tell, and the names that are not known."""
    class_ids = np.full(len(ids), taxonomy.unspecified)
    if "class" not in features:
        return class_ids, set()
    values = list(features["class"])
    labels = list(features["index"]) if "index" in features else range(len(values))
    by_label = {int(label): value for label, value in zip(labels, values, strict=True)}
    unknown = set()
    for at, label in enumerate(ids.tolist()):
        value = by_label.get(label, "")
        if isinstance(value, int | float | np.number) and 1 <= value <= len(taxonomy):
            class_ids[at] = int(value) - 1
        elif str(value).strip().lower() in taxonomy.names:
            class_ids[at] = taxonomy.id_of(str(value))
        elif value == value and str(value).strip():  # NaN, which is not itself, stands for no class
            unknown.add(str(value))
    return class_ids, unknown


def _um_per_px(layer: Labels) -> float | None:
    """The layer's pixel size, if it is square and in micrometres."""
    units = [str(unit) for unit in getattr(layer, "units", None) or ()]
    scale = np.asarray(layer.scale, float)
    if units and all(unit in _MICROMETRE for unit in units) and np.ptp(scale) < 1e-9 < scale[0]:
        return float(scale[0])
    return None
