"""Who examines tissue prompts, and what is asked."""

import numpy as np
import pytest

pytest.importorskip("sklearn")
from napari_cosynth.evaluation import tissue_exam as module
from napari_cosynth.evaluation.tissue_exam import tissue_exam, tissue_prompt

ORGANS = ("colon", "brain", "breast")


def tiles(make_tile, organs, n=3, size=(192, 192), **facts):
    """n tiles of four windows for each organ; organs differ in colour."""
    for number, organ in enumerate(organs):
        for i in range(n):
            tile = make_tile(seed=i, size=size, organ=organ, name=f"{organ}-{i}", group=f"{organ}-{i}", **facts)
            tint = np.uint8([0, 0, 30 * number])
            yield module.replace(tile, image=tile.image - tint)


@pytest.fixture
def real(make_sample):
    names = [o for o in ORGANS for _ in range(3)] + ["spleen"] * 4 + ["lung"]
    return [make_sample(i, name) for i, name in enumerate(names)]


def test_only_tissues_known_on_both_sides_are_asked(make_tile, real, mean_colours):
    features = mean_colours.features([s.image for s in real])
    exam = tissue_exam(tiles(make_tile, ("colon", "brain", "kidney", "lung")), real, features, mean_colours)
    # Nobody taught spleen and breast, no real kidney is there, and a single real lung is too few.
    assert set(exam.asked) == {"colon", "brain"}
    assert set(exam.classifier.names) == {"colon", "brain", "kidney", "lung"}
    vectors, names, groups = exam.real
    assert names == ["colon"] * 3 + ["brain"] * 3 and len(groups) == 6
    assert (vectors == features[:6]).all()


def test_few_tissues_make_no_exam(make_tile, real, mean_colours):
    features = mean_colours.features([s.image for s in real])
    for train in (
        (),
        tiles(make_tile, ["colon"]),
        tiles(make_tile, ORGANS, n=1),
        tiles(make_tile, ORGANS, size=(64, 64)),
    ):
        assert tissue_exam(train, real, features, mean_colours) is None


def test_training_tiles_are_taken_as_a_stream(make_tile, real, mean_colours, monkeypatch):
    monkeypatch.setattr(module, "MOST_TILES", 2)
    taught = []

    class Space:
        def features(self, images):
            taught.extend(images)
            return mean_colours.features(images)

    features = mean_colours.features([s.image for s in real])
    exam = tissue_exam(tiles(make_tile, ORGANS, n=5), real, features, Space())
    assert len(taught) == 3 * 2 * 4 == exam.classifier.n_train


def test_prompts_name_organ_and_stain():
    assert tissue_prompt("colon") == "colon, H&E, 40x"
    assert tissue_prompt("breast, IHC") == "breast, Ki-67 IHC, 40x"
