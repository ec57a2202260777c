"""Spellings of prompts: many become one, and what captions write stays."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cosynth.data.captions import CLASS_WORDS, DENSITY, Facts, write_caption, write_plain_caption
from napari_cosynth.data.spelling import respelled
from napari_cosynth.data.terms import unknown_words, words_of
from napari_cosynth.resources import models_dir, sample_data_dir
from napari_cosynth.structure.words import STRUCTURES, write_structure_caption

MODEL = models_dir() / "cosynth-nuclei"
TERMS = json.loads((MODEL / "prompt_terms.json").read_text(encoding="utf-8"))
HE = (
    *("hematoxylin and eosin", "haematoxylin & eosin", "Haematoxylin and Eosin", "HEMATOXYLIN AND EOSIN"),
    *("hematoxylin-eosin", "haematoxylin\u2013eosin", "hematoxylin/eosin", "hematoxylin + eosin", "haematoxylin eosin"),
    *("HE", "H & E", "h & e", "H &E", "H and E", "H+E", "H + E", "H&e"),
)
KI67 = ("Ki67", "ki67", "Ki 67", "KI-67", "KI67", "Ki - 67", "Ki\u201167")
IHC = ("immunohistochemistry", "Immuno-histochemistry", "immunohistochemical")
TIMES = ("40 x", "40X", "40 X", "40×", "40 ×", "x40", "X40", "×40", "× 40")


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        *((way, "H&E") for way in HE),
        *((way, "Ki-67") for way in KI67),
        *((way, "IHC") for way in IHC),
        *((way, "40x") for way in TIMES),
        *((way.replace("4", "2"), "20x") for way in TIMES),
        *zip(
            ("tumor", "Tumors", "TUMOR", "tumor-infiltrating lymphocytes"),
            ("tumour", "Tumours", "TUMOUR", "tumour-infiltrating lymphocytes"),
            strict=True,
        ),
        ("HE-stained", "H&E stained"),
        ("h&e-stained", "h&e stained"),
        ("hematoxylin and eosin-stained", "H&E stained"),
        ("Ki67-positive", "Ki-67 positive"),
        ("ki-67-negative", "ki-67 negative"),
        ("IHC-stained", "IHC stained"),
    ],
)
def test_one_spelling_of_many(typed, known):
    for before, after in (("", ""), ("Colon,", ", dense"), ("a (", ") of it."), ("Breast  ", "; Zebra!")):
        assert respelled(before + typed + after) == before + known + after
    assert not unknown_words(typed, TERMS) and words_of(typed) == words_of(known)


@pytest.mark.parametrize(
    "prompt",
    [
        *("he sees the cells", "He, she", "SHE", "HES", "HE-1", "pre-HE", "HE&S", "H&E&S", "H+E+S", "HE's"),
        *("H and E-cadherin", "h and eosin", "hematoxylin", "eosin", "hematoxylin, eosin", "hematoxylin-eosin-saffron"),
        *("Ki", "67", "Ki-678", "Kiwi 67", "anti-Ki67", "MIB-1", "immunohistochemically"),
        *(
            "400x",
            "140 x",
            "0.40 x",
            "0,40 x",
            "40 x 40 px",
            "256x40",
            "256 x40",
            "256 × 40",
            "40 x-rays",
            "20 xenografts",
        ),
        *("10 X", "40", "x", "x40.5", "40-fold", "tumoral", "oesophagus", "esophagus", "leukemia", "Дно HE1", ""),
    ],
)
def test_what_leaves_a_doubt_stays(prompt):
    assert respelled(prompt) == prompt


def test_all_else_stays_as_typed():
    typed = "  COLON;the ZEBRA (HE) ,, Ki67?!  40 X\tgrößer - tumor's  "
    assert respelled(typed) == "  COLON;the ZEBRA (H&E) ,, Ki-67?!  40x\tgrößer - tumour's  "


PIECES = st.sampled_from(
    [
        *HE,
        *KI67,
        *IHC,
        *TIMES,
        "tumor",
        "H",
        "E",
        "e",
        "and",
        "&",
        "+",
        "-",
        "/",
        "x",
        "×",
        "67",
        "20",
        "1",
        " ",
        ",",
        ".",
    ]
    + ["stained", "positive", "s", "'", "\u0301", "K"]
)


@given(st.lists(st.one_of(PIECES, st.text(max_size=3)), max_size=9).map("".join))
def test_what_is_respelled_once_stays(prompt):
    once = respelled(prompt)
    assert respelled(once) == once


def tissues():
    """(organ, disease, species, stain) of all tissues that the bundled model was trained on."""
    details = json.loads((MODEL / "model_index.json").read_text(encoding="utf-8"))["details"]
    for key in sorted({key for tissues in details.values() for key in tissues}):
        words = [word for word in key.split(", ") if not word.endswith(" focus")]
        *words, stain = words
        species = words.pop() if words and words[-1] in ("human", "mouse") else ""
        organ, disease = (*words, "", "")[:2]
        yield organ, disease, species, stain


def test_no_caption_is_changed():
    ways = tuple(way for structure in STRUCTURES for way in structure.ways)
    rng = np.random.default_rng(0)
    for organ, disease, species, stain in tissues():
        for magnification in ("40x", "20x"):
            for _ in range(6):
                facts = Facts(
                    *(organ, disease, species, stain, magnification),
                    density=str(rng.choice([word for _, word in DENSITY])),
                    classes=tuple(map(str, rng.permutation(list(CLASS_WORDS))[:3])),
                    arrangement="evenly spaced",
                    staining=str(rng.choice(["pale", "strong"])),
                    focus="soft focus",
                    space="white lumina",
                    structure=ways,
                )
                for write in (write_caption, write_plain_caption):
                    caption = write(facts, rng)
                    assert respelled(caption) == caption and respelled(caption.lower()) == caption.lower()
        caption = write_structure_caption(organ, disease, list(CLASS_WORDS), STRUCTURES, rng)
        assert respelled(caption) == caption


def test_no_word_or_prompt_that_ships_is_changed():
    samples = json.loads((sample_data_dir() / "samples.json").read_text(encoding="utf-8"))
    prompts = [sample["prompt"] for sample in samples]
    known = [*TERMS, *(word.upper() for word in ("h&e", "ihc")), "Ki-67"]
    assert prompts and [respelled(text) for text in (*known, *prompts)] == [*known, *prompts]
