"""Words of prompts."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cosynth.data.terms import completions, count_terms, places_of, unknown_words, words_of
from napari_cosynth.resources import models_dir

TERMS = {"colon": 9, "connective": 4, "cells": 7, "nuclei": 5, "dense": 3, "h&e": 9, "ki-67": 2, "connected": 4}


def test_words_are_lower_case_without_fillers_and_signs():
    assert words_of("A Colon, H&E at 40x: with the Ki-67 (dense)") == ["colon", "h&e", "40x", "ki-67", "dense"]


def test_words_are_spelled_as_captions_are():
    assert words_of("Hematoxylin and eosin, Ki 67, 40 X, HE") == ["h&e", "ki-67", "40x", "h&e"]
    assert unknown_words("colon, haematoxylin & eosin, KI67", TERMS) == ()
    assert count_terms("HE, H&E") == {"h&e": 2}


@given(st.text(st.characters(max_codepoint=127), max_size=60))
def test_words_in_ascii_are_those_that_were_counted_in_training(prompt):
    counted = re.findall(r"[a-z0-9&]+(?:[-'][a-z0-9]+)*", prompt.lower())
    assert [prompt[place].lower() for place in places_of(prompt)] == counted


def test_each_term_of_the_bundled_model_is_one_word():
    terms = json.loads((models_dir() / "cosynth-nuclei" / "prompt_terms.json").read_text(encoding="utf-8"))
    assert terms and all(words_of(term) == [term] for term in terms)


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("Drüsenepithel, größer", ["drüsenepithel", "größer"]),
        ("Dru\u0308se", ["dru\u0308se"]),
        ("рак лёгкого, H&E", ["рак", "лёгкого", "h&e"]),
        ("大腸腺癌、密なリンパ球", ["大腸腺癌", "密なリンパ球"]),
        ("स्तन कैंसर", ["स्तन", "कैंसर"]),
        ("Carcinome de l'œsophage (0,25 µm)", ["carcinome", "de", "l'œsophage", "0", "25", "µm"]),
        ("İltihap", ["i\u0307ltihap"]),
        ("→ ✨\ufe0f ×", []),
    ],
)
def test_words_of_other_scripts(prompt, words):
    assert words_of(prompt) == words
    assert unknown_words(prompt, TERMS) == tuple(word for word in words if word not in TERMS)


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
