"""What would be missed of a session, in words, and when two sessions have the same of it."""

from __future__ import annotations

import pytest

from napari_cosynth.run_settings import RunSettings
from napari_cosynth.snapshot import Entry, Snapshot
from napari_cosynth.widgets.keeping.contents import contents, is_empty, same_contents


@pytest.mark.parametrize(
    ("nuclei", "prompt", "tiles", "words"),
    [
        (0, " ", 0, ""),
        (1, "", 0, "1 nucleus"),
        (0, "", 2, "2 tiles"),
        (9, "colon", 0, "9 nuclei and the prompt"),
        (9, "colon", 1, "9 nuclei, the prompt and 1 tile"),
    ],
)
def test_nuclei_prompt_and_tiles_are_named(make_layout, make_made_tile, nuclei, prompt, tiles, words):
    entries = tuple(Entry(f"{i}", make_made_tile(make_layout(4, 64))) for i in range(tiles))
    snapshot = Snapshot(make_layout(nuclei, 64), prompt, entries=entries)
    assert contents(snapshot) == words and is_empty(snapshot) == (words == "")


def test_settings_and_the_card_that_is_marked_are_not_missed(make_layout, make_made_tile):
    entries = (Entry("a", make_made_tile(make_layout(4, 64))),)
    one = Snapshot(make_layout(9, 64), "colon", RunSettings(seed=1), entries, "a")
    assert same_contents(one, Snapshot(make_layout(9, 64), "colon", RunSettings(seed=2), entries, None, 1))
    assert not same_contents(one, Snapshot(make_layout(9, 64), "lung", RunSettings(seed=1), entries, "a"))
    assert not same_contents(one, Snapshot(make_layout(9, 64), "colon", RunSettings(seed=1)))
