import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QComboBox

from napari_cosynth.presets import STANDARD
from napari_cosynth.run_settings import RunSettings
from napari_cosynth.widgets.controls.glyphs import GlyphButton
from napari_cosynth.widgets.making.advanced import Advanced


@pytest.fixture
def advanced(qtbot):
    made = Advanced()
    qtbot.addWidget(made)
    made.fold().setValue(True)
    made.show()
    return made


@pytest.fixture
def heard(advanced):
    told = []
    advanced.valueChanged.connect(told.append)
    return told


def part(advanced, name):
    return advanced.findChild(object, name)


def type_in(field, text):
    field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def reset(advanced, text):
    return next(b for b in advanced.findChildren(GlyphButton) if b.accessibleName().startswith(text))


def test_numbers_follow_the_quality_until_they_are_changed(advanced, heard):
    assert [part(advanced, name).value() for name in ("steps", "guidance", "layout_guidance")] == [*STANDARD]
    advanced.setValue(RunSettings(quality="draft"))
    assert part(advanced, "steps").value() == 4 and not part(advanced, "steps").font().bold()
    type_in(part(advanced, "steps"), "30")
    assert heard[-1] == RunSettings(quality="draft", steps=30) and part(advanced, "steps").font().bold()
    advanced.setValue(heard[-1].but(quality="fine"))
    assert part(advanced, "steps").value() == 30


def test_a_number_goes_back_by_its_arrow_or_by_typing_the_quality_s_own(advanced, heard):
    back = reset(advanced, "Prompt strength")
    assert not back.isEnabled() and "already" in back.toolTip()
    type_in(part(advanced, "guidance"), "2")
    assert heard[-1] == RunSettings(guidance=2.0) and back.isEnabled()
    QTest.mouseClick(back, Qt.MouseButton.LeftButton)
    assert heard[-1] == RunSettings() and part(advanced, "guidance").value() == 1.0
    type_in(part(advanced, "layout_guidance"), "3")
    type_in(part(advanced, "layout_guidance"), str(STANDARD.layout_guidance))
    assert heard[-1] == RunSettings()


def test_devices(advanced, heard):
    advanced.setDevices(("cuda", "cuda:1", "cpu"))
    device = advanced.findChild(QComboBox, "device")
    assert [device.itemText(i) for i in range(4)] == [
        "Automatic",
        "NVIDIA graphics card",
        "NVIDIA graphics card 1",
        "Processor (CPU)",
    ]
    QTest.keyClick(device, Qt.Key.Key_End)
    assert heard == [RunSettings(device="cpu")]
    QTest.keyClick(device, Qt.Key.Key_Home)
    assert heard[-1] == RunSettings()


def test_a_device_of_another_machine_is_kept(advanced, heard):
    advanced.setValue(RunSettings(device="cuda:7"))
    assert advanced.findChild(QComboBox, "device").currentText() == "cuda:7"
    assert advanced.value().device == "cuda:7" and heard == [RunSettings(device="cuda:7")]


def test_the_model_is_a_setting(advanced, heard, model_dir):
    advanced.model().chooseFolder(str(model_dir))
    assert heard == [RunSettings(model=str(model_dir.resolve()))]
    advanced.setValue(RunSettings())
    assert advanced.model().value() is None


def test_folded_away_nothing_is_reached_by_keys(advanced):
    heading = advanced.fold().heading()
    QTest.keyClick(heading, Qt.Key.Key_Space)
    assert not advanced.fold().value() and not part(advanced, "steps").isVisible()
    QTest.mouseClick(heading, Qt.MouseButton.LeftButton)
    assert part(advanced, "steps").isVisible()
