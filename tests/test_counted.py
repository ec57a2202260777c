"""Numbers and their nouns agree."""

import pytest

from napari_cosynth.counted import counted, nuclei


@pytest.mark.parametrize(("n", "words"), [(0, "0 tiles"), (1, "1 tile"), (2, "2 tiles"), (1200, "1,200 tiles")])
def test_one_is_singular_and_all_else_plural(n, words):
    assert counted(n, "tile") == words


def test_nouns_of_another_plural():
    assert [nuclei(n) for n in (0, 1, 2)] == ["0 nuclei", "1 nucleus", "2 nuclei"]
    assert counted(3, "match", "matches") == "3 matches"
