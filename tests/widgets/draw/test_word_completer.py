import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLineEdit, QShortcut

from napari_cosynth.widgets.draw.word_completer import WordCompleter

TERMS = {"colon": 30, "dense": 20, "density": 5, "h&e": 50, "ki-67": 4, "triple": 2, "triple negative": 3}


@pytest.fixture
def field(qtbot):
    made = QLineEdit()
    qtbot.addWidget(made)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow, timeout=20000)
    made.setFocus()
    return made


@pytest.fixture
def completer(field):
    made = WordCompleter(field)
    made.setTerms(TERMS)
    return made


def key(field, key):
    """To whatever takes the keys: the list if it is open, else the field."""
    QTest.keyClick(QApplication.activePopupWidget() or field, key)


def test_the_most_frequent_first_from_the_second_letter_on(field, completer):
    QTest.keyClicks(field, "d")
    assert completer.offered() == []
    QTest.keyClicks(field, "e")
    assert completer.offered() == ["dense", "density"]
    QTest.keyClicks(field, "nsi")
    assert completer.offered() == ["density"]
    QTest.keyClicks(field, "q")
    assert completer.offered() == []


def test_typing_alone_changes_nothing(field, completer):
    QTest.keyClicks(field, "de")
    key(field, Qt.Key.Key_Return)
    assert field.text() == "de"
    QTest.keyClicks(field, "n")
    key(field, Qt.Key.Key_Escape)
    assert field.text() == "den" and completer.offered() == []


def test_tab_takes_the_first_and_arrows_choose_another(field, completer):
    QTest.keyClicks(field, "Colon, De")
    key(field, Qt.Key.Key_Tab)
    assert field.text() == "Colon, dense" and completer.offered() == []
    QTest.keyClicks(field, " de")
    key(field, Qt.Key.Key_Down)
    key(field, Qt.Key.Key_Down)
    key(field, Qt.Key.Key_Return)
    assert field.text() == "Colon, dense density"
    field.undo()
    assert field.text() == "Colon, dense de"


def test_in_the_middle_of_a_line_the_whole_word_is_replaced(field, completer):
    field.setText("dexx, H&E")
    field.setCursorPosition(2)
    QTest.keyClicks(field, "n")
    assert completer.wordBeforeCursor() == "den"
    key(field, Qt.Key.Key_Tab)
    assert field.text() == "dense, H&E" and field.cursorPosition() == len("dense")


@pytest.mark.parametrize(
    ("typed", "made"), [("h&", "h&e"), ("colon Ki-", "colon ki-67"), ("a triple neg", "a triple negative")]
)
def test_words_with_signs_and_terms_of_several_words(field, completer, typed, made):
    QTest.keyClicks(field, typed)
    key(field, Qt.Key.Key_Tab)
    assert field.text() == made


def test_text_that_is_set_opens_no_list(field, completer):
    field.setText("de")
    assert completer.offered() == []
    assert completer.wordBeforeCursor() == "de"


def test_an_open_list_lets_ctrl_enter_through(field, completer):
    pressed = []
    shortcut = QShortcut(QKeySequence("Ctrl+Return"), field)
    shortcut.setContext(Qt.ShortcutContext.ApplicationShortcut)
    shortcut.activated.connect(lambda: pressed.append(True))
    QTest.keyClicks(field, "de")
    assert completer.offered()
    QTest.keyClick(QApplication.activePopupWidget(), Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert pressed == [True] and field.text() == "de" and completer.offered() == []
