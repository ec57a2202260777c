"""The arrange panel by itself: what it offers, what it follows, why it refuses."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QSlider, QSpinBox, QWidget

from napari_cosynth.classes import BUNDLED, Taxonomy
from napari_cosynth.layout import Layout
from napari_cosynth.layouts.tissues import find_tissue
from napari_cosynth.widgets.arrange.panel import ArrangePanel


@pytest.fixture
def panel(qtbot):
    made = ArrangePanel({name: find_tissue(name) for name in ("breast", "colon", "lung")})
    qtbot.addWidget(made)
    made.show()
    return made


def part(panel, name):
    found = panel.findChild(QWidget, name)
    assert found is not None, name
    return found


def test_a_tissue_brings_its_number_its_mix_and_its_density(panel):
    panel.suggest.setTissue("colon")
    assert panel.suggest.tissue().name == "colon" and panel.suggest.total() == 34
    assert panel.suggest.mix() == {"neoplastic": 32, "inflammatory": 18, "connective": 37, "epithelial": 10, "other": 3}
    assert panel.area.perMm2() == 8300
    assert part(panel, "usual").text() == "usual: 8–72"
    panel.suggest.setTissue("lung")
    assert panel.suggest.mix() == {"unspecified": 100}
    with pytest.raises(ValueError, match="there are breast, colon, lung"):
        panel.suggest.setTissue("liver")


def test_the_tissue_follows_the_prompt_until_something_is_set(panel):
    panel.suggest.setPrompt("colon adenocarcinoma, H&E")
    assert panel.suggest.tissue().name == "colon" and panel.suggest.total() == 34
    panel.suggest.setPrompt("a gland")
    assert panel.suggest.tissue().name == "colon"
    panel.suggest.setTotal(50)
    panel.suggest.setPrompt("Breast carcinoma")
    assert (panel.suggest.tissue().name, panel.suggest.total()) == ("colon", 50)
    QTest.mouseClick(part(panel, "tissue_mix"), Qt.MouseButton.LeftButton)
    panel.suggest.setPrompt("Breast carcinoma, H&E")
    assert panel.suggest.tissue().name == "breast"
    panel.suggest.setTissue("lung")
    panel.suggest.setPrompt("colon")
    assert panel.suggest.tissue().name == "lung"


def test_the_number_follows_the_tile_until_it_is_set(panel):
    panel.suggest.setTissue("colon")
    panel.setLayoutShown(Layout(height=512), 0)
    assert panel.suggest.total() == 68 and "15–143" in part(panel, "usual").text()
    panel.suggest.setTotal(50)
    panel.suggest.setMix({"neoplastic": 1, "inflammatory": 1})
    panel.setLayoutShown(Layout(height=256), 0)
    assert panel.suggest.total() == 50 and part(panel, "tissue_mix").isEnabled()
    QTest.mouseClick(part(panel, "tissue_mix"), Qt.MouseButton.LeftButton)
    assert panel.suggest.total() == 34 and panel.suggest.mix()["connective"] == 37
    assert not part(panel, "tissue_mix").isEnabled()


def test_only_tissues_of_the_models_classes_are_offered(panel):
    panel.setLayoutShown(Layout(taxonomy=Taxonomy(classes=(BUNDLED[5], BUNDLED[1]))), 0)
    tissue = part(panel, "tissue")
    assert [tissue.itemData(i) for i in range(tissue.count())] == ["lung"]
    assert panel.suggest.mix() == {"unspecified": 100}


def test_without_any_tissue_the_buttons_say_so(qtbot):
    panel = ArrangePanel({})
    qtbot.addWidget(panel)
    for name in ("suggest", "lasso", "resample"):
        assert not part(panel, name).isEnabled() and "No tissue is known" in part(panel, name).toolTip()


def test_each_press_asks_for_another_suggestion(panel):
    asked = []
    panel.suggest.asked.connect(asked.append)
    for _ in range(3):
        QTest.mouseClick(part(panel, "suggest"), Qt.MouseButton.LeftButton)
    part(panel, "suggest_seed").setValue(2)
    QTest.keyClick(part(panel, "suggest"), Qt.Key.Key_Space)
    assert asked == [1, 2, 3, 2]
    part(panel, "suggest_seed").setValue(9999)
    QTest.keyClick(part(panel, "suggest"), Qt.Key.Key_Space)
    assert part(panel, "suggest_seed").value() == 1


def test_the_prompt_can_be_followed_if_there_is_one_and_somebody_to_read_it(panel, qtbot):
    follow = part(panel, "follow_prompt")
    assert not follow.isEnabled() and "prompt is empty" in follow.toolTip() and not panel.suggest.followsPrompt()
    panel.suggest.setPrompt("gland")
    assert follow.isEnabled() and panel.suggest.followsPrompt()
    follow.setChecked(False)
    assert not panel.suggest.followsPrompt()
    deaf = ArrangePanel({"colon": find_tissue("colon")}, structure=False)
    qtbot.addWidget(deaf)
    deaf.suggest.setPrompt("gland")
    assert "no generator" in part(deaf, "follow_prompt").toolTip() and not deaf.suggest.followsPrompt()


def test_one_tool_at_most_is_on(panel):
    told = []
    panel.area.toolChanged.connect(told.append)
    for name in ("lasso", "brush", "brush"):
        QTest.mouseClick(part(panel, name), Qt.MouseButton.LeftButton)
    assert told == ["lasso", "brush", ""] and panel.area.tool() == ""
    panel.area.setTool("ring")
    assert told[-1] == "ring" and part(panel, "ring").isChecked()


def test_an_area_is_as_wide_as_its_field_says(panel):
    panel.area.setTool("stripe")
    area_of = panel.area.areaOf(lambda: Layout(um_per_px=0.5))
    part(panel, "area_width").setValue(20)
    assert area_of([(100, -9), (100, 300)])[:, 50].sum() == 41  # both edges
    assert panel.area.mix({"neoplastic": 100}, "positive") == {"neoplastic": 100}
    part(panel, "area_classes").setCurrentIndex(1)
    assert panel.area.mix({"neoplastic": 100}, "positive") == {"positive": 100}


def test_buttons_that_would_do_nothing_say_why(panel, make_layout):
    panel.suggest.setTissue("colon")
    panel.setLayoutShown(Layout(), 0)
    assert "no neoplastic nuclei on the tile" in part(panel, "resample").toolTip()
    panel.setLayoutShown(make_layout(12), 6)
    assert "colon has no positive nuclei" in part(panel, "resample").toolTip()
    panel.setLayoutShown(make_layout(12), 1)
    assert part(panel, "resample").isEnabled() and part(panel, "resample").text() == "Place inflammatory anew"
    assert not part(panel, "lock_selected").isEnabled() and not part(panel, "unlock_all").isEnabled()
    panel.setSelected(2)
    panel.setLocked(3)
    assert part(panel, "lock_selected").isEnabled() and part(panel, "unlock_all").text() == "Unlock all (3)"


def test_every_control_has_a_tooltip_and_a_name_for_screen_readers(panel):
    kinds = (QAbstractButton, QAbstractSpinBox, QComboBox, QSlider)
    for control in (w for kind in kinds for w in panel.findChildren(kind)):
        if isinstance(control.parent(), (QSpinBox, QAbstractSpinBox, QComboBox)):
            continue  # the parts that Qt's own fields are made of
        assert control.toolTip(), control.objectName()
        text = getattr(control, "text", str)() if isinstance(control, QAbstractButton) else ""
        assert control.accessibleName() or text, control.objectName()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_it_fits_a_narrow_dock(panel, qtbot, theme):
    from napari.qt import get_stylesheet

    panel.setStyleSheet(get_stylesheet(theme) + panel.styleSheet())
    panel.suggest.setTissue("colon")
    panel.setLayoutShown(Layout(height=1024, width=1024), 0)
    # 320 px less margins, frame and scroll bar.
    assert panel.minimumSizeHint().width() <= 284
