"""Made tiles beside the real ones whose layouts they have: distances and classifiers of one set of vectors."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")
from napari_cosynth.evaluation.discriminator import real_versus_made
from napari_cosynth.evaluation.likeness import STATISTICS, Likeness, likeness

N = 24
GROUPS, SOURCES = [f"p{i}" for i in range(N)], ["one", "two"] * (N // 2)


def vectors(seed: int, shift: float = 0.0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {"space": rng.normal(size=(N, 8)) + shift, STATISTICS: rng.normal(size=(N, 3))}


def test_tiles_of_one_kind_are_near_and_others_far():
    real, other = vectors(0), vectors(1, 3.0)
    near, far = (likeness(real, made, GROUPS, SOURCES, "space") for made in (vectors(1), other))
    assert near.realism.kernel_distance.all_tiles < far.realism.kernel_distance.all_tiles
    assert near.discriminator.auc.value < 0.75 < far.discriminator.auc.value
    # What only the features show, statistics do not tell.
    assert far.statistics_discriminator.auc.value == near.statistics_discriminator.auc.value < 0.75


def test_it_is_what_its_parts_say_and_reads_back():
    real, made = vectors(0), vectors(1, 0.5)
    found = likeness(real, made, GROUPS, SOURCES, "space", seed=3)
    assert found.discriminator == real_versus_made(real, made, GROUPS, GROUPS, 3)
    assert found.realism.feature_space == "space" and found.realism.n_made == N
    assert found.statistics_discriminator.vectors == STATISTICS
    assert Likeness.model_validate_json(found.model_dump_json()) == found
