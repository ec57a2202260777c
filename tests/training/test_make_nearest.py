"""An index of small random textures: it finds their crops in every orientation, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from scipy import ndimage as ndi  # noqa: E402

from napari_cosynth.classes import BUNDLED  # noqa: E402
from napari_cosynth.data.labelled import LabelledTile  # noqa: E402
from napari_cosynth.model.fingerprint import TURNS, turned  # noqa: E402
from napari_cosynth.model.nearest import WINDOW  # noqa: E402
from napari_cosynth.model.segmenter import Segmenter  # noqa: E402
from napari_cosynth.training.copies import copied  # noqa: E402
from napari_cosynth.training.nearest import Found, make_index, usual_distances  # noqa: E402


def texture(seed: int, size: int = 256) -> np.ndarray:
    """uint8 (size, size, 3): blobs of some 10 px in purple and pink."""
    rng = np.random.default_rng(seed)
    field = ndi.gaussian_filter(rng.normal(size=(size, size, 3)), (4, 4, 0))
    return np.clip(150 + 40 * field / field.std(), 0, 255).astype(np.uint8)


def tile(seed: int, split: str, **facts) -> LabelledTile:
    none = np.zeros(0, np.int64)
    fields = {"name": f"{split}-{seed}", "image": texture(seed), "source": "textures", "split": split}
    return LabelledTile(instances=None, ids=none, centroids=np.zeros((0, 2)), classes=(), **(fields | facts))


TRAIN = [tile(seed, "train") for seed in range(12)]
VAL = [tile(seed, "val") for seed in range(100, 112)]


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return Segmenter(taxonomy=BUNDLED.model_dump(mode="json"), channels=(8, 16, 16)).eval()


@pytest.fixture(scope="module")
def events(network):
    return list(make_index(network, "abc", lambda: TRAIN, lambda: VAL))


@pytest.fixture(scope="module")
def index(events):
    return events[-1].index


def test_stages_count_up_to_what_was_found(events):
    assert [type(e) for e in events].count(Found) == 1 and isinstance(events[-1], Found)
    names = list(dict.fromkeys(e.name for e in events[:-1]))
    assert names == ["learning what copies keep", "training tissue", "unseen tissue", "copies"]
    assert [e.done for e in events[:-1] if e.name == "training tissue"] == list(range(1, 13))
    assert events[-1].copies[1] == 12 and events[-1].unseen[1] == 12


def test_blocks_of_64_px_side_by_side(index):
    assert index.codes.shape == (12 * 4 * 4, index.projection.dimensions) and index.codes.dtype == np.int8
    assert index.grids.tolist() == [[4, 4]] * 12
    assert index.facts["tiles"] == {"textures": 12} and index.facts["blocks"] == 192 and index.segmenter == "abc"


@pytest.mark.parametrize("turn", TURNS)
def test_a_crop_is_found_in_every_orientation(network, index, turn):
    for seed in (0, 5):
        crop = texture(seed)[64 : 64 + WINDOW, 128 : 128 + WINDOW]
        assert index.distance(network, turned(crop, turn)) < 1


def test_copies_are_nearer_than_anything_unseen(network, index):
    rng = np.random.default_rng(0)
    shifted = [copied(texture(seed)[21 : 21 + 208, 13 : 13 + 208], rng) for seed in range(8)]
    copies = [index.distance(network, image) for image in shifted]
    unseen = [index.distance(network, texture(seed)) for seed in range(200, 208)]
    assert np.median(copies) < 1 < np.median(unseen) and max(copies) < np.median(unseen)


def test_the_same_tiles_give_the_same_index(network, index):
    *_, again = make_index(network, "abc", lambda: iter(TRAIN), lambda: iter(VAL))
    assert np.array_equal(again.index.codes, index.codes) and again.index.unit == index.unit


def test_tiles_of_other_pixel_sizes_and_without_images(network):
    coarse = [tile(seed, "train", image=texture(seed)[:144, :144], um_per_px=0.5) for seed in range(3)]
    blind = tile(0, "train", image=None, shape=(256, 256))
    *_, found = make_index(network, "abc", lambda: [*coarse, blind], lambda: VAL[:4])
    assert found.index.grids.tolist() == [[4, 4]] * 3


@pytest.mark.parametrize(
    ("train", "val", "message"),
    [
        ([], VAL, "no train tile"),
        (TRAIN[:2], [], "no tile of the split val"),
        ([tile(0, "train", image=texture(0, 96))], VAL, "no train"),
    ],
)
def test_too_little_is_told(network, train, val, message):
    with pytest.raises(ValueError, match=message):
        list(make_index(network, "abc", lambda: train, lambda: val))


def test_the_usual_distance_is_to_the_third_tile():
    prints = np.array([[0, 0], [0, 1], [3, 0], [3, 1], [9, 0], [20, 0]], np.float32)
    # The second block of the first tile has (3, 1) at 3, then (9, 0), then (20, 0); its neighbour does not count.
    usual = usual_distances(prints, np.array([2, 2, 1, 1]))
    np.testing.assert_allclose(usual, [20, 401**0.5, 17, 290**0.5, 11, 20], rtol=1e-3)


def test_of_two_tiles_the_usual_distance_is_to_the_other():
    prints = np.array([[0, 0], [0, 1], [3, 0]], np.float32)
    np.testing.assert_allclose(usual_distances(prints, np.array([2, 1])), [3, 10**0.5, 3], rtol=1e-3)


def test_one_tile_alone_has_usual_distances_too():
    usual = usual_distances(np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32), np.array([9]))
    assert usual.shape == (9,) and usual.min() > 0
