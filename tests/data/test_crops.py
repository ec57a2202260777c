"""Crops: the same number gives the same crop, and its labels are those that it shows."""

from dataclasses import fields

import numpy as np
import pytest
from scipy import ndimage as ndi

from napari_cosynth.classes import BUNDLED
from napari_cosynth.data.crops import DISC_RADIUS, KNOWN_MARGIN, SMALLEST_FRAGMENT, CropSampler
from napari_cosynth.data.labelled import LabelledTile
from napari_cosynth.interior import interior_distance


@pytest.fixture(scope="module")
def tiles(make_tile):
    return [make_tile(seed) for seed in range(3)]


@pytest.fixture(scope="module")
def sampler(tiles):
    return CropSampler(tiles, BUNDLED, size=64)


@pytest.fixture(scope="module")
def crops(sampler):
    return [sampler.crop(i) for i in range(150)]


def whole(tile, **options):
    """The one crop that covers the tile."""
    return CropSampler([tile], BUNDLED, size=tile.shape[0], augment=False, **options).crop(0)


def same(one, other):
    return all(np.array_equal(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))


def test_a_number_is_a_crop_whatever_came_before(tiles, sampler, crops):
    again = CropSampler(tiles, BUNDLED, size=64)
    for i in (140, 3, 77):
        assert same(again.crop(i), crops[i])
    assert not same(crops[0], crops[1])
    assert not same(CropSampler(tiles, BUNDLED, size=64, seed=1).crop(0), crops[0])


def test_shapes_and_types(crops):
    for crop in crops[:20]:
        assert crop.image.shape == (64, 64, 3) and crop.image.dtype == np.uint8
        assert crop.instances.shape == (64, 64) and crop.instances.dtype == np.int32
        assert crop.distance.dtype == np.float32 and crop.known.dtype == bool
        assert crop.points.shape == (len(crop.point_classes), 2)
        assert crop.complete and crop.known.all() and crop.caption


def test_points_lie_in_instances_each_in_its_own(crops):
    assert sum(len(crop.points) for crop in crops) > 500
    for crop in crops:
        row, col = np.rint(crop.points).astype(int).T
        hit = crop.instances[row, col]
        assert (hit > 0).all() and len(set(hit.tolist())) == len(hit)


def test_points_miss_the_deepest_pixel_by_a_little(crops):
    depth = [crop.distance[tuple(np.rint(point).astype(int))] for crop in crops for point in crop.points]
    deepest = [
        crop.distance[crop.instances == crop.instances[tuple(np.rint(point).astype(int))]].max()
        for crop in crops
        for point in crop.points
    ]
    missed = np.subtract(deepest, depth)
    assert 0.2 < missed.mean() < 1.5


def test_each_visible_fragment_is_an_instance_with_its_own_distance(crops):
    for crop in crops[:40]:
        assert np.array_equal(crop.distance, interior_distance(crop.instances))
        ids = np.unique(crop.instances[crop.instances > 0])
        assert ids.tolist() == list(range(1, len(ids) + 1))
        for i in ids:
            assert ndi.label(crop.instances == i, np.ones((3, 3)))[1] == 1
        big = np.bincount(crop.instances.ravel())[1:] >= SMALLEST_FRAGMENT
        assert len(crop.points) == big.sum()


def test_a_nucleus_that_the_crop_cuts_in_two_becomes_two():
    instances = np.zeros((64, 64), np.int32)
    instances[10:60, 10:20] = instances[10:60, 40:50] = 5
    tile = LabelledTile(
        "u", np.full((64, 64, 3), 200, np.uint8), instances, np.array([5]), np.array([[30.0, 14.0]]), ("neoplastic",)
    )
    crop = whole(tile)
    assert crop.instances.max() == 2 and len(crop.points) == 2
    assert crop.fragment_class == {1: 0, 2: 0}


def test_slivers_have_labels_but_no_point():
    instances = np.zeros((64, 64), np.int32)
    instances[0:2, 0:5], instances[20:40, 20:40] = 1, 2
    tile = LabelledTile(
        "s",
        np.full((64, 64, 3), 200, np.uint8),
        instances,
        np.array([1, 2]),
        np.array([[0.0, 2.0], [30.0, 30.0]]),
        ("neoplastic", "connective"),
    )
    crop = whole(tile)
    assert set(np.unique(crop.instances)) == {0, 1, 2} and len(crop.points) == 1


def test_without_augmentation_a_crop_is_a_piece_of_the_tile(tiles):
    crop = CropSampler(tiles, BUNDLED, size=64, augment=False).crop(5)
    windows = [np.lib.stride_tricks.sliding_window_view(t.image, (64, 64, 3))[:, :, 0] for t in tiles]
    assert any((window == crop.image).all((2, 3, 4)).any() for window in windows)


def test_augmentation_keeps_image_and_labels_together(crops):
    for crop in crops[:30]:
        grey = crop.image.mean(2)
        if crop.instances.any() and not crop.instances.all():
            assert grey[crop.instances > 0].mean() < grey[crop.instances == 0].mean() - 30


def test_classes_are_those_of_the_tile(make_tile):
    tile = make_tile(4)
    crop = whole(tile)
    class_of = dict(zip(tile.ids.tolist(), tile.classes, strict=True))
    for fragment in range(1, crop.instances.max() + 1):
        name = class_of[int(tile.instances[crop.instances == fragment][0])]
        if name == "unspecified":
            assert fragment not in crop.fragment_class
        else:
            assert BUNDLED.names[crop.fragment_class[fragment]] == name


def test_a_third_of_the_classed_points_is_shown_without_class(sampler):
    classed, hidden, bare = 0, 0, 0
    for i in range(500):
        crop = sampler.crop(1000 + i)
        row, col = np.rint(crop.points).astype(int).T
        stated = np.array([int(f) in crop.fragment_class for f in crop.instances[row, col]], bool)
        away = crop.point_classes == BUNDLED.unspecified
        assert away[~stated].all()
        classed, hidden = classed + stated.sum(), hidden + (away & stated).sum()
        bare += bool(away.all())
        kept = stated & ~away
        fragments = crop.instances[row, col][kept].tolist()
        assert [crop.fragment_class[f] for f in fragments] == crop.point_classes[kept].tolist()
    assert hidden / classed == pytest.approx(0.325, abs=0.05)
    # Many crops show no class at all, so that the prompt must say what the classes would have.
    assert bare >= 100


def test_a_class_that_the_model_does_not_know_counts_as_unspecified(make_tile):
    tile = make_tile(1)
    crop = whole(make_tile(1, classes=("stromal",) * len(tile.ids)))
    assert crop.fragment_class == {} and (crop.point_classes == BUNDLED.unspecified).all()


def test_a_partial_tile_is_known_near_its_nuclei_only(make_tile):
    crop = whole(make_tile(2, coverage="partial"))
    away = ndi.distance_transform_edt(crop.instances == 0)
    assert not crop.complete
    assert np.array_equal(crop.known, away <= KNOWN_MARGIN)
    assert crop.known[crop.instances > 0].all() and not crop.known.all()


def test_a_partial_tile_without_nuclei_is_known_nowhere():
    nobody = np.zeros((0, 2))
    empty = np.zeros((64, 64), np.int32)
    image = np.full((64, 64, 3), 220, np.uint8)
    for coverage, known in (("partial", False), ("complete", True)):
        tile = LabelledTile("e", image, empty, np.zeros(0, int), nobody, (), coverage=coverage)
        crop = whole(tile)
        assert (crop.known == known).all() and len(crop.points) == 0 and crop.complete == known


def test_masks_weigh_alike_wherever_they_are_known(make_tile):
    for coverage in ("complete", "partial"):
        crop = whole(make_tile(2, coverage=coverage))
        assert np.array_equal(crop.class_weight, crop.known.astype(np.float32))


def test_points_only_tiles_know_the_class_around_each_point_alone(make_tile):
    tile = make_tile(3, masks=False)
    crop = whole(tile)
    assert not crop.known.any()
    assert np.array_equal(crop.points, tile.centroids) and crop.complete
    away = np.linalg.norm(np.stack(np.mgrid[:128, :128], -1)[:, :, None] - crop.points, axis=-1)  # (h, w, N)
    assert np.array_equal(crop.instances > 0, away.min(2) < DISC_RADIUS)
    assert np.array_equal(crop.class_weight > 0, crop.instances > 0)
    disc = crop.instances > 0
    assert np.array_equal(crop.instances[disc] - 1, away.argmin(2)[disc])
    stated = {i: n for i, n in enumerate(tile.classes, start=1) if n != "unspecified"}
    assert {i: BUNDLED.names[c] for i, c in crop.fragment_class.items()} == stated


def test_tissue_without_points_knows_no_class():
    tile = LabelledTile(
        "n", np.full((64, 64, 3), 220, np.uint8), None, np.zeros(0, int), np.zeros((0, 2)), (), coverage="partial"
    )
    crop = whole(tile)
    assert not crop.instances.any() and not crop.class_weight.any() and not crop.complete


def test_points_only_crops_are_turned_with_their_points(make_tile):
    sampler = CropSampler([make_tile(3, masks=False)], BUNDLED, size=64)
    on, off = [], []
    for i in range(40):
        crop = sampler.crop(i)
        assert ((crop.points > -0.5) & (crop.points < 63.5)).all()
        row, col = np.rint(crop.points).astype(int).T
        on += crop.image.mean(2)[row, col].tolist()
        off.append(crop.image.mean())
    # Each point still stands on a dark nucleus.
    assert np.mean(on) < np.mean(off) - 20


def test_20x_tiles_are_resampled_to_the_working_size(make_tile):
    tile = make_tile(0, um_per_px=0.5)
    sampler = CropSampler([tile], BUNDLED, size=256, augment=False)
    crop = sampler.crop(0)
    assert crop.image.shape == (256, 256, 3)
    row, col = np.rint(crop.points).astype(int).T
    assert (crop.instances[row, col] > 0).all()
    assert (crop.instances > 0).mean() == pytest.approx((tile.instances > 0).mean(), abs=0.02)


def test_rare_classes_are_drawn_more_often_than_they_occur(make_tile):
    tile = make_tile(0, size=(256, 256))
    classes = ("other",) + ("connective",) * (len(tile.ids) - 1)
    sampler = CropSampler([make_tile(0, size=(256, 256), classes=classes)], BUNDLED, size=64)
    rare = BUNDLED.id_of("other")
    share = np.mean([rare in sampler.crop(i).fragment_class.values() for i in range(80)])
    assert share > 0.2  # a place by chance would show it in about 64^2 / 256^2 of the crops


def test_source_weights_move_the_shares(make_tile):
    tiles = [make_tile(0, source="a"), make_tile(1, source="b")]
    even = CropSampler(tiles, BUNDLED, size=64).share
    odd = CropSampler(tiles, BUNDLED, size=64, source_weights={"a": 3}).share
    assert even.tolist() == [0.5, 0.5] and odd == pytest.approx([0.75, 0.25])


def test_weights_that_leave_nothing_to_draw_are_refused(make_tile):
    tiles = [make_tile(0, source="a"), make_tile(1, source="b")]
    with pytest.raises(ValueError, match=r"all sources have the weight 0 \(a, b\).*above 0"):
        CropSampler(tiles, BUNDLED, size=64, source_weights={"a": 0, "b": 0})
    assert {CropSampler(tiles, BUNDLED, size=64, source_weights={"a": 0}).crop(i).source for i in range(8)} == {"b"}


def test_tiles_that_cannot_be_used_are_refused(make_tile):
    with pytest.raises(ValueError, match="at least 256 x 256"):
        CropSampler([make_tile()], BUNDLED, size=256)
    with pytest.raises(ValueError, match="no source is called elsewhere; sources: made"):
        CropSampler([make_tile()], BUNDLED, size=64, source_weights={"elsewhere": 2})
