"""Words that should move an attribute."""

import numpy as np
import pytest

from napari_cosynth.evaluation.directed_words import (
    NUCLEI,
    WORD_PAIRS,
    WordEffect,
    WordPair,
    brown_density,
    image_change,
    mean_optical_density,
    measured,
    plain_prompt,
    sign_test,
    white_share,
    word_effect,
)


def grey(value, size=32):
    return np.full((size, size, 3), value, np.uint8)


DARKER = WordPair("pale", "strong", "mean optical density")


def test_prompts_of_a_pair_differ_in_its_words_alone():
    assert DARKER.prompts("colon") == ("colon, H&E, 40x, pale", "colon, H&E, 40x, strong")
    assert WordPair("", "wide", "").prompts("colon") == ("colon, H&E, 40x", "colon, H&E, 40x, wide")
    assert WordPair("H&E", "IHC", "", stain=True).prompts("") == ("tissue, H&E, 40x", "tissue, IHC, 40x")
    assert plain_prompt("brain") == "brain, H&E, 40x"


def test_every_bundled_pair_names_a_measurable_attribute(counter):
    for pair in WORD_PAIRS:
        assert np.isfinite(measured(pair.attribute, [grey(200)], counter)).all()


def test_attributes_see_what_they_are_named_after():
    assert mean_optical_density(grey(255)) == 0
    assert mean_optical_density(grey(127)) == pytest.approx(np.log(2))
    half = grey(100)
    half[:16] = 250
    assert (white_share(half), white_share(grey(100)), white_share(grey(255))) == (0.5, 0, 1)
    brown, pink = grey(0) + np.uint8([140, 90, 40]), grey(0) + np.uint8([230, 150, 190])
    assert brown_density(brown) > brown_density(pink) + 0.3


def test_nuclei_are_counted_by_the_judge(counter):
    image = grey(200)
    image[4:8, 4:8] = image[20:24, 20:24] = 0
    assert measured(NUCLEI, [image, grey(200)], counter).tolist() == [2, 0]


def test_sign_test_is_exact():
    assert sign_test(np.ones(6), True) == pytest.approx(0.5**6)
    assert sign_test(np.ones(6), False) == pytest.approx(2 * 0.5**6)
    assert sign_test(-np.ones(6), True) == 1
    assert sign_test(np.array([1, 1, 1, 0, 0]), True) == pytest.approx(1 / 8)
    assert sign_test(np.zeros(6), True) == 1


def test_effect_of_a_word_that_is_heard(counter):
    first, second = [grey(200), grey(180), grey(150)], [grey(100), grey(90), grey(160)]
    effect = word_effect(DARKER, first, second, ["a", "b", "b"], counter)
    assert effect.share_rising == pytest.approx(2 / 3) and effect.p == 0.5 and effect.layouts == 3
    assert effect.mean_second - effect.mean_first == pytest.approx(effect.difference.value)
    assert effect.difference.low <= effect.difference.value <= effect.difference.high
    assert effect.change == pytest.approx((100 + 90 + 10) / 3)
    assert WordEffect.model_validate_json(effect.model_dump_json()) == effect


def test_a_word_that_is_not_heard_moves_nothing(counter):
    effect = word_effect(DARKER, [grey(200)] * 2, [grey(200)] * 2, ["a", "b"], counter)
    assert (effect.difference.value, effect.share_rising, effect.p, effect.change) == (0, 0, 1, 0)


def test_change_does_not_wrap_around():
    assert image_change(grey(0), grey(255)) == image_change(grey(255), grey(0)) == 255


def test_unequal_numbers_are_refused(counter):
    with pytest.raises(ValueError, match="1 tiles with 'pale', 2 with 'strong' and 1 groups"):
        word_effect(DARKER, [grey(1)], [grey(1)] * 2, ["a"], counter)
    with pytest.raises(ValueError, match="at least one"):
        word_effect(DARKER, [], [], [], counter)
