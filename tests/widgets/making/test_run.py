import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractButton, QApplication

from napari_cosynth.run_settings import RunSettings
from napari_cosynth.widgets.controls.tooltips import TOOLTIPS
from napari_cosynth.widgets.making.panel import RunPanel, RunState
from napari_cosynth.widgets.making.seed import SeedField

CHANGED = RunSettings(
    quality="fine",
    variants=4,
    seed=2**62,
    seed_locked=False,
    steps=33,
    guidance=2.5,
    device="cpu",
    live=True,
    preview=False,
)


@pytest.fixture
def panel(qtbot):
    made = RunPanel()
    qtbot.addWidget(made)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow, timeout=20000)
    return made


@pytest.fixture
def heard(panel):
    """What the panel told, in order."""
    told = []
    panel.valueChanged.connect(told.append)
    panel.generateAsked.connect(lambda: told.append("generate"))
    panel.cancelAsked.connect(lambda: told.append("cancel"))
    return told


def part(panel, name):
    return panel.findChild(object, name)


def click(panel, name):
    QTest.mouseClick(part(panel, name), Qt.MouseButton.LeftButton)


def type_in(field, text):
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, text)


def test_set_value_tells_once_and_shows_everything(panel, heard):
    panel.setValue(CHANGED)
    panel.setValue(CHANGED)
    assert heard == [CHANGED] and panel.value() == CHANGED
    assert part(panel, "quality").currentText() == "Fine"
    assert part(panel, "variants").value() == 4 and part(panel, "seed").value() == 2**62
    assert not part(panel, "lock").isChecked() and not part(panel, "preview").isChecked()
    assert part(panel, "live").isChecked() and part(panel, "steps").value() == 33
    panel.setValue(RunSettings())
    assert panel.value() == RunSettings() and len(heard) == 2


def test_quality_by_keys(panel, heard):
    quality = part(panel, "quality")
    quality.setFocus()
    QTest.keyClick(quality, Qt.Key.Key_Up)
    assert heard == [RunSettings(quality="draft")]
    QTest.keyClicks(quality, "f")
    assert heard[-1] == RunSettings(quality="fine") and part(panel, "steps").value() == 24


def test_variants_and_seed_count_when_their_field_is_left(panel, heard):
    type_in(part(panel, "variants"), "12")
    assert heard == []
    type_in(part(panel, "seed"), "4711")
    assert heard == [RunSettings(variants=12)]
    QTest.keyClick(part(panel, "seed"), Qt.Key.Key_Return)
    assert heard[-1] == RunSettings(variants=12, seed=4711)


def test_a_number_still_being_typed_counts_for_generate(panel, heard):
    type_in(part(panel, "seed"), "99")
    part(panel, "generate").click()  # as a shortcut does: the focus stays in the field
    assert heard == [RunSettings(seed=99), "generate"]
    assert part(panel, "seed").hasFocus()


def test_lock_and_dice(panel, heard):
    click(panel, "lock")
    assert heard == [RunSettings(seed_locked=False)]
    click(panel, "dice")
    assert heard[-1].seed != 1 and not heard[-1].seed_locked
    assert part(panel, "seed").value() == heard[-1].seed


def test_a_seed_that_is_set_does_not_take_the_focus(panel):
    part(panel, "variants").setFocus()
    panel.setValue(RunSettings(seed=5))
    assert part(panel, "variants").hasFocus()


def test_switches(panel, heard):
    for name, wanted in (("live", RunSettings(live=True)), ("preview", RunSettings(live=True, preview=False))):
        part(panel, name).setFocus()
        QTest.keyClick(part(panel, name), Qt.Key.Key_Space)
        assert heard[-1] == wanted


def test_generate_turns_into_cancel_and_back(panel, heard):
    click(panel, "generate")
    panel.setState(RunState(running=True, steps=12))
    generate = part(panel, "generate")
    assert generate.text() == "Cancel" and generate.toolTip() == TOOLTIPS["cancel"]
    click(panel, "generate")
    panel.setState(RunState(text="Cancelled"))
    assert heard == ["generate", "cancel"] and panel.state().text == "Cancelled"
    assert generate.text() == "&Generate" and generate.toolTip() == TOOLTIPS["generate"]


def test_a_double_click_on_generate_does_not_cancel(panel, heard):
    panel.generateAsked.connect(lambda: panel.setState(RunState(running=True)))
    click(panel, "generate")
    QTest.mouseDClick(part(panel, "generate"), Qt.MouseButton.LeftButton)
    assert heard == ["generate"]


def test_a_disabled_generate_says_why_in_its_tooltip_and_below(panel, heard):
    panel.setState(RunState(reason="The model is not there: choose one under Advanced"))
    generate = part(panel, "generate")
    assert not generate.isEnabled() and "choose one" in generate.toolTip()
    assert "choose one" in part(panel, "run_text").text()
    click(panel, "generate")
    assert heard == []
    panel.setState(RunState(running=True, reason="The model is not there"))
    assert generate.isEnabled()
    panel.setState(RunState())
    assert generate.isEnabled() and generate.toolTip() == TOOLTIPS["generate"]


def test_the_panel_does_not_jump_when_a_run_begins(panel):
    before = part(panel, "generate").geometry()
    panel.setState(RunState(running=True, step=3, steps=12))
    QApplication.processEvents()
    assert part(panel, "generate").geometry() == before


def test_tab_walks_through_what_is_seen_and_nothing_else(panel):
    names = []
    widget = part(panel, "quality")
    widget.setFocus()
    for _ in range(10):
        names.append(QApplication.focusWidget().objectName())
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    wanted = ["quality", "variants", "seed", "lock", "dice", "live", "preview", "advanced", "generate"]
    assert names == [*wanted, "quality"]


@pytest.mark.parametrize("unfolded", [False, True])
def test_it_fits_a_narrow_dock(panel, unfolded):
    panel.advanced().fold().setValue(unfolded)
    assert panel.minimumSizeHint().width() <= 280


def test_the_wheel_scrolls_past_fields_without_the_focus(panel, qtbot, turn_wheel):
    part(panel, "generate").setFocus()
    for name in ("quality", "variants", "seed"):
        turn_wheel(part(panel, name))
    assert panel.value() == RunSettings()
    part(panel, "quality").setFocus()
    turn_wheel(part(panel, "quality"))
    assert panel.value().quality == "fine"


def test_parts_share_the_settings(qtbot):
    field = SeedField(CHANGED)
    qtbot.addWidget(field)
    assert field.value() == CHANGED and field.findChild(QAbstractButton, "dice").isEnabled()
    told = []
    field.valueChanged.connect(told.append)
    field.setValue(CHANGED)
    assert told == []
