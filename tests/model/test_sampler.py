"""What makes a tile, in a word."""

import pytest

from napari_cosynth.model.sampler import fingerprint_of, sampler_fingerprint

SOURCE = '''
HELD_UNTIL = 0.5
"""Noise level."""

def held(tile, margin=0):
    """Predicted tiles."""
    return tile  # as it is
'''


def test_it_is_the_same_each_time():
    assert sampler_fingerprint() == sampler_fingerprint() and len(sampler_fingerprint()) == 16


@pytest.mark.parametrize(("before", "now"), [("Noise", "The noise"), ("Predicted", "The"), ("  # as it is", "\n")])
def test_words_about_the_code_do_not_count(before, now):
    assert before in SOURCE and fingerprint_of([SOURCE.replace(before, now)]) == fingerprint_of([SOURCE])


@pytest.mark.parametrize(("before", "now"), [("0.5", "0.6"), ("margin=0", "margin=1"), ("return tile", "return -tile")])
def test_code_and_constants_count(before, now):
    assert before in SOURCE and fingerprint_of([SOURCE.replace(before, now)]) != fingerprint_of([SOURCE])
