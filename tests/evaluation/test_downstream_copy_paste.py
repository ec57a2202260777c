"""Pasted nuclei: none covers another, all that was there stays, and masks go with their pixels."""

from dataclasses import replace

import numpy as np
import pytest

from napari_cosynth.evaluation.downstream.copy_paste import cuttings, pasted_tiles, with_pasted
from napari_cosynth.evaluation.sample import Sample
from napari_cosynth.interior import interior_points


@pytest.fixture
def masked(make_ellipses):
    """Samples whose nuclei have the grey level of their tile; every second one has a class."""

    def make(seed, tries=25, size=(96, 96)):
        instances = make_ellipses(size, seed, tries)
        ids, points = interior_points(instances)
        image = np.full((*size, 3), 220, np.uint8)
        image[instances > 0] = 20 + 60 * seed
        return Sample(
            name=f"s{seed}",
            group=f"g{seed}",
            source="made",
            image=image,
            instances=instances,
            class_of={int(i): 0 for i in ids[::2]},
            points=points.astype(float),
            point_classes=np.zeros(len(points), int),
        )

    return make


def test_cuttings_are_whole_nuclei(masked):
    sample = masked(0)
    found = cuttings(sample)
    sizes = np.bincount(sample.instances.ravel())[1:]
    rim = np.unique(np.concatenate([sample.instances[[0, -1]].ravel(), sample.instances[:, [0, -1]].ravel()]))
    assert 0 < len(found) <= len(sizes) - np.count_nonzero(rim)
    assert {int(c.mask.sum()) for c in found} <= set(sizes.tolist())
    assert all(c.image.shape[:2] == c.mask.shape for c in found)
    # The classes went with them.
    assert {c.class_id for c in found} == {0, None}


def test_nothing_that_was_there_changes_and_nothing_touches(masked):
    sample, donor = masked(0, tries=12), masked(1)
    made = with_pasted(sample, cuttings(donor), 12, np.random.default_rng(0))
    old = sample.instances > 0
    assert np.array_equal(made.instances[old], sample.instances[old])
    assert np.array_equal(made.image[old], sample.image[old])
    new = np.setdiff1d(np.unique(made.instances), np.unique(sample.instances))
    assert len(new) > 1 and new.min() == sample.instances.max() + 1
    grown = np.pad(made.instances, 1)
    for row in (-1, 0, 1):
        for col in (-1, 0, 1):
            beside = np.roll(grown, (row, col), (0, 1))[1:-1, 1:-1]
            for number in new:
                assert set(np.unique(beside[made.instances == number])) <= {0, number}


def test_masks_lie_on_the_pixels_of_the_donor(masked):
    sample, donor = masked(0, tries=5), masked(1)
    made = with_pasted(sample, cuttings(donor), 8, np.random.default_rng(1))
    new = made.instances > sample.instances.max()
    areas = np.bincount(donor.instances.ravel())
    assert set(np.bincount(made.instances[new])[sample.instances.max() + 1 :].tolist()) <= set(areas.tolist())
    grey = made.image[..., 0].astype(int)
    # Nuclei of the donor are dark (80), ground is light (220); the edge is soft on both sides.
    assert grey[new].mean() < 125 and (grey[new] < 85).any()
    ground = grey[made.instances == 0]
    assert ground.mean() > 205 and ((ground > 120) & (ground < 215)).any()
    classes = [made.class_of.get(int(i)) for i in np.unique(made.instances[new])]
    assert set(classes) <= {0, None}


def test_donors_are_other_tiles_and_the_seed_decides(masked):
    tiles = [masked(0, tries=8), masked(1), masked(2)]
    made = pasted_tiles(tiles, 4, seed=3)
    assert [m.name for m in made] == ["s0-pasted-0", "s1-pasted-1", "s2-pasted-2", "s0-pasted-3"]
    again = pasted_tiles(tiles, 4, seed=3)
    assert all(np.array_equal(a.image, b.image) for a, b in zip(made, again, strict=True))
    assert not np.array_equal(made[0].image, pasted_tiles(tiles, 4, seed=4)[0].image)
    for tile, of in zip(made, (0, 1, 2, 0), strict=True):
        new = tile.instances > tiles[of].instances.max()
        # The inside of a nucleus shows which tile it is from: 20, 80 or 140.
        inside = tile.image[new].min(initial=255)
        assert not new.any() or inside != 20 + 60 * of


def test_no_room_and_no_donor_give_the_tile_itself(masked):
    sample = masked(0)
    full = replace(sample, instances=np.ones_like(sample.instances), class_of={})
    for target, donors in ((full, cuttings(masked(1))), (sample, [])):
        made = with_pasted(target, donors, 5, np.random.default_rng(0))
        assert np.array_equal(made.instances, target.instances) and np.array_equal(made.image, target.image)
    alone = pasted_tiles([sample], 1)
    assert len(np.unique(alone[0].instances)) >= len(np.unique(sample.instances))
