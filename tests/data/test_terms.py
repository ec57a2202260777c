"""Words of prompts."""

import pytest

from napari_cosynth.data.terms import completions, count_terms, unknown_words, words_of

TERMS = {"colon": 9, "connective": 4, "cells": 7, "nuclei": 5, "dense": 3, "h&e": 9, "ki-67": 2, "connected": 4}


def test_words_are_lower_case_without_fillers_and_signs():
    assert words_of("A Colon, H&E at 40x: with the Ki-67 (dense)") == ["colon", "h&e", "40x", "ki-67", "dense"]


def test_counts():
    assert count_terms("dense, dense cells") == {"dense": 2, "cells": 1}
    assert count_terms("") == {}


@pytest.mark.parametrize("prompt", ["", "colon", "Colon with dense H&E nuclei", "cell", "colons", "Ki-67"])
def test_known_prompts(prompt):
    assert unknown_words(prompt, TERMS) == ()


def test_unknown_words_come_once_and_in_order():
    assert unknown_words("zebra colon giraffe Zebra", TERMS) == ("zebra", "giraffe")


def test_what_a_caption_counts_is_known_afterwards():
    caption = "human colon adenocarcinoma, Ki-67 IHC, 40x, moderately dense nuclei"
    assert unknown_words(caption, count_terms(caption)) == ()


def test_completions_by_frequency_then_alphabet():
    assert completions("CO", TERMS) == ("colon", "connected", "connective")
    assert completions("co", TERMS, limit=1) == ("colon",)
    assert completions("colon", TERMS) == () == completions("x", TERMS)
