"""Labels drawn for the eye: contours over the image, points, class colours.

Colours come from the taxonomy alone. Arrays in, arrays out; no torch, no files.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw

from napari_cosynth.classes import Taxonomy

BACKGROUND = (24, 22, 30)
"""Colour of background in `semantic_colors`."""

_SUBPIXELS = 4  # canvas pixels per output pixel and side at scale 1: what makes lines smooth
_SMOOTHING_PX = 0.8  # takes the stairs off mask borders
_LEVEL = 0.6  # a little inside the border, so that the lines of two touching nuclei stay apart
_HALO = (20, 12, 30, 120)
_DOT_PX = 1.7


def overlay(
    image: np.ndarray,
    instances: np.ndarray,
    class_of: Mapping[int, int],
    taxonomy: Taxonomy,
    *,
    width: float = 1.0,
    points: np.ndarray | None = None,
    point_classes: np.ndarray | None = None,
    scale: int = 1,
) -> np.ndarray:
    """The image with one contour per nucleus in the colour of its class.

    Parameters
    ----------
    image
        uint8 (H, W, 3) RGB.
    instances
        int (H, W), 0 = background; ids may have gaps.
    class_of
        Class id (taxonomy) of each instance id. Ids not listed are drawn as unspecified.
    taxonomy
        Gives the colours.
    width
        Width of the contours in px of the tile.
    points
        Float (N, 2) row, col in px, pixel centres at integers: drawn as dots.
    point_classes
        Int (N,) class id of each point; None for all unspecified.
    scale
        Whole factor by which the picture is enlarged; 2 gives crisper lines.

    Returns
    -------
    uint8 (H * scale, W * scale, 3) RGB.

    Raises
    ------
    ValueError
        If image and instances differ in size, points and their classes in
        number, the scale is not a positive whole number, or a class id is not
        in the taxonomy.
    """
    _check(image, instances, points, point_classes, scale)
    height, width_px = instances.shape
    size = (width_px * scale, height * scale)
    factor = max(_SUBPIXELS, scale)
    factor += -factor % scale
    canvas = Image.new("RGBA", (width_px * factor, height * factor), (0, 0, 0, 0))
    pen = ImageDraw.Draw(canvas)

    lines = [(_on_canvas(line, factor), _rgba(class_of.get(label, taxonomy.unspecified), taxonomy))
             for label, line in _contours(instances)]  # fmt: skip
    for line, _ in lines:
        pen.line(line, fill=_HALO, width=round((width + 0.8) * factor), joint="curve")
    for line, color in lines:
        pen.line(line, fill=color, width=max(1, round(width * factor)), joint="curve")

    if points is not None and len(points):
        classes = np.full(len(points), taxonomy.unspecified) if point_classes is None else point_classes
        for centre, class_id in zip(_on_canvas(np.asarray(points, float), factor), classes, strict=True):
            for radius, color in ((_DOT_PX + 0.7, (20, 12, 30, 255)), (_DOT_PX, _rgba(int(class_id), taxonomy))):
                pen.circle(centre, radius * factor, fill=color)

    drawn = canvas.resize(size, Image.Resampling.BOX)
    base = Image.fromarray(np.ascontiguousarray(image)).convert("RGBA")
    if scale > 1:
        base = base.resize(size, Image.Resampling.LANCZOS)
    return np.asarray(Image.alpha_composite(base, drawn).convert("RGB"))


def semantic_colors(semantic: np.ndarray, taxonomy: Taxonomy) -> np.ndarray:
    """A semantic map in the colours of its classes.

    Parameters
    ----------
    semantic
        uint8 (H, W): 0 = background, else class id + 1.

    Returns
    -------
    uint8 (H, W, 3) RGB; background is `BACKGROUND`.

    Raises
    ------
    ValueError
        If the map holds a value beyond the taxonomy's classes.
    """
    highest = int(semantic.max(initial=0))
    if highest > len(taxonomy):
        raise ValueError(f"semantic holds {highest}; 0..{len(taxonomy)} is allowed for this taxonomy")
    table = np.array([BACKGROUND, *(c.rgb for c in taxonomy)], np.uint8)
    return table[semantic]


def _contours(instances: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """(label, (n, 2) row/col) of each outline. A nucleus cut by the tile's edge is left open there."""
    # Late: they take a second to import, and the dock knows this module when it opens.
    from scipy import ndimage as ndi
    from skimage.measure import find_contours

    margin = 3
    padded = np.pad(instances, margin, mode="edge")
    found = []
    for label, box in enumerate(ndi.find_objects(padded), start=1):
        if box is None:
            continue
        mask = np.pad((padded[box] == label).astype(np.float32), margin)
        # A nucleus of a few pixels would be smoothed away; it keeps its stairs.
        outlines = find_contours(ndi.gaussian_filter(mask, _SMOOTHING_PX), _LEVEL) or find_contours(mask, 0.5)
        corner = np.array([box[0].start, box[1].start]) - 2 * margin
        found += [(label, outline + corner) for outline in outlines]
    return found


def _on_canvas(row_col: np.ndarray, factor: int) -> list[tuple[float, float]]:
    """(row, col) in px as PIL's (x, y) on a canvas that is ``factor`` times as fine."""
    return [(float(x), float(y)) for y, x in (row_col + 0.5) * factor - 0.5]


def _rgba(class_id: int, taxonomy: Taxonomy) -> tuple[int, int, int, int]:
    if not 0 <= class_id < len(taxonomy):
        raise ValueError(f"class id {class_id} is not in the taxonomy; 0..{len(taxonomy) - 1} is allowed")
    return (*taxonomy[class_id].rgb, 255)


def _check(
    image: np.ndarray,
    instances: np.ndarray,
    points: np.ndarray | None,
    point_classes: np.ndarray | None,
    scale: int,
) -> None:
    if image.dtype != np.uint8 or image.shape != (*instances.shape, 3):
        raise ValueError(f"image is {image.dtype} {image.shape}; instances {instances.shape} need uint8 (H, W, 3)")
    if scale < 1 or scale != int(scale):
        raise ValueError(f"scale is {scale}; it must be a whole number of at least 1")
    if points is not None and point_classes is not None and len(points) != len(point_classes):
        raise ValueError(f"{len(points)} points, but {len(point_classes)} point classes; they must be as many")
