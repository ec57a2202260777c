"""Made tiles between floor and ceiling."""

import numpy as np
import pytest

from napari_cosynth.evaluation.agreement_table import agreement_table, derangement
from napari_cosynth.evaluation.sample import Sample
from napari_cosynth.interior import interior_points


class _ReadsTheRedChannel:
    """Sees just what the image says."""

    def segment(self, images):
        labels = [image[..., 0].astype(np.int32) for image in images]
        return [(a, dict.fromkeys(np.unique(a)[1:].tolist(), 2)) for a in labels]


def _samples(n, right=True, **more):
    rng = np.random.default_rng(0)
    samples = []
    for i in range(n):
        labels = np.zeros((64, 64), np.int32)
        for nucleus in range(1, 6):
            row, col = rng.integers(0, 54, 2)
            labels[row : row + 9, col : col + 9] = nucleus
        image = np.repeat(labels.astype(np.uint8)[..., None], 3, axis=2)
        ids, points = interior_points(labels)
        samples.append(
            Sample(
                f"{i}",
                f"{i}",
                "a",
                image if right or i % 2 else np.zeros_like(image),
                labels,
                dict.fromkeys(ids.tolist(), 2),
                points.astype(float),
                np.full(len(ids), 2),
                **more,
            )
        )
    return samples


def test_made_tiles_lie_between_floor_and_ceiling():
    table = agreement_table(_samples(8), _samples(8, right=False), _ReadsTheRedChannel())
    assert table.ceiling.pq.value == 1
    assert table.floor.pq.value < table.made.pq.value < table.ceiling.pq.value
    assert table.of_ceiling()["pq"] == pytest.approx(table.made.pq.value)
    assert table.of_ceiling()["layout partial_recall"] is None


def test_made_tiles_are_scored_for_what_their_real_counterparts_state():
    real, made = _samples(4, masked=False) + _samples(8)[4:], _samples(8)
    table = agreement_table(real, made, _ReadsTheRedChannel())
    assert table.made.masked == table.ceiling.masked == table.floor.masked == 4
    unclassed = [Sample(**{**vars(s), "class_of": {}}) for s in _samples(4)]
    table = agreement_table(unclassed, _samples(4), _ReadsTheRedChannel())
    assert all(c.nuclei == 0 for c in table.made.classes)


def test_same_seed_same_floor():
    made = _samples(6)
    one, two = (agreement_table(made, made, _ReadsTheRedChannel()) for _ in range(2))
    assert one == two


@pytest.mark.parametrize("n", [2, 3, 10, 101])
def test_nothing_stays_in_its_place(n):
    for seed in range(10):
        order = derangement(n, seed)
        assert sorted(order) == list(range(n)) and all(i != j for i, j in enumerate(order))


def test_a_floor_needs_two_tiles():
    with pytest.raises(ValueError, match="at least two"):
        agreement_table(_samples(1), _samples(1), _ReadsTheRedChannel())
