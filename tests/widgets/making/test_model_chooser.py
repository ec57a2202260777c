import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QComboBox, QFileDialog, QLabel, QPushButton, QTextBrowser

from napari_cosynth.catalogue import bundled, model_info
from napari_cosynth.widgets.making.card_window import CardWindow, card_summary, card_text
from napari_cosynth.widgets.making.model_chooser import ModelChooser


@pytest.fixture
def chooser(qtbot):
    made = ModelChooser()
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def heard(chooser):
    told = []
    chooser.valueChanged.connect(told.append)
    return told


def shown(chooser):
    return chooser.findChild(QComboBox, "model").currentText()


def about(chooser):
    return chooser.findChild(QLabel, "model_about").text().replace("\u200b", "")


def ask_for_a_folder(chooser):
    box = chooser.findChild(QComboBox, "model")
    QTest.keyClick(box, Qt.Key.Key_End)


def test_the_first_that_ships_is_chosen_and_its_terms_are_read_out(chooser, heard):
    first = bundled()[0]
    assert chooser.value() is None and chooser.info() == first and shown(chooser) == first.name
    assert "Not for diagnosis" in about(chooser)
    chooser.setValue(first.name)
    assert heard == [first.name] and shown(chooser) == first.name
    chooser.setValue(first.name)
    assert len(heard) == 1


def test_a_folder_is_chosen(chooser, heard, model_dir, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *args: str(model_dir))
    ask_for_a_folder(chooser)
    assert heard == [str(model_dir.resolve())] and shown(chooser) == "own-model"
    assert about(chooser) == "A model of ours."
    QTest.keyClick(chooser.findChild(QComboBox, "model"), Qt.Key.Key_Home)
    assert heard[-1] is None and shown(chooser) == bundled()[0].name


def test_no_folder_after_all(chooser, heard, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *args: "")
    ask_for_a_folder(chooser)
    assert heard == [] and shown(chooser) == bundled()[0].name


def test_a_folder_without_a_model_is_refused_with_its_reason(chooser, heard, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *args: str(tmp_path))
    ask_for_a_folder(chooser)
    assert heard == [] and shown(chooser) == bundled()[0].name and chooser.info() == bundled()[0]
    assert f"{tmp_path} is not a model folder" in about(chooser)


def test_a_model_that_is_gone_is_shown_as_such_and_kept(chooser, heard, tmp_path):
    gone = str(tmp_path / "gone")
    chooser.setValue(gone)
    assert chooser.value() == gone and shown(chooser) == "gone" and chooser.info() is None
    assert "there is no model folder" in about(chooser)
    card = chooser.findChild(QPushButton, "model_card")
    assert not card.isEnabled() and "there is no model folder" in card.toolTip()
    assert chooser.minimumSizeHint().width() < 250


def test_the_card_opens_in_a_window_of_its_own(chooser, qtbot):
    QTest.mouseClick(chooser.findChild(QPushButton, "model_card"), Qt.MouseButton.LeftButton)
    window = chooser.findChild(CardWindow)
    assert window.isVisible() and not window.isModal()
    text = window.findChild(QTextBrowser).toPlainText()
    assert "Training data" in text and "license:" not in text and "neoplastic, inflammatory" in text
    window.close()


def test_a_model_without_a_card_or_words(model_dir):
    (model_dir / "README.md").unlink()
    (model_dir / "prompt_terms.json").unlink()
    info = model_info(model_dir)
    assert card_summary(info) == "This model has no card."
    assert "# own-model" in card_text(info) and "the model does not tell" in card_text(info)


def test_the_words_of_a_model_stand_by_how_often_it_saw_them(model_dir):
    assert "dense, colon, h&e" in card_text(model_info(model_dir))
