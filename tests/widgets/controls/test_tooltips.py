import pytest
from qtpy.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit, QPushButton, QVBoxLayout, QWidget

from napari_cosynth.widgets.controls.tooltips import TOOLTIPS, add_tooltips, enable
from napari_cosynth.widgets.draw.canvas import CanvasPanel
from napari_cosynth.widgets.draw.palette import Palette
from napari_cosynth.widgets.draw.prompt import Prompt
from napari_cosynth.widgets.making.panel import RunPanel


@pytest.fixture
def host(qtbot):
    made = QWidget()
    qtbot.addWidget(made)
    QVBoxLayout(made).addWidget(QPushButton("Dice", objectName="dice"))
    return made


@pytest.fixture
def button(host):
    return host.findChild(QPushButton)


def test_tooltips_go_by_name_and_leave_what_is_there(host, button):
    add_tooltips(host)
    assert button.toolTip() == TOOLTIPS["dice"] and host.toolTip() == ""
    enable(button, "There are no dice")
    add_tooltips(host)
    assert button.toolTip() == "There are no dice"


def test_a_disabled_control_says_why(button):
    enable(button, "Nothing to throw yet")
    assert not button.isEnabled()
    assert button.toolTip() == button.accessibleDescription() == "Nothing to throw yet"
    enable(button)
    assert button.isEnabled()
    assert button.toolTip() == TOOLTIPS["dice"] and button.accessibleDescription() == ""


def test_texts_are_sentences_without_jargon_and_without_a_full_stop():
    for name, text in TOOLTIPS.items():
        assert text[0].isupper() and not text.endswith("."), name
        if name not in ("steps", "guidance", "layout_guidance", "advanced"):
            assert not {"sampler", "guidance", "NFE", "latent", "inference"} & set(text.split()), name


@pytest.mark.parametrize("make", [CanvasPanel, Palette, Prompt, RunPanel])
def test_every_control_has_a_tooltip_and_a_name_for_screen_readers(qtbot, make):
    panel = make()
    qtbot.addWidget(panel)
    controls = [
        w for kind in (QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit) for w in panel.findChildren(kind)
    ]
    for control in controls:
        if isinstance(control.parent(), (QAbstractSpinBox, QComboBox, QLineEdit)):
            continue  # the parts that Qt's own fields are made of
        assert control.toolTip(), control.objectName()
        text = getattr(control, "text", str)() if isinstance(control, QAbstractButton) else ""
        assert control.accessibleName() or text, control.objectName()
