from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_cosynth.export.exporter import ExportError
from napari_cosynth.export.splitting import assign_splits


@given(st.dictionaries(st.text("0123456789abcdef", min_size=4, max_size=8), st.integers(1, 9), min_size=3, max_size=60))
@settings(max_examples=50)
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
    with pytest.raises(ExportError, match="^1 layout cannot fill 2 sets"):
        assign_splits({"a": 3}, (0.5, 0.5))
    with pytest.raises(ExportError, match="2 layouts cannot fill 3 sets"):
        assign_splits({"a": 100, "b": 100}, (0.8, 0.1, 0.1))
