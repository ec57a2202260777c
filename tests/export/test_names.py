from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_cosynth.export.names import Names, clean_name

HOSTILE = [
    *("", ".", "..", " . ", "../../etc/passwd", "/etc/passwd", "C:\\x", "a/b", "CON", "con ", "nul.txt", ".hidden"),
    *("a\x00b", "\n", "\ud800", "a\u202eb", "a\u2028b", "x" * 5000, "ü" * 500),
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_become_plain_ones(name):
    _check(clean_name(name))


@given(st.text(st.characters(), max_size=300))
@settings(max_examples=200)
def test_any_name_becomes_a_plain_one(name):
    _check(clean_name(name))


def _check(name: str) -> None:
    assert name
    assert name == name.strip(" .") == clean_name(name)
    assert len(name.encode()) <= 151
    for kind in (PurePosixPath, PureWindowsPath):
        assert kind(f"{name}.png").name == f"{name}.png"
    assert not PureWindowsPath(f"{name}.png").is_reserved()


@pytest.mark.parametrize("name", ["gland 1", "Drüse", "腺体", "a.b-c_d", "(x) [y], z"])
def test_harmless_names_stay(name):
    assert clean_name(name) == name


def test_each_name_is_given_once():
    names = Names()
    assert [names.take(n) for n in ("a", "A", "a", "a-2", "a:", "a?")] == ["a", "A-2", "a-3", "a-2-2", "a_", "a_-2"]
