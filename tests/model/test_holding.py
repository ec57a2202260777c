"""Labels held to a layout say what it says, and nothing else of the tile changes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import ndimage as ndi

from napari_cosynth.classes import BUNDLED
from napari_cosynth.layout import Layout
from napari_cosynth.model.holding import held, held_tile
from napari_cosynth.model.instances import decode
from napari_cosynth.model.targets import class_probabilities_of, class_target, distance_target, joint_tile

NEOPLASTIC, POSITIVE = BUNDLED.id_of("neoplastic"), BUNDLED.id_of("positive")


def three_nuclei():
    """A joint tile of 64 px with neoplastic nuclei at (16, 16), (16, 48) and (48, 32), and its instances."""
    rows, cols = np.indices((64, 64))
    instances = np.zeros((64, 64), int)
    for number, (row, col) in enumerate([(16, 16), (16, 48), (48, 32)], start=1):
        instances[np.hypot(rows - row, cols - col) < 7] = number
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    classes = class_target(instances, dict.fromkeys((1, 2, 3), NEOPLASTIC), BUNDLED)
    return joint_tile(image, distance_target(instances), classes, BUNDLED), instances


def random_tile(seed):
    """A tile of smooth noise, as networks predict it early."""
    rng = np.random.default_rng(seed)
    tile = ndi.gaussian_filter(rng.normal(size=(5 + len(BUNDLED.stated), 48, 48)), (0, 4, 4))
    tile[3:5] = np.tanh(8 * tile[3:5])
    share = np.exp(20 * tile[5:])
    tile[5:] = share / share.sum(axis=0) * (1 - tile[4]) - 1
    return np.clip(tile, -1, 1).astype(np.float32), rng.uniform(0, 47, (6, 2)), rng.integers(0, len(BUNDLED), 6)


def test_a_nucleus_without_a_point_goes_and_one_with_a_point_is_of_its_class():
    tile, instances = three_nuclei()
    points = np.array([(16.0, 16.0), (16.0, 48.0)])
    labels = decode(held_tile(tile, points, [POSITIVE, NEOPLASTIC], BUNDLED), points, BUNDLED)
    assert labels.class_of == {1: POSITIVE, 2: NEOPLASTIC}
    assert np.array_equal(labels.instances, np.where(instances < 3, instances, 0))


def test_an_empty_layout_is_tissue_without_nuclei():
    tile, _ = three_nuclei()
    assert not decode(held_tile(tile, np.zeros((0, 2)), [], BUNDLED), np.zeros((0, 2)), BUNDLED).instances.any()


def test_a_point_without_a_stated_class_leaves_the_class_to_the_model():
    tile, _ = three_nuclei()
    points = np.array([(16.0, 16.0), (16.0, 48.0), (48.0, 32.0)])
    assert np.array_equal(held_tile(tile, points, [BUNDLED.unspecified] * 3, BUNDLED), tile)


@settings(max_examples=40)
@given(st.integers(0, 10_000))
@example(2096)  # two nuclei share a basin that ran through foreground without a point
def test_any_prediction_comes_to_say_what_the_layout_says(seed):
    tile, points, class_ids = random_tile(seed)
    before = decode(tile, points, BUNDLED)
    result = held_tile(tile, points, class_ids, BUNDLED)
    after = decode(result, points, BUNDLED)
    assert after.instances.max(initial=0) <= len(points)
    for number, class_id in after.class_of.items():
        assert class_id == class_ids[number - 1] or class_ids[number - 1] == BUNDLED.unspecified
    assert set(after.class_of) == {number for number in before.class_of if number <= len(points)}
    assert np.array_equal(result[:3], tile[:3])
    # What stays foreground is as much foreground as before.
    nucleus, was = (class_probabilities_of(x)[1:].sum(axis=0) for x in (result, tile))
    kept = after.instances > 0
    assert np.allclose(nucleus[kept], was[kept], atol=1e-5)


def test_a_batch_is_held_tile_by_tile():
    tile, _ = three_nuclei()
    layouts = [Layout(height=64, width=64), Layout(centroids=[(14, 46)], classes=["positive"], height=64, width=64)]
    both = held(torch.from_numpy(np.stack([tile, tile])), layouts, BUNDLED)
    for one, layout in zip(both, layouts, strict=True):
        assert np.array_equal(one.numpy(), held_tile(tile, layout.centroids, layout.class_ids, BUNDLED))
    assert both.dtype == torch.float32 and not torch.equal(both[0], both[1])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_other_number_formats_come_back_as_they_were(dtype):
    tile, _ = three_nuclei()
    result = held(torch.from_numpy(tile[None]).to(dtype), [Layout(height=64, width=64)], BUNDLED)
    assert result.dtype == dtype and result.shape == (1, *tile.shape)
