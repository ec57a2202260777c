import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLabel, QLineEdit

from napari_cosynth.request import MAX_PROMPT
from napari_cosynth.widgets.draw.prompt import Prompt

TERMS = {
    "colon": 30,
    "dense": 20,
    "density": 5,
    "lymphocytes": 12,
    "h&e": 50,
    "ki-67": 4,
    "gland": 9,
    "triple negative": 3,
}


@pytest.fixture
def prompt(qtbot):
    made = Prompt()
    made.setTerms(TERMS)
    qtbot.addWidget(made)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow, timeout=20000)
    return made


@pytest.fixture
def field(prompt):
    found = prompt.findChild(QLineEdit, "prompt")
    found.setFocus()
    return found


def understood(prompt):
    return prompt.findChild(QLabel, "understood").text()


def test_its_value_is_the_text_of_the_field(prompt, field):
    told = []
    prompt.valueChanged.connect(told.append)
    QTest.keyClicks(field, "colon")
    assert prompt.value() == "colon" and told == ["c", "co", "col", "colo", "colon"]
    prompt.setValue("colon")
    assert len(told) == 5
    prompt.setValue("gland")
    assert field.text() == "gland" and told[-1] == "gland"


def test_known_words_stand_plain_and_unknown_ones_are_struck_and_named(prompt):
    prompt.setValue("Colon, H&E, zebra glands in the <b>Ki-67</b> zebras")
    assert prompt.unknown() == ("zebra", "b", "zebras")
    text = understood(prompt)
    assert text.count("<s ") == 4  # <b> and </b> are words too
    assert ">zebra</s>" in text and ">zebras</s>" in text and "H&amp;E" in text and "<b>" not in text
    assert "not known to this model: zebra, b, zebras" in text
    prompt.setValue("colon, H&E, glands in the colons")
    assert "<s " not in understood(prompt) and "not known" not in understood(prompt)


def test_it_shows_the_spelling_that_is_understood_and_keeps_what_was_typed(prompt):
    prompt.setValue("Colon, haematoxylin & eosin, KI67, zebra <HE>")
    text = understood(prompt)
    assert text.startswith("Understood: Colon, H&amp;E, Ki-67, <s ") and text.count("<s ") == 1
    assert "&lt;H&amp;E&gt;" in text
    assert prompt.value() == "Colon, haematoxylin & eosin, KI67, zebra <HE>" and prompt.unknown() == ("zebra",)


@pytest.mark.parametrize("terms", [TERMS, {}])
def test_signs_without_a_word_are_not_understood(prompt, terms):
    prompt.setTerms(terms)
    prompt.setValue("!!! ???")
    assert "No word found" in understood(prompt) and "Understood" not in understood(prompt)
    prompt.setValue("!!! colon ???")
    assert "Understood: !!! colon ???" in understood(prompt)


def test_words_of_several_terms_are_known_one_by_one(prompt):
    prompt.setValue("negative triple")
    assert prompt.unknown() == ()


def test_a_word_in_the_making_is_not_called_unknown_until_it_is_left(prompt, field):
    QTest.keyClicks(field, "dens")
    assert prompt.unknown() == ("dens",) and "not known" not in understood(prompt)
    QTest.keyClicks(field, " ")
    assert "not known to this model: dens" in understood(prompt)
    QTest.keyClick(field, Qt.Key.Key_Home)
    QTest.keyClicks(field, "zebr ")
    assert "zebr, dens" in understood(prompt)


def test_an_empty_prompt_and_a_model_that_does_not_tell(prompt):
    assert "Without a prompt" in understood(prompt)
    prompt.setValue("zebra")
    prompt.setTerms({})
    assert prompt.unknown() == () and "does not tell" in understood(prompt)


def test_as_long_as_a_request_allows(prompt, field):
    field.setText("x" * (MAX_PROMPT + 5))
    assert len(prompt.value()) == MAX_PROMPT


def test_a_long_word_does_not_widen_the_panel(prompt):
    prompt.setValue("x" * MAX_PROMPT)
    assert prompt.minimumSizeHint().width() < 250


def test_the_theme_decides_the_colour_of_unknown_words(prompt):
    prompt.setValue("zebra")
    prompt.setStyleSheet("QWidget { background-color: #202020; color: #eeeeee }")
    dark = understood(prompt)
    prompt.setStyleSheet("QWidget { background-color: #eeeeee; color: #202020 }")
    assert dark != understood(prompt)


def test_a_completion_is_taken_by_tab_and_the_focus_stays(prompt, field):
    QTest.keyClicks(field, "colon, den")
    QTest.keyClick(QApplication.activePopupWidget(), Qt.Key.Key_Tab)
    assert prompt.value() == "colon, dense" and field.hasFocus()
