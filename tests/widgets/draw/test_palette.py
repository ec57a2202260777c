import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from napari_cosynth.classes import BUNDLED, NucleusClass, Taxonomy
from napari_cosynth.widgets.draw.class_button import ClassButton
from napari_cosynth.widgets.draw.palette import Palette

TWO = Taxonomy(
    classes=(
        NucleusClass(name="unspecified", color="#808080", key="U"),
        NucleusClass(name="inflammatory", color="#ff0000", key="X"),
    )
)


@pytest.fixture
def palette(qtbot):
    made = Palette()
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def heard(palette):
    """What the palette told, in order."""
    told = []
    palette.valueChanged.connect(lambda value: told.append(("value", value)))
    palette.picked.connect(lambda value: told.append(("picked", value)))
    palette.hiddenChanged.connect(lambda value: told.append(("hidden", value)))
    return told


def rows(palette):
    return {b.nucleus_class.name: b for b in palette.findChildren(ClassButton)}


def click(widget):
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def test_it_shows_every_class_with_its_key_and_the_first_is_active(palette):
    assert tuple(rows(palette)) == BUNDLED.names
    assert palette.value() == 0 and rows(palette)["neoplastic"].isChecked()
    assert "key I" in rows(palette)["inflammatory"].accessibleName()
    assert all(not b.icon().isNull() for b in rows(palette).values())


def test_set_value_tells_once_and_picks_nothing(palette, heard):
    palette.setValue(3)
    palette.setValue(3)
    assert palette.value() == 3 and heard == [("value", 3)]
    assert [name for name, row in rows(palette).items() if row.isChecked()] == ["epithelial"]
    with pytest.raises(ValueError, match="no class has the id 8; the taxonomy has 8"):
        palette.setValue(8)


def test_a_click_picks_also_the_class_that_is_active(palette, heard):
    click(rows(palette)["connective"])
    click(rows(palette)["connective"])
    assert heard == [("value", 2), ("picked", 2), ("picked", 2)]
    assert rows(palette)["connective"].isChecked()


@pytest.mark.parametrize("modifier", [Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier])
def test_letters_pick_wherever_the_focus_is(palette, heard, modifier):
    rows(palette)["other"].setFocus()
    QTest.keyClick(rows(palette)["other"], Qt.Key.Key_G, modifier)
    assert heard == [("value", 7), ("picked", 7)]
    QTest.keyClick(rows(palette)["other"], Qt.Key.Key_Z)
    QTest.keyClick(rows(palette)["other"], Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    assert len(heard) == 2


def test_counts_are_shown_with_their_sum(palette):
    palette.setCounts({"neoplastic": 12, "other": 1})
    assert "12" in rows(palette)["neoplastic"].accessibleName()
    assert rows(palette)["connective"].accessibleName().endswith(" 0")
    assert palette.findChild(object, "total").text() == "13 nuclei"
    palette.setCounts({"other": 1})
    assert palette.findChild(object, "total").text() == "1 nucleus"


def test_eyes_hide_classes_and_strike_their_names(palette, heard):
    eyes = [b for b in palette.findChildren(object) if getattr(b, "accessibleName", str)().startswith("Show ")]
    assert len(eyes) == 8
    click(eyes[5])
    assert palette.hidden() == frozenset({5}) and heard == [("hidden", frozenset({5}))]
    assert rows(palette)["unspecified"].font().strikeOut()
    assert eyes[5].toolTip() == "Show unspecified on the canvas again"
    palette.setHidden(frozenset())
    assert heard[-1] == ("hidden", frozenset()) and not rows(palette)["unspecified"].font().strikeOut()
    palette.setHidden(frozenset())
    assert len(heard) == 2


def test_another_taxonomy_keeps_what_has_the_same_name(palette, heard):
    palette.setValue(1)
    palette.setHidden(frozenset({0, 5}))
    palette.setCounts({"inflammatory": 4})
    heard.clear()
    palette.setTaxonomy(TWO)
    assert palette.taxonomy() == TWO and tuple(rows(palette)) == TWO.names
    assert palette.value() == 1 and palette.hidden() == frozenset({0})
    assert heard == [("hidden", frozenset({0}))]
    assert rows(palette)["inflammatory"].accessibleName().endswith(" 4")
    QTest.keyClick(rows(palette)["unspecified"], Qt.Key.Key_X)
    assert heard[-1] == ("picked", 1)


def test_another_taxonomy_without_the_active_class_begins_with_its_first(palette, heard):
    palette.setValue(2)
    palette.setTaxonomy(TWO)
    assert palette.value() == 0 and heard == [("value", 2), ("value", 0)]
    assert [name for name, row in rows(palette).items() if row.isChecked()] == ["unspecified"]


def test_arrows_go_from_class_to_class(palette, heard, qtbot):
    palette.activateWindow()
    qtbot.waitUntil(palette.isActiveWindow, timeout=20000)
    rows(palette)["neoplastic"].setFocus()
    QTest.keyClick(rows(palette)["neoplastic"], Qt.Key.Key_Down)
    assert palette.value() == 1 and heard == [("value", 1), ("picked", 1)]


def test_it_fits_a_narrow_dock_whatever_the_names_and_counts(palette):
    palette.setCounts(dict.fromkeys(BUNDLED.names, 999))
    assert palette.minimumSizeHint().width() <= 290
    long = NucleusClass(name="a very long name of a class", color="#ff0000", key="L")
    palette.setTaxonomy(Taxonomy(classes=(*BUNDLED.classes, long)))
    assert palette.minimumSizeHint().width() <= 290


def test_tab_comes_to_the_classes_of_another_model_where_they_stand(qtbot):
    window, palette, below = QWidget(), Palette(), QLineEdit()
    column = QVBoxLayout(window)
    for widget in (QLineEdit(), palette, below):
        column.addWidget(widget)
    qtbot.addWidget(window)
    palette.setTaxonomy(TWO)
    chain, widget = [], window
    while (widget := widget.nextInFocusChain()) != window:
        chain.append(widget)
    assert chain.index(rows(palette)["inflammatory"]) < chain.index(below)
