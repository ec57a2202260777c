"""Times in words: as many of them as anybody needs."""

from __future__ import annotations

import pytest

from napari_cosynth.duration import duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.1 s"),
        (1.5, "1.5 s"),
        (8.0, "8 s"),
        (9.6, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (83, "1 min 20 s"),
        (216, "3 min 40 s"),
        (596, "10 min"),
        (1234, "21 min"),
        (18720, "5.2 h"),
        (267840, "3.1 days"),
    ],
)
def test_times_are_readable(seconds, text):
    assert duration(seconds) == text
