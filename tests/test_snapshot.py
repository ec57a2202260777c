"""A snapshot fits together."""

from __future__ import annotations

import pytest

from napari_cosynth.layout import Layout
from napari_cosynth.layouts.locked import Locked
from napari_cosynth.run_settings import RunSettings
from napari_cosynth.snapshot import Entry, Snapshot


def test_a_session_begins_with_an_empty_tile():
    first = Snapshot()
    assert (first.layout, first.prompt, first.settings, first.entries) == (Layout(), "", RunSettings(), ())
    assert (first.current, first.active_class, first.locked) == (None, 0, Locked())


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"entries": [Entry("a", None), Entry("b", None), Entry("a", None)]}, "share the key a"),
        ({"entries": [Entry("a", None)], "current": "b"}, "current tile is b"),
        ({"current": "b"}, "or None"),
        ({"active_class": 8}, "active class is 8; 0..7"),
        ({"active_class": -1}, "active class is -1"),
    ],
)
def test_a_snapshot_that_does_not_fit_together_is_refused(fields, words):
    with pytest.raises(ValueError, match=words):
        Snapshot(**fields)


def test_only_nuclei_that_are_there_are_locked():
    layout = Layout(centroids=[(5, 6)], classes=["connective"], height=64, width=64)
    assert Snapshot(layout, locked=Locked(frozenset({(3.0, 4.0), (5.0, 6.0)}))).locked.places == {(5, 6)}
