"""Training of the generator of structure: windows, batches, and that it learns."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cosynth.classes import BUNDLED
from napari_cosynth.data.labelled import LabelledTile
from napari_cosynth.structure.traits import TRAITS
from napari_cosynth.structure.words import Structure
from napari_cosynth.training.structure_windows import draw_windows, drawn_windows, typical_traits


def tile(seed: int = 0, side: int = 256, um_per_px: float = 0.5, n: int = 180, **facts) -> LabelledTile:
    """Points at random: neoplastic on the left, connective on the right; one of a class that no model knows."""
    rng = np.random.default_rng(seed)
    at = rng.random((n, 2)) * side - 0.5
    classes = np.where(at[:, 1] < side / 2, "neoplastic", "connective").tolist()
    return LabelledTile(
        **{
            "name": f"t{seed}",
            "image": None,
            "instances": None,
            "ids": np.arange(1, n + 1),
            "centroids": at,
            "classes": ("hepatocyte", *classes[1:]),
            "um_per_px": um_per_px,
            "source": "made",
            "organ": "liver",
            "shape": (side, side),
            **facts,
        }
    )


@pytest.fixture(scope="module")
def windows():
    return draw_windows([tile()], BUNDLED, 16, 40, seed=0)


def test_windows_lie_inside_their_tile_and_say_what_it_is(windows):
    assert len(windows) == 40
    for window in windows:
        assert window.pattern.size == (64, 64)
        assert (window.pattern.points >= 0).all() and (window.pattern.points < 64).all()
        assert set(BUNDLED.names[m] for m in window.pattern.marks) <= {"neoplastic", "connective", "unspecified"}
    captions = [window.caption for window in windows]
    assert any("liver" in c for c in captions) and any("tumour border" in c for c in captions)
    forgotten = [w for w in windows if set(w.pattern.marks) == {BUNDLED.unspecified}]
    assert 0 < len(forgotten) < 14


def test_the_same_seed_draws_the_same_windows():
    first, again, other = (draw_windows([tile()], BUNDLED, 16, 5, seed) for seed in (0, 0, 1))
    assert [w.caption for w in first] == [w.caption for w in again]
    assert all(np.array_equal(a.pattern.points, b.pattern.points) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a.pattern.points, b.pattern.points) for a, b in zip(first, other, strict=True))


def test_windows_arranged_anew_name_no_tissue_and_can_be_left_out():
    def named(**changes: bool) -> list[bool]:
        windows = draw_windows([tile(disease="", n=300)], BUNDLED, 16, 25, 0, **changes)
        return [set(w.pattern.marks) <= {0, 2, 5} and "liver" in w.caption for w in windows]

    assert 0 < sum(named()) < sum(named(arranged_anew=False))


def test_larger_windows_come_from_large_tiles_alone():
    told = []
    both = drawn_windows([tile()], BUNDLED, 6, 0, lambda done, total: told.append((done, total)))
    assert [len(part) for part in both] == [6, 2] and both[1][0].pattern.size == (128, 128)
    assert told[0] == (1, 40) and told[-1] == (40, 40)
    assert len(drawn_windows([tile(um_per_px=0.25)], BUNDLED, 6, 0)) == 1
    with pytest.raises(ValueError, match="no tile is 64 x 64 um large"):
        drawn_windows([tile(side=64, um_per_px=0.25)], BUNDLED, 6, 0)
    with pytest.raises(ValueError, match="none with 6 nuclei"):
        drawn_windows([tile(n=1)], BUNDLED, 6, 0)


def test_rare_structures_are_shown_more_often():
    from napari_cosynth.training.structure_windows import _weights

    common, rare = [Structure("stroma", ("stroma",))], [Structure("gland", ("gland", "a gland"))]
    weights = _weights([*[common] * 30, rare, []])
    assert weights[30] > 2 * weights[0] and weights[31] == 1


def test_windows_know_their_traits_and_structures_what_is_typical_of_them(windows):
    parting = "connective parted from neoplastic"
    index = list(TRAITS).index(parting)
    borders = [w for w in windows if any(s.name == "border of tumour and stroma" for s in w.structures)]
    assert borders and all(w.traits.shape == (len(TRAITS),) and w.traits[index] > 0.9 for w in borders)
    typical = typical_traits(windows, BUNDLED)["border of tumour and stroma"]
    assert 0.9 < typical[parting] <= max(w.traits[index] for w in borders) + 1e-3
    assert "band of epithelium" not in typical_traits(windows, BUNDLED)


def test_a_batch_tells_some_traits_and_to_some_windows_nothing(windows, make_encoder):
    import torch

    from napari_cosynth.training.structure import StructureSettings, _batch, structure_data

    data = structure_data(windows, len(BUNDLED), make_encoder())
    settings = StructureSettings(no_text=0.3, traits_alone=0.5)
    *_, has_text, traits = _batch(data, 400, settings, torch.Generator().manual_seed(0))
    told, known = ~traits.isnan(), ~data.traits.isnan()
    assert 0 < told.float().mean() < 0.5 * known.float().mean()
    for text, some in ((True, True), (True, False), (False, True), (False, False)):
        assert ((has_text == text) & (told.any(dim=1) == some)).any()


def test_training_lowers_the_loss_and_leaves_the_average(windows, make_net, make_encoder):
    import torch

    from napari_cosynth.training.structure import StructureSettings, flow_loss, structure_data, train_structure

    network = make_net()
    data = structure_data(windows, len(BUNDLED), make_encoder())
    assert data.maps.shape == (40, 8, 16, 16) and data.text.shape == (40, 16)
    # As many nuclei in 64 x 64 um as the window has, for it is so large.
    assert data.per_area.sum(dim=1).min() >= 6 and (data.per_area % 1 == 0).all()

    def loss() -> float:
        random = torch.Generator().manual_seed(5)
        with torch.no_grad():
            batch = (data.maps, data.per_area, data.text, data.has_text, data.traits)
            return flow_loss(network, *batch, random, -0.5).item()

    before = loss()
    settings = StructureSettings(batch_size=8, learning_rate=3e-3, warmup=5, ema_decay=0.9)
    steps = list(train_structure(network, [data], settings, steps=40))
    assert [s.step for s in steps] == list(range(1, 41))
    assert loss() < 0.7 * before and not network.training


def test_windows_of_two_sizes_take_turns_and_cost_the_same(make_net, make_encoder, monkeypatch):
    from napari_cosynth.training import structure
    from napari_cosynth.training.structure import StructureSettings, structure_data, train_structure

    parts = [structure_data(draw_windows([tile(n=100)], BUNDLED, n, 8, 0), 8, make_encoder()) for n in (16, 32)]
    # A larger window of the same tissue has as many nuclei per area.
    assert parts[1].per_area.sum(1).mean() == pytest.approx(parts[0].per_area.sum(1).mean().item(), rel=0.3)
    seen, honest = [], structure.flow_loss

    def watched(network, maps, *others):
        seen.append(tuple(maps.shape[::3]))
        return honest(network, maps, *others)

    monkeypatch.setattr(structure, "flow_loss", watched)
    list(train_structure(make_net(), parts, StructureSettings(batch_size=8), steps=4))
    assert seen == [(8, 16), (2, 32), (8, 16), (2, 32)]


def test_the_learning_rate_rises_and_falls():
    from napari_cosynth.training.structure import StructureSettings

    settings = StructureSettings(learning_rate=1, warmup=10)
    assert settings.learning_rate_at(0, 0) == pytest.approx(0.1)
    assert settings.learning_rate_at(50, 0.5) == pytest.approx(0.5)
    assert settings.learning_rate_at(50, 1) == pytest.approx(0)


def test_a_training_without_an_end_is_refused(make_net):
    from napari_cosynth.training.structure import StructureSettings, train_structure

    with pytest.raises(ValueError, match="give steps or seconds"):
        next(train_structure(make_net(), [], StructureSettings()))
