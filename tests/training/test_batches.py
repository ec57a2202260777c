"""Batches: which crops stand in which, and what their tensors mean."""

from dataclasses import fields, replace
from itertools import islice
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from napari_cosynth.classes import BUNDLED  # noqa: E402
from napari_cosynth.model.conditioning import COMPLETE, DROPPED, PARTIAL, layout_condition  # noqa: E402
from napari_cosynth.model.targets import UNSTATED, class_probabilities_of, image_of  # noqa: E402
from napari_cosynth.training.batches import CropDataset, batches, collate, crop_tensors  # noqa: E402

NAMES = ("clean", "classes", "known", "class_weight", "condition", "layout_state", "caption")


def row(crop, **options):
    return dict(zip(NAMES, crop_tensors(crop, BUNDLED, **options), strict=True))


def same(one, other):
    return all(
        a == b if isinstance(a, tuple) else torch.equal(a, b)
        for a, b in ((getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    )


def test_a_batch_is_made_of_its_numbers_crops(sampler):
    data = CropDataset(sampler)
    for n, batch in enumerate(islice(batches(sampler, 2, first_step=0), 3)):
        assert same(batch, collate([data[2 * n], data[2 * n + 1]]))


def test_a_later_start_goes_on_with_the_same_batches(sampler):
    through = list(islice(batches(sampler, 2, first_step=0), 4))
    later = list(islice(batches(sampler, 2, first_step=2), 2))
    assert all(same(a, b) for a, b in zip(through[2:], later, strict=True))


def test_processes_share_the_crops_without_overlap(sampler):
    alone = next(iter(batches(sampler, 4, first_step=1)))
    shares = [next(iter(batches(sampler, 2, first_step=1, rank=rank, world=2))) for rank in (0, 1)]
    assert torch.equal(torch.cat([s.clean for s in shares]), alone.clean)


def test_worker_processes_change_nothing(sampler):
    here, there = (list(islice(batches(sampler, 2, 0, workers=n), 2)) for n in (0, 1))
    assert all(same(a, b) for a, b in zip(here, there, strict=True))


def test_shapes_and_types(sampler):
    light = next(iter(batches(sampler, 3, first_step=0)))
    batch = light.whole()
    assert batch.clean.shape == (3, 12, 64, 64) and batch.clean.dtype == torch.float32
    assert batch.classes.shape == (3, 64, 64) and batch.classes.dtype == torch.int64
    assert batch.known.shape == batch.class_weight.shape == (3, 1, 64, 64)
    assert batch.condition.shape == (3, 9, 64, 64)
    assert batch.layout_state.shape == (3,) and len(batch.captions) == 3
    assert same(light.to(torch.device("cpu")), light)


def test_a_turned_batch_holds_the_same_crops_turned(sampler):
    batch = next(iter(batches(sampler, 3, first_step=0)))
    ways = [batch.turned(way) for way in range(8)]
    assert same(ways[0], batch) and same(batch.turned(8), batch)
    assert len({w.clean.numpy().tobytes() for w in ways}) == 8
    for way, turned in enumerate(ways):
        for name in NAMES[:-1]:
            before, after = getattr(batch, name), getattr(turned, name)
            assert after.shape == before.shape and after.is_contiguous()
            if before.ndim > 2:
                mirrored = np.flip(before.numpy(), -1) if way >= 4 else before.numpy()
                assert np.array_equal(after.numpy(), np.rot90(mirrored, way % 4, (-2, -1)))
            else:
                assert torch.equal(after, before)
        assert turned.captions == batch.captions


def test_a_turned_batch_is_what_turned_labels_would_have_given(sampler):
    crop = sampler.crop(3)
    maps = ("image", "instances", "distance", "known", "class_weight")
    turned = replace(
        crop,
        points=np.stack([crop.image.shape[1] - 1 - crop.points[:, 1], crop.points[:, 0]], axis=1),
        **{name: np.rot90(getattr(crop, name)).copy() for name in maps},
    )
    batch = collate([crop_tensors(crop, sampler.taxonomy)]).turned(1).whole()
    wanted = collate([crop_tensors(turned, sampler.taxonomy)]).whole()
    for name in NAMES[:-1]:
        assert torch.allclose(getattr(batch, name), getattr(wanted, name), atol=2**-7), name


def test_on_their_way_batches_are_small_and_lose_nothing_that_counts(sampler):
    rows = [CropDataset(sampler)[i] for i in range(6)]
    light = collate(rows)
    batch = light.whole()
    for i, name in enumerate(NAMES[:-1]):
        sent = torch.stack([torch.as_tensor(row[i]) for row in rows])
        told = getattr(batch, name)
        learned = batch.known > 0 if name == "clean" else torch.ones_like(told)
        assert torch.allclose(told * learned, sent * learned, atol=0.004), name
    assert torch.equal(batch.classes, torch.stack([row[1] for row in rows]))
    assert torch.equal(batch.known, torch.stack([row[2] for row in rows]))
    for clean, row in zip(batch.clean, rows, strict=True):
        assert np.array_equal(image_of(clean.numpy()), image_of(row[0].numpy()))
    assert 4 * light.clean.nbytes == batch.clean.nbytes and 8 * light.classes.nbytes == batch.classes.nbytes


def test_tensors_say_what_the_crop_says(sampler):
    for i in range(12):
        crop = sampler.crop(i)
        made = row(crop)
        clean = made["clean"].numpy()
        assert np.array_equal(image_of(clean), crop.image) and made["caption"] == crop.caption
        assert np.array_equal(made["known"][0].numpy() > 0, crop.known)
        condition = layout_condition(crop.points, crop.point_classes, len(BUNDLED), (64, 64))
        assert np.array_equal(made["condition"].numpy(), condition)
        background = class_probabilities_of(clean)[0] > 0.5
        assert np.array_equal(background, crop.instances == 0)
        for fragment in range(1, crop.instances.max() + 1):
            value = np.unique(made["classes"].numpy()[crop.instances == fragment]).tolist()
            class_id = crop.fragment_class.get(fragment)
            assert value == [UNSTATED if class_id is None else 1 + BUNDLED.stated.index(class_id)]


def test_the_layout_state_tells_empty_from_unknown(sampler):
    crop = replace(sampler.crop(0), complete=True)
    assert row(crop)["layout_state"] == COMPLETE
    assert row(replace(crop, complete=False))["layout_state"] == PARTIAL
    dropped = row(crop, without_layout=True)
    assert dropped["layout_state"] == DROPPED and not dropped["condition"].any()
    assert torch.equal(dropped["clean"], row(crop)["clean"])
    empty = replace(crop, points=np.zeros((0, 2)), point_classes=np.zeros(0, int))
    assert row(empty)["layout_state"] == COMPLETE and not row(empty)["condition"].any()


def test_prompt_and_layout_are_dropped_independently_one_in_ten(sampler):
    crop = next(c for c in map(sampler.crop, range(50)) if len(c.points))
    one_crop = SimpleNamespace(crop=lambda _: crop, seed=0, taxonomy=BUNDLED)
    rows = [CropDataset(one_crop)[i] for i in range(1500)]
    no_text = np.array([row[6] == "" for row in rows])
    no_layout = np.array([row[5] == DROPPED for row in rows])
    assert no_text.mean() == pytest.approx(0.1, abs=0.03) == no_layout.mean()
    assert 0 < (no_text & no_layout).mean() < 0.03
    kept = [CropDataset(one_crop, dropout=False)[i] for i in range(60)]
    assert all(row[6] and row[5] != DROPPED for row in kept)
