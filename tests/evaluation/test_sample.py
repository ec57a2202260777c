"""Windows of real tiles."""

import numpy as np
import pytest

from napari_cosynth.classes import BUNDLED
from napari_cosynth.data.labelled import LabelledTile
from napari_cosynth.evaluation.sample import Sample, real_samples, tissue_name
from napari_cosynth.interior import interior_points


def _tile(name, source="a", group="", size=80, masks=True, um_per_px=0.25, **more):
    rng = np.random.default_rng(len(name))
    labels = np.kron(np.arange(1, 17).reshape(4, 4) * 40, np.pad(np.ones((12, 12), int), 4)).astype(np.int32)
    labels = labels[:size, :size]
    ids, points = interior_points(labels)
    return LabelledTile(
        name,
        rng.integers(1, 256, (size, size, 3), dtype=np.uint8),
        labels if masks else None,
        ids,
        points.astype(float),
        tuple("connective" if i % 80 else "unspecified" for i in ids),
        um_per_px=um_per_px,
        source=source,
        group=group,
        **more,
    )


def test_same_arguments_same_samples_and_a_smaller_limit_gives_the_first():
    tiles = [_tile("x"), _tile("yy", "b"), _tile("zzz", "b", masks=False)]
    many, again, few = (real_samples(tiles, BUNDLED, 32, n, seed=3) for n in (10, 10, 4))
    assert [s.name for s in many] == [s.name for s in again] and len(many) == 10
    assert [s.name for s in few] == [s.name for s in many][:4]
    assert all(a.caption == b.caption and (a.image == b.image).all() for a, b in zip(many, again, strict=True))
    assert [s.name for s in real_samples(tiles, BUNDLED, 32, 10, seed=4)] != [s.name for s in many]


def test_sources_and_groups_take_turns():
    tiles = [_tile(f"{g}{i}", "a", g) for g in ("p", "q") for i in range(3)] + [_tile("only", "b")]
    samples = real_samples(tiles, BUNDLED, 64, 100)
    assert [s.source for s in samples] == ["a", "b", "a", "a", "a", "a", "a"]
    assert sorted(s.group for s in samples[:3] if s.source == "a") == ["p", "q"]


def test_windows_of_a_tile_do_not_overlap():
    tile = _tile("x", size=80)
    samples = real_samples([tile], BUNDLED, 32, 100)
    seen = np.zeros((80, 80), int)
    for sample in samples:
        row, col = (int(word) for word in sample.name.split("-")[-2:])
        seen[row : row + 32, col : col + 32] += 1
        np.testing.assert_array_equal(sample.image, tile.image[row : row + 32, col : col + 32])
    assert len(samples) == 4 and seen.max() == 1


def test_each_fragment_is_an_instance_with_its_point_and_class():
    tile = _tile("x")
    for sample in real_samples([tile], BUNDLED, 48, 100):
        n = len(sample.points)
        assert np.unique(sample.instances).tolist() == list(range(n + 1))
        assert sample.instances.dtype == np.int32
        rows, cols = sample.points.astype(int).T
        assert sample.instances[rows, cols].tolist() == list(range(1, n + 1))
        assert np.bincount(sample.instances.ravel())[1:].min() >= 12
        row, col = (int(word) for word in sample.name.split("-")[-2:])
        owners = tile.instances[rows + row, cols + col]
        wanted = [BUNDLED.id_of("connective" if i % 80 else "unspecified") for i in owners]
        assert sample.point_classes.tolist() == wanted
        assert sample.class_of == {i: c for i, c in enumerate(wanted, 1) if c != BUNDLED.unspecified}


def test_a_nucleus_in_two_pieces_is_two():
    tile = _tile("x", size=64)
    tile.instances[:] = 0
    tile.instances[5:25, 5:25], tile.instances[40:60, 40:60] = 40, 40
    (sample,) = real_samples([tile], BUNDLED, 64, 1)
    assert len(sample.points) == 2


def test_points_without_masks():
    samples = real_samples([_tile("x", masks=False, coverage="partial")], BUNDLED, 48, 10)
    (sample,) = samples
    assert not sample.masked and sample.coverage == "partial" and not sample.instances.any()
    assert len(sample.points) and ((sample.points >= -0.5) & (sample.points < 47.5)).all()


def test_coarser_tiles_are_resampled():
    (sample, *_) = real_samples([_tile("x", um_per_px=0.5)], BUNDLED, 128, 10)
    assert sample.image.shape == (128, 128, 3)


def test_too_small_tiles_are_left_out():
    assert {s.source for s in real_samples([_tile("x"), _tile("y", "b", size=48)], BUNDLED, 64)} == {"a"}
    with pytest.raises(ValueError, match="at least 256 x 256 px"):
        real_samples([_tile("x")], BUNDLED, 256)


def test_a_sample_refuses_labels_that_do_not_fit():
    image, labels = np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), np.int32)
    with pytest.raises(ValueError, match="2 points and 1 classes"):
        Sample("s", "g", "a", image, labels, {}, np.zeros((2, 2)), np.zeros(1, int))
    with pytest.raises(ValueError, match="differ in size"):
        Sample("s", "g", "a", image, labels[:4], {}, np.zeros((0, 2)), np.zeros(0, int))


@pytest.mark.parametrize(
    ("organ", "stain", "name"),
    [
        ("colon (colorectal adenocarcinoma)", "H&E", "colon"),
        ("breast (invasive carcinoma, Ki-67 IHC)", "IHC Ki-67 (DAB, haematoxylin)", "breast, IHC"),
        ("human liver", "H&E", "liver"),
        ("mouse liver", "H&E", "mouse liver"),
        ("Bile-duct", "H&E", "bile duct"),
        ("lung or bladder (not stated per tile)", "IHC Ki-67", ""),
        ("", "H&E", ""),
    ],
)
def test_tissue_is_organ_and_stain(organ, stain, name):
    tile = _tile("x", organ=organ, stain=stain)
    assert tissue_name(tile) == name
    assert real_samples([tile], BUNDLED, 32, 1)[0].tissue == name
