from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_cosynth.export.exporter import ExportError
from napari_cosynth.export.splitting import assign_splits, layout_groups, layout_key, point_codes


def _points(seed: int, n: int = 30) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 63, (n, 2)).round(1)


def _groups(*layouts: np.ndarray) -> list[str]:
    keys = [layout_key(points, 64, 96) for points in layouts]
    groups = layout_groups({key: point_codes(points) for key, points in zip(keys, layouts, strict=True)})
    return [groups[key] for key in keys]


def test_order_turns_and_mirrors_do_not_change_the_key():
    points = _points(0)
    key = layout_key(points, 64, 96)
    assert layout_key(points[::-1], 64, 96) == key
    assert layout_key(np.stack([63 - points[:, 0], points[:, 1]], axis=1), 64, 96) == key
    assert layout_key(np.stack([95 - points[:, 1], points[:, 0]], axis=1), 96, 64) == key
    assert layout_key(points, 96, 64) != key
    assert layout_key(points + 1, 64, 96) != key


def test_a_layout_with_some_points_moved_is_a_variant():
    points = _points(0)
    moved, other = points.copy(), _points(1)
    moved[:10] += 0.7
    cut = points[5:]
    groups = _groups(points, moved, cut, other)
    assert len(set(groups[:3])) == 1
    assert groups[3] != groups[0]


def test_empty_layouts_and_none():
    assert layout_groups({}) == {}
    assert len(set(_groups(np.zeros((0, 2)), _points(0)))) == 2


@given(st.dictionaries(st.text("0123456789abcdef", min_size=4, max_size=8), st.integers(1, 9), min_size=3, max_size=60))
@settings(max_examples=50, deadline=None)
def test_every_set_gets_something_and_sizes_are_near_what_was_asked(tiles):
    split_of = assign_splits(tiles, (0.6, 0.2, 0.2))
    assert split_of.keys() == tiles.keys()
    assert set(split_of.values()) == {"train", "val", "test"}
    assert split_of == assign_splits(dict(reversed(tiles.items())), (0.6, 0.2, 0.2))
    total = sum(tiles.values())
    for split, share in (("train", 0.6), ("val", 0.2), ("test", 0.2)):
        got = sum(n for group, n in tiles.items() if split_of[group] == split)
        assert got <= share * total + 2 * max(tiles.values())


def test_a_share_of_nothing_gets_nothing():
    assert set(assign_splits({"a": 1, "b": 1}, (0.5, 0, 0.5)).values()) == {"train", "test"}


def test_too_few_layouts_are_refused():
    with pytest.raises(ExportError, match="2 layouts cannot fill 3 sets"):
        assign_splits({"a": 100, "b": 100}, (0.8, 0.1, 0.1))
