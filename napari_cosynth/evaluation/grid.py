"""Contact sheets: tiles and their labels side by side, with captions.

Used by the training preview, the report and the model cards. Colours come from
the taxonomy. Arrays in, one array out; no torch, no files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from napari_cosynth.classes import Taxonomy
from napari_cosynth.overlay import overlay, semantic_colors

PANELS = ("image", "nuclei", "classes", "distance")
"""Titles of the pictures of `tile_panels`, in order."""

_PAPER = (255, 255, 255)
_INK = (40, 40, 46)
_FONT_PX = 13
_LINE_PX = 17
# Dark to light like "magma": even steps of lightness, readable without colour vision.
_HEAT = np.array([(10, 8, 22), (81, 18, 124), (183, 55, 121), (252, 137, 97), (252, 253, 191)], float)


def tile_panels(
    image: np.ndarray,
    instances: np.ndarray,
    class_of: Mapping[int, int],
    taxonomy: Taxonomy,
    *,
    semantic: np.ndarray | None = None,
    distance: np.ndarray | None = None,
    points: np.ndarray | None = None,
    point_classes: np.ndarray | None = None,
    scale: int = 1,
) -> list[np.ndarray]:
    """One row of a contact sheet: the image, its nuclei, their classes, the distance map.

    Parameters
    ----------
    image
        uint8 (H, W, 3) RGB.
    instances
        int (H, W), 0 = background.
    class_of
        Class id of each instance id.
    semantic
        uint8 (H, W), 0 = background, else class id + 1; None: from instances and classes.
    distance
        Float (H, W) in 0..1; None: no such panel.
    points, point_classes
        Drawn on the second panel: (N, 2) row, col in px and (N,) class ids.
    scale
        Whole factor by which the panels are enlarged.

    Returns
    -------
    Pictures uint8 (H * scale, W * scale, 3) in the order of `PANELS`, three or four.
    """
    semantic = _semantic(instances, class_of, taxonomy) if semantic is None else semantic
    nuclei = overlay(
        image, instances, class_of, taxonomy, points=points, point_classes=point_classes, scale=scale, width=0.9
    )
    panels = [_enlarged(image, scale), nuclei, _enlarged(semantic_colors(semantic, taxonomy), scale)]
    if distance is not None:
        panels.append(_enlarged(heat_colors(distance), scale))
    return panels


def tile_grid(
    rows: Sequence[Sequence[np.ndarray | None]],
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
    *,
    gap: int = 4,
) -> np.ndarray:
    """Put pictures into a grid with captions.

    Parameters
    ----------
    rows
        Pictures uint8 (h, w, 3); None leaves a cell empty. Rows may differ in
        length and pictures in size: each stands in the upper left of its cell.
    row_labels
        A caption under each row, or none; longer ones are cut with an ellipsis.
    column_labels
        A title above each column, or none.
    gap
        Space between pictures, px.

    Returns
    -------
    uint8 (H, W, 3) RGB.

    Raises
    ------
    ValueError
        If there is no picture, a picture is not uint8 RGB, or there are not as
        many labels as rows or columns.
    """
    _check_grid(rows, row_labels, column_labels)
    n_columns = max(len(row) for row in rows)
    widths = [
        max([row[c].shape[1] for row in rows if c < len(row) and row[c] is not None], default=0)
        for c in range(n_columns)
    ]
    heights = [max([p.shape[0] for p in row if p is not None], default=0) for row in rows]
    header = _LINE_PX if column_labels else 0
    caption = _LINE_PX if row_labels else 0
    size = (sum(widths) + gap * (n_columns + 1), header + sum(heights) + len(rows) * (caption + gap) + gap)

    sheet = Image.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(_FONT_PX)
    lefts = np.cumsum([gap, *(width + gap for width in widths)])
    for column, label in enumerate(column_labels):
        pen.text((int(lefts[column]), gap), _fitted(label, widths[column], font), fill=_INK, font=font)
    top = gap + header
    for number, row in enumerate(rows):
        for column, picture in enumerate(row):
            if picture is not None:
                sheet.paste(Image.fromarray(np.ascontiguousarray(picture)), (int(lefts[column]), top))
        top += heights[number]
        if row_labels:
            pen.text((gap, top + 1), _fitted(row_labels[number], size[0] - 2 * gap, font), fill=_INK, font=font)
        top += caption + gap
    return np.asarray(sheet)


def class_legend(taxonomy: Taxonomy, class_ids: Sequence[int] | None = None) -> np.ndarray:
    """A strip with each class's colour and name: uint8 (H, W, 3). None: all classes."""
    font = ImageFont.load_default(_FONT_PX)
    chosen = [taxonomy[i] for i in (range(len(taxonomy)) if class_ids is None else class_ids)]
    widths = [round(font.getlength(c.name)) + 28 for c in chosen]
    strip = Image.new("RGB", (max(1, sum(widths)), _LINE_PX + 2), _PAPER)
    pen = ImageDraw.Draw(strip)
    left = 0
    for nucleus_class, width in zip(chosen, widths, strict=True):
        pen.ellipse((left + 3, 4, left + 14, 15), fill=nucleus_class.rgb, outline=_INK)
        pen.text((left + 18, 2), nucleus_class.name, fill=_INK, font=font)
        left += width
    return np.asarray(strip)


def heat_colors(values: np.ndarray) -> np.ndarray:
    """Dark to light colours: float (H, W) in 0..1, clipped, to uint8 (H, W, 3)."""
    at = np.clip(np.nan_to_num(values), 0, 1)
    steps = np.linspace(0, 1, len(_HEAT))
    return np.stack([np.interp(at, steps, channel) for channel in _HEAT.T], -1).round().astype(np.uint8)


def _semantic(instances: np.ndarray, class_of: Mapping[int, int], taxonomy: Taxonomy) -> np.ndarray:
    ids, where = np.unique(instances, return_inverse=True)
    values = [0 if i == 0 else class_of.get(int(i), taxonomy.unspecified) + 1 for i in ids]
    return np.array(values, np.uint8)[where].reshape(instances.shape)


def _enlarged(picture: np.ndarray, scale: int) -> np.ndarray:
    return picture if scale == 1 else picture.repeat(scale, 0).repeat(scale, 1)


def _fitted(text: str, width: int, font: ImageFont.FreeTypeFont) -> str:
    """The text, cut with an ellipsis where it is wider than ``width`` px."""
    text = " ".join(text.split())
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text.rstrip() + "..." if text else ""


def _check_grid(
    rows: Sequence[Sequence[np.ndarray | None]], row_labels: Sequence[str], column_labels: Sequence[str]
) -> None:
    pictures = [picture for row in rows for picture in row if picture is not None]
    if not pictures:
        raise ValueError("a grid needs at least one picture; got none")
    for picture in pictures:
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
            raise ValueError(f"a picture is {picture.dtype} {picture.shape}; uint8 (H, W, 3) is needed")
    n_columns = max(len(row) for row in rows)
    for what, labels, wanted in (("row", row_labels, len(rows)), ("column", column_labels, n_columns)):
        if labels and len(labels) != wanted:
            raise ValueError(f"{len(labels)} {what} labels, but {wanted} {what}s; they must be as many, or none")
