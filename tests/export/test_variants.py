from __future__ import annotations

import numpy as np
import pytest

from napari_cosynth.export.variants import Places, layout_groups, layout_key
from napari_cosynth.jitter import jittered
from napari_cosynth.layout import Layout


def _layout(seed: int, n: int = 30, height: int = 256, width: int = 256, apart: float = 2.0) -> Layout:
    """Points anywhere, but not nearer to each other than ``apart`` px."""
    rng, points = np.random.default_rng(seed), np.zeros((0, 2))
    while len(points) < n:
        point = rng.uniform((0, 0), (height - 1, width - 1)).round(2)
        if not len(points) or ((points - point) ** 2).sum(axis=1).min() >= apart**2:
            points = np.vstack([points, point])
    return Layout(centroids=points, class_ids=np.zeros(n, int), height=height, width=width)


def _groups(*layouts: Layout) -> list[str]:
    places = [Places(layout.centroids, layout.height, layout.width) for layout in layouts]
    keys = [layout_key(p) for p in places]
    groups = layout_groups(dict(zip(keys, places, strict=True)))
    return [groups[key] for key in keys]


def _turned(layout: Layout) -> list[Layout]:
    turns = [layout]
    for _ in range(3):
        turns.append(turns[-1].rotated())
    return [*turns, *(turn.mirrored() for turn in turns)]


def test_order_turns_and_mirrors_do_not_change_the_key():
    layout = _layout(0, height=64, width=96)
    places = Places(layout.centroids, 64, 96)
    key = layout_key(places)
    assert layout_key(Places(layout.centroids[::-1], 64, 96)) == key
    assert {layout_key(Places(t.centroids, t.height, t.width)) for t in _turned(layout)} == {key}
    assert layout_key(Places(layout.centroids, 96, 64)) != key
    assert layout_key(Places(layout.centroids + 1, 64, 96)) != key


def test_a_layout_with_some_points_moved_far_is_a_variant():
    layout = _layout(0)
    points = layout.centroids.copy()
    points[:10] = _layout(5, 10).centroids
    moved = Layout(centroids=points, class_ids=layout.class_ids, height=256, width=256)
    groups = _groups(layout, moved, layout.remove(range(5)), _layout(1))
    assert len(set(groups[:3])) == 1
    assert groups[3] != groups[0]


@pytest.mark.parametrize("orientation", range(8))
@pytest.mark.parametrize(("n", "height", "width"), [(20, 64, 64), (40, 64, 96), (100, 256, 256), (120, 256, 512)])
def test_turned_then_changed_is_a_variant(orientation, n, height, width):
    layout, other = _layout(0, n, height, width, apart=5), _layout(1, n, height, width, apart=5)
    turned = _turned(layout)[orientation]
    one_less, jitter = turned.remove([0]), jittered(turned, np.random.default_rng(2))
    for variant in (one_less, jitter, jitter.remove(range(n // 4))):
        groups = _groups(layout, variant, other)
        assert groups[0] == groups[1] != groups[2]


def test_classes_make_no_difference():
    layout = _layout(0)
    groups = _groups(layout, jittered(layout.reclass(range(15), 2), np.random.default_rng(0)))
    assert groups[0] == groups[1]


def test_another_size_of_the_tile_is_a_variant_turned_before_or_after():
    layout = _layout(0, 60, 256, 256)
    larger = layout.resized(320, 512)
    assert len(set(_groups(layout, larger, larger.rotated().remove([0]), layout.mirrored().resized(320, 320)))) == 1


def test_variants_of_variants_hang_together():
    chain = [_layout(0, 100)]
    for step in range(6):
        chain.append(jittered(chain[-1].mirrored(), np.random.default_rng(step)))
    assert len(set(_groups(*chain))) == 1


@pytest.mark.parametrize(
    ("n", "side", "apart"), [(2, 256, 2), (5, 256, 2), (20, 64, 6), (100, 256, 2), (100, 256, 16), (300, 256, 8)]
)
def test_unrelated_layouts_stay_apart_also_where_they_are_crowded(n, side, apart):
    layouts = [_layout(seed, n, side, side, apart) for seed in range(25)]
    assert len(set(_groups(*layouts))) == len(layouts)


def test_unrelated_layouts_that_crowd_in_the_same_places_stay_apart():
    # All nuclei within one disc: far more are near to each other than on even ground.
    layouts = []
    for seed in range(12):
        disc = [p for p in _layout(seed, 250, apart=4).centroids if np.hypot(*(p - 128)) < 50]
        layouts.append(Layout(centroids=np.array(disc), class_ids=np.zeros(len(disc), int), height=256, width=256))
    assert len(set(_groups(*layouts))) == len(layouts)
    assert len(set(_groups(layouts[0], jittered(layouts[0], np.random.default_rng(0)), *layouts[1:]))) == len(layouts)


def test_more_layouts_than_are_compared_at_once():
    layouts = [_layout(seed, 12) for seed in range(280)]
    variants = [jittered(layout.mirrored(), np.random.default_rng(1)) for layout in layouts[::60]]
    groups = _groups(*layouts, *variants)
    assert len(set(groups)) == len(layouts)
    assert groups[280:] == groups[:280:60]


def test_the_order_of_layouts_makes_no_difference():
    layouts = [_layout(seed, 20) for seed in range(5)]
    layouts += [layout.mirrored().remove([0]) for layout in layouts[:3]]
    assert _groups(*layouts) == _groups(*layouts[::-1])[::-1]


def test_empty_layouts_and_none():
    assert layout_groups({}) == {}
    empty = Layout(height=64, width=64)
    assert len(set(_groups(empty, Layout(height=64, width=96), _layout(0, 5, 64, 64)))) == 3
    assert len(set(_groups(empty))) == 1
