"""Thumbnails: contours in the colour of the class, at any size, wherever the nucleus lies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_cosynth.classes import BUNDLED
from napari_cosynth.widgets.gallery.thumbnail import fitted, thumbnail


@pytest.fixture
def tile(make_layout, make_made_tile):
    return make_made_tile(make_layout(16, 128))


def near(picture: np.ndarray, color: tuple[int, int, int]) -> np.ndarray:
    """bool (H, W): pixels within a few steps of a colour."""
    return (np.abs(picture.astype(int) - color) < 12).all(axis=-1)


@pytest.mark.parametrize("side", [48, 128, 200])
def test_each_class_is_outlined_in_its_colour(tile, side):
    picture = thumbnail(tile, side, side)
    assert picture.shape == (side, side, 3) and picture.dtype == np.uint8
    scale = side / 128
    for nucleus in tile.nuclei:
        row, col, reach = nucleus.row * scale, nucleus.col * scale, 7 * scale + 1
        window = picture[
            max(0, int(row - reach)) : int(row + reach) + 1, max(0, int(col - reach)) : int(col + reach) + 1
        ]
        assert near(window, BUNDLED[nucleus.class_id].rgb).any(), nucleus


def test_the_inside_of_a_nucleus_and_the_tissue_stay_as_they_are(tile):
    plain = replace(tile, instances=np.zeros_like(tile.instances), semantic=np.zeros_like(tile.semantic), nuclei=())
    with_lines, without = thumbnail(tile, 128, 128), thumbnail(plain, 128, 128)
    nucleus = tile.nuclei[5]
    at = round(nucleus.row), round(nucleus.col)
    assert (with_lines[at] == without[at]).all()
    changed = (with_lines != without).any(axis=-1)
    assert 0.02 < changed.mean() < 0.3


def test_turning_the_tile_turns_the_picture(tile):
    flipped = replace(
        tile, image=tile.image[:, ::-1].copy(), instances=tile.instances[:, ::-1].copy(),
        semantic=tile.semantic[:, ::-1].copy(),
    )  # fmt: skip
    difference = thumbnail(flipped, 64, 64).astype(int) - thumbnail(tile, 64, 64)[:, ::-1]
    assert np.abs(difference).max() <= 2


def test_touching_nuclei_are_parted_and_the_edge_of_the_tile_is_no_outline(tile):
    instances = np.zeros((128, 128), np.int32)
    instances[:, :64], instances[:, 64:] = 1, 2
    semantic = np.ones((128, 128), np.uint8)
    picture = thumbnail(replace(tile, instances=instances, semantic=semantic), 128, 128)
    line = near(picture, BUNDLED[0].rgb)
    assert line[:, 63:65].all() and not line[:, :60].any() and not line[:, 68:].any()


def test_the_shape_of_the_tile_is_kept(make_layout, make_made_tile):
    wide = make_made_tile(make_layout(4, 64).resized(64, 256))
    assert fitted(wide, 132) == (33, 132)
    assert thumbnail(wide, *fitted(wide, 132)).shape == (33, 132, 3)
