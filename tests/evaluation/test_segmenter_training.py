"""Training of the segmenter: two steps, and what its losses look at."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from napari_cosynth.classes import BUNDLED  # noqa: E402
from napari_cosynth.data.labelled import LabelledTile  # noqa: E402
from napari_cosynth.evaluation.segmenter_training import (  # noqa: E402
    SegmenterSettings,
    segmenter_batch,
    segmenter_losses,
    segmenter_sampler,
    train_segmenter,
)
from napari_cosynth.interior import interior_points  # noqa: E402
from napari_cosynth.model.segmenter import Segmenter  # noqa: E402
from napari_cosynth.model.targets import UNSTATED  # noqa: E402

SETTINGS = SegmenterSettings(steps=2, batch_size=2, crop=32, warmup=0)


def _tile(**more):
    labels = np.zeros((48, 48), np.int32)
    labels[5:17, 5:17], labels[25:40, 20:35] = 3, 500
    ids, points = interior_points(labels)
    image = np.random.default_rng(0).integers(1, 256, (48, 48, 3), dtype=np.uint8)
    fields = {"instances": labels, "source": "a"} | more
    return LabelledTile("t", image, ids=ids, centroids=points.astype(float), classes=("connective",) * 2, **fields)


def _network():
    torch.manual_seed(0)
    return Segmenter(taxonomy=BUNDLED.model_dump(mode="json"), channels=(8, 8))


def test_only_masked_train_tiles_teach():
    tiles = [_tile(), _tile(split="val"), _tile(instances=None)]
    assert len(segmenter_sampler(tiles, BUNDLED, SETTINGS).tiles) == 1
    with pytest.raises(ValueError, match="no train tile has both an image and instance masks"):
        segmenter_sampler(tiles[1:], BUNDLED, SETTINGS)


def test_two_steps_change_the_weights_and_end_with_the_average(tmp_path):
    network = _network()
    before = {k: v.clone() for k, v in network.state_dict().items()}
    sampler = segmenter_sampler([_tile()], BUNDLED, SETTINGS)
    steps = list(train_segmenter(network, sampler, SETTINGS, tmp_path))
    assert [p.step for p in steps] == [1, 2] and all(np.isfinite([p.distance, p.classes]).all() for p in steps)
    assert any((before[k] != v).any() for k, v in network.state_dict().items())
    average = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["average"]
    torch.testing.assert_close(dict(network.state_dict()), average)


def test_an_interrupted_run_goes_on_as_if_nothing_had_happened(tmp_path):
    sampler = segmenter_sampler([_tile()], BUNDLED, SETTINGS)
    through, resumed = _network(), _network()
    losses = [p.classes for p in train_segmenter(through, sampler, SETTINGS, tmp_path / "through")]
    first = train_segmenter(resumed, sampler, SETTINGS, tmp_path / "resumed")
    next(first)
    first.close()
    rest = list(train_segmenter(_network(), sampler, SETTINGS, tmp_path / "resumed", resume=True))
    assert [p.classes for p in rest] == losses[1:]


def test_an_abort_in_the_middle_of_a_step_saves_no_half_of_it(tmp_path, monkeypatch):
    sampler = segmenter_sampler([_tile()], BUNDLED, SETTINGS)
    losses = [p.classes for p in train_segmenter(_network(), sampler, SETTINGS, tmp_path / "through")]
    parts = SETTINGS.model_copy(update={"checkpoint_every_s": 1e-9})
    running = train_segmenter(_network(), sampler, parts, tmp_path / "parts")
    next(running)

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("napari_cosynth.training.ema.WeightAverage.update", interrupted)
        with pytest.raises(KeyboardInterrupt):
            next(running)
    rest = train_segmenter(_network(), sampler, SETTINGS, tmp_path / "parts", resume=True)
    assert [p.classes for p in rest] == losses[1:]


def test_a_step_always_sees_the_same_crops():
    sampler = segmenter_sampler([_tile()], BUNDLED, SETTINGS)
    for a, b in zip(segmenter_batch(sampler, SETTINGS, 5), segmenter_batch(sampler, SETTINGS, 5), strict=True):
        assert torch.equal(a, b)


def test_partial_tiles_count_only_where_labels_speak():
    sampler = segmenter_sampler([_tile(coverage="partial")], BUNDLED, SETTINGS)
    _, wanted, classes, known = segmenter_batch(sampler, SETTINGS, 0)
    assert known.any() and not known.all() and known[classes != 0].all()
    logits = torch.zeros(len(known), 1 + len(BUNDLED.stated), 32, 32)
    plain = segmenter_losses(wanted, logits, wanted, classes, known)
    wrong = segmenter_losses(wanted + 9 * ~known, logits + 9 * ~known[:, None], wanted, classes, known)
    torch.testing.assert_close(plain, wrong)


def test_a_nucleus_without_class_scores_nucleus_against_background_only():
    classes = torch.full((1, 4, 4), UNSTATED)
    known, nothing = torch.ones(1, 4, 4, dtype=torch.bool), torch.zeros(1, 4, 4)
    logits = torch.randn(1, 1 + len(BUNDLED.stated), 4, 4, generator=torch.Generator().manual_seed(0))
    shuffled = logits[:, [0, *reversed(range(1, logits.shape[1]))]]
    error = segmenter_losses(nothing, logits, nothing, classes, known)[1]
    torch.testing.assert_close(error, segmenter_losses(nothing, shuffled, nothing, classes, known)[1])
    torch.testing.assert_close(error, -torch.log(1 - logits.softmax(1)[:, 0]).mean())


def test_the_learning_rate_rises_and_falls_to_zero():
    settings = SegmenterSettings(steps=100, warmup=10)
    rates = [settings.learning_rate_at(s) for s in range(101)]
    assert rates.index(max(rates)) == 9 and rates[100] == 0 and rates[0] < rates[5]
