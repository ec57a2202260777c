"""Sliders by hand and by key: always 100 %."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QSlider, QSpinBox, QToolButton

from napari_cosynth.classes import BUNDLED
from napari_cosynth.widgets.arrange.mix_sliders import MixSliders


@pytest.fixture
def sliders(qtbot):
    made = MixSliders(BUNDLED[i] for i in range(3))
    qtbot.addWidget(made)
    made.setValue({"neoplastic": 50, "inflammatory": 30, "connective": 20})
    made.show()
    return made


@pytest.fixture
def heard(sliders):
    told = []
    sliders.valueChanged.connect(told.append)
    return told


def rows(sliders, kind):
    return sliders.findChildren(kind)


def test_a_slider_moved_by_keys_lets_the_others_give_way(sliders, heard):
    slider = rows(sliders, QSlider)[0]
    for _ in range(10):
        QTest.keyClick(slider, Qt.Key.Key_Right)
    assert sliders.value() == {"neoplastic": 60, "inflammatory": 24, "connective": 16}
    assert len(heard) == 10 and heard[-1] == sliders.value() and all(sum(mix.values()) == 100 for mix in heard)
    assert [s.value() for s in rows(sliders, QSlider)] == [s.value() for s in rows(sliders, QSpinBox)] == [60, 24, 16]
    QTest.keyClick(slider, Qt.Key.Key_End)
    assert sliders.value()["neoplastic"] == 100
    QTest.keyClick(slider, Qt.Key.Key_Home)
    assert sliders.value() == {"neoplastic": 0, "inflammatory": 60, "connective": 40}


def test_a_share_can_be_typed(sliders):
    field = rows(sliders, QSpinBox)[1]
    field.selectAll()
    QTest.keyClicks(field, "65")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert sliders.value() == {"neoplastic": 25, "inflammatory": 65, "connective": 10}


def test_locked_shares_stay_and_say_so(sliders):
    QTest.mouseClick(rows(sliders, QToolButton)[0], Qt.MouseButton.LeftButton)
    QTest.keyClick(rows(sliders, QSlider)[1], Qt.Key.Key_End)
    assert sliders.value() == {"neoplastic": 50, "inflammatory": 50, "connective": 0}
    assert not rows(sliders, QSlider)[0].isEnabled() and "unlock" in rows(sliders, QSlider)[0].toolTip()
    QTest.mouseClick(rows(sliders, QToolButton)[1], Qt.MouseButton.LeftButton)
    assert "All other shares are locked" in rows(sliders, QSlider)[2].toolTip()
    sliders.setValue({"connective": 1})
    assert sliders.value() == {"neoplastic": 0, "inflammatory": 0, "connective": 100}
    assert all(slider.isEnabled() for slider in rows(sliders, QSlider))


def test_a_single_class_has_nothing_to_move(sliders):
    sliders.setClasses([BUNDLED[5]])
    assert sliders.value() == {"unspecified": 100}
    sliders.setClasses([])
    assert sliders.value() == {}


def test_set_value_tells_once_and_refuses_what_it_has_not(sliders, heard):
    sliders.setValue({"neoplastic": 1, "connective": 1})
    sliders.setValue({"neoplastic": 5, "connective": 5})
    assert heard == [{"neoplastic": 50, "inflammatory": 0, "connective": 50}]
    with pytest.raises(ValueError, match="no slider for positive"):
        sliders.setValue({"positive": 1})
    with pytest.raises(ValueError, match="above 0"):
        sliders.setValue({"neoplastic": 0})
