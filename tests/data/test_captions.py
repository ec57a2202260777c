"""What captions say, and that they say only what is there."""

from dataclasses import replace

import numpy as np
import pytest

from napari_cosynth.data.captions import DENSITY, Facts, describe, tissue_of, write_caption, write_plain_caption

FACTS = Facts(
    organ="colon",
    disease="adenocarcinoma",
    species="human",
    density="dense",
    classes=("neoplastic", "inflammatory", "connective"),
    arrangement="clustered",
    staining="pale",
    focus="sharp focus",
    space="white lumina",
)


def captions(facts, n=400):
    return [write_caption(facts, np.random.default_rng(i)) for i in range(n)]


@pytest.mark.parametrize(
    "organ, disease, expected",
    [
        ("colon (colorectal adenocarcinoma)", "", ("colon", "colorectal adenocarcinoma", "")),
        ("human brain (cerebrum)", "", ("brain cerebrum", "", "human")),
        ("Bile-duct", "", ("bile duct", "", "")),
        ("breast (invasive carcinoma, Ki-67 IHC)", "", ("breast", "invasive carcinoma", "")),
        ("breast (triple-negative carcinoma)", "", ("breast", "triple negative carcinoma", "")),
        ("lung or bladder (not stated per tile)", "", ("", "", "")),
        ("mouse femur (bone marrow)", "", ("femur bone marrow", "", "mouse")),
        ("human salivary gland", "", ("salivary gland", "", "human")),
        ("colon", "colon adenocarcinoma", ("colon", "adenocarcinoma", "")),
        ("bladder", "bladder urothelial carcinoma", ("bladder", "urothelial carcinoma", "")),
        ("skin (primary melanoma)", "", ("skin", "primary melanoma", "")),
        ("", "", ("", "", "")),
    ],
)
def test_organ_disease_and_species_of_what_sources_write(make_tile, organ, disease, expected):
    assert tissue_of(make_tile(organ=organ, disease=disease)) == expected


def test_a_nucleus_is_described_where_its_words_are_known(make_tile):
    tile = make_tile(organ="human liver", stain="IHC Ki-67 (DAB, haematoxylin)", native_um_per_px=0.5)
    facts = describe(tile, tile.image, tile.centroids, tile.classes)
    assert (facts.organ, facts.species, facts.stain, facts.magnification) == ("liver", "human", "Ki-67 IHC", "20x")


def test_more_nuclei_never_get_a_word_for_fewer(make_tile):
    tile = make_tile()
    order = [word for _, word in DENSITY]
    points = np.random.default_rng(0).uniform(0, 128, (60, 2))
    words = [describe(tile, tile.image, points[:n], ("connective",) * n).density for n in range(60)]
    ranks = [order.index(word) for word in words]
    assert ranks == sorted(ranks) and set(words) == set(order)


def test_a_partial_tile_says_nothing_of_its_density(make_tile):
    tile = make_tile(coverage="partial")
    assert describe(tile, tile.image, tile.centroids, tile.classes).density == ""


def test_dominant_classes_come_first_and_unspecified_is_no_class(make_tile):
    tile = make_tile()
    classes = ("unspecified",) * 9 + ("connective",) * 3 + ("neoplastic",) * 8 + ("other",)
    facts = describe(tile, tile.image, np.random.default_rng(0).uniform(0, 128, (21, 2)), classes)
    assert facts.classes == ("neoplastic", "connective")


def test_arrangement(make_tile):
    tile = make_tile()

    def arrangement(points):
        return describe(tile, tile.image, points, ("other",) * len(points)).arrangement

    grid = np.stack(np.meshgrid(np.arange(8, 128, 16), np.arange(8, 128, 16)), -1).reshape(-1, 2)
    assert arrangement(grid) == "evenly spaced"
    assert arrangement(60 + grid / 16) == "clustered"
    assert arrangement(grid[:3]) == ""


def test_stain_and_glass_are_read_off_the_pixels(make_tile):
    tile = make_tile()

    def facts(image):
        return describe(tile, image, tile.centroids, tile.classes)

    assert facts(np.full((128, 128, 3), 235, np.uint8)).staining == "pale"
    assert facts(np.full((128, 128, 3), 90, np.uint8)).staining == "strong"
    glass = tile.image.copy()
    glass[:30] = 250
    assert facts(glass).space == "white lumina"
    glass[:90] = 250
    assert facts(glass).space == "wide white space"


def test_one_crop_has_many_phrasings():
    assert len(set(captions(FACTS))) > 200


def test_the_papers_sentence_is_one_of_them():
    sentence = (
        "high quality histopathology colon tissue image including nuclei types of "
        "neoplastic, inflammatory and connective"
    )
    share = captions(FACTS).count(sentence) / 400
    assert 0.08 < share < 0.25


@pytest.mark.parametrize(
    "word",
    ["colon", "adenocarcinoma", "human", "H&E", "40x", "dense", "neoplastic", "inflammatory"]
    + ["clustered", "pale", "weak", "sharp focus", "white lumina"],
)
def test_every_fact_is_said_often_and_left_out_at_times(word):
    # None may be in all captions: a prompt that lacks the word would then be one that training never saw.
    share = np.mean([word in caption for caption in captions(FACTS)])
    assert 0.1 < share and (share < 0.95 or word == "colon")


def test_what_is_not_known_is_not_said():
    bare = captions(Facts(), 200)
    for word in ("nuclei", "colon", "human", "dense", "focus", "None"):
        assert not any(word in caption for caption in bare)


@pytest.mark.parametrize(
    "facts",
    [Facts(), FACTS, replace(FACTS, organ=""), replace(FACTS, disease="", species=""), Facts(stain="Ki-67 IHC")],
)
def test_captions_are_clean_text(facts):
    for caption in captions(facts):
        assert caption and caption == caption.strip(" ,") and "  " not in caption and ", ," not in caption


def plain(facts):
    return {write_plain_caption(facts, np.random.default_rng(i)) for i in range(80)}


def test_a_plain_caption_says_the_tissue_and_no_more():
    facts = replace(FACTS, staining="")
    assert plain(facts) == {"colon, H&E", "colon, H&E, 40x"}
    assert plain(replace(facts, organ="")) == {f"{FACTS.disease}, H&E", f"{FACTS.disease}, H&E, 40x"}
    assert plain(Facts(magnification="")) == {"H&E"}


def test_a_plain_caption_may_say_how_strong_the_staining_is():
    facts = Facts(organ="colon", magnification="", staining="pale")
    assert plain(facts) == {"colon, H&E", "colon, H&E, pale staining", "colon, H&E, weak staining"}


def test_the_same_chance_gives_the_same_caption():
    assert captions(FACTS, 30) == captions(FACTS, 30)


def test_class_names_have_synonyms_and_keep_their_own_name_most_often():
    facts = Facts(classes=("connective",), density="dense")
    said = [[w for w in ("connective", "stromal", "spindle-shaped") if w in c] for c in captions(facts)]
    counts = {w: sum(w in one for one in said) for w in ("connective", "stromal", "spindle-shaped")}
    assert min(counts.values()) > 10 and max(counts, key=counts.get) == "connective"


def test_a_ring_of_epithelium_around_nothing_is_a_gland(make_tile):
    tile = make_tile()
    angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    ring = 64 + 36 * np.stack([np.sin(angle), np.cos(angle)], 1)

    def structure(points, name):
        return describe(tile, tile.image, points, (name,) * len(points)).structure

    assert "gland" in structure(ring, "epithelial")
    assert "gland" not in structure(ring, "connective")
    assert "gland" not in structure(ring[:6], "epithelial")
    filled = np.concatenate([ring, np.random.default_rng(0).uniform(30, 98, (60, 2))])
    assert "gland" not in structure(filled, "epithelial")


def test_a_structure_is_named_in_some_captions():
    share = np.mean(["tumour nest" in c for c in captions(replace(FACTS, structure=("tumour nest",)))])
    assert 0.3 < share < 0.8
