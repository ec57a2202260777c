import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractSpinBox, QPushButton

from napari_cosynth.layout import Layout
from napari_cosynth.layouts.locked import Locked
from napari_cosynth.widgets.draw.canvas import CanvasPanel


@pytest.fixture
def layout(make_layout):
    return make_layout(20)


@pytest.fixture
def panel(qtbot, layout):
    made = CanvasPanel(layout)
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def heard(panel):
    """Layouts and names of edits that the panel told, in order."""
    told = []
    panel.valueChanged.connect(lambda layout, name: told.append((layout, name)))
    return told


def press(panel, name):
    QTest.mouseClick(panel.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def field(panel, name):
    return panel.findChild(QAbstractSpinBox, name)


def type_in(panel, name, text):
    field(panel, name).selectAll()
    QTest.keyClicks(field(panel, name), text)
    QTest.keyClick(field(panel, name), Qt.Key.Key_Return)


def test_it_shows_the_layout_and_what_it_measures(panel):
    assert (field(panel, "height").value(), field(panel, "width").value()) == (256, 256)
    assert field(panel, "um_per_px").text() == "0.25 µm/px"
    assert panel.findChild(object, "extent").text() == "= 64 × 64 µm"


def test_set_value_tells_once(panel, heard, layout):
    panel.setValue(layout)
    assert heard == []
    panel.setValue(layout.mirrored())
    panel.setValue(layout.mirrored())
    assert [told for told, _ in heard] == [layout.mirrored()] and panel.value() == layout.mirrored()


@pytest.mark.parametrize(
    ("name", "edit", "said"),
    [
        ("mirror", Layout.mirrored, "Mirror tile"),
        ("rotate", Layout.rotated, "Rotate tile"),
        ("clear", Layout.without_points, "Remove all nuclei"),
        ("new", lambda layout: Layout(), "New tile"),
    ],
)
def test_each_button_edits_the_layout_and_names_the_edit(panel, heard, layout, name, edit, said):
    panel.setValue(layout.resized(256, 320))
    heard.clear()
    press(panel, name)
    assert heard == [(edit(layout.resized(256, 320)), said)]


def test_jitter_moves_a_little_and_differently_each_time(panel, heard, layout):
    press(panel, "jitter")
    press(panel, "jitter")
    (once, said), (twice, _) = heard
    assert said == "Jitter nuclei" and once.names == layout.names and once != twice
    assert 0 < np.abs(once.centroids - layout.centroids).mean() < 5


def test_jitter_leaves_locked_nuclei(panel, heard, layout):
    panel.setLocked(Locked().with_points(layout, range(5)))
    press(panel, "jitter")
    moved = (heard[0][0].centroids != layout.centroids).any(axis=1)
    assert not moved[:5].any() and moved[5:].any()


def test_buttons_that_would_do_nothing_are_disabled_and_say_why(panel):
    panel.setValue(Layout())
    for name in ("clear", "mirror", "rotate", "jitter"):
        button = panel.findChild(QPushButton, name)
        assert not button.isEnabled() and "no nuclei" in button.toolTip()
    assert "new already" in panel.findChild(QPushButton, "new").toolTip()
    panel.setValue(Layout(height=64))
    assert panel.findChild(QPushButton, "rotate").isEnabled()
    assert panel.findChild(QPushButton, "new").isEnabled()


def test_a_typed_size_snaps_to_what_a_tile_can_have(panel, heard):
    type_in(panel, "width", "130")
    assert (panel.value().height, panel.value().width) == (256, 128)
    assert heard[-1][1] == "Resize tile" and len(heard) == 1
    type_in(panel, "height", "9999")
    type_in(panel, "width", "1")
    assert (panel.value().height, panel.value().width) == (1024, 64)
    type_in(panel, "width", "2000")
    assert panel.value().width == 1024
    type_in(panel, "width", "210 px")
    assert panel.value().width == 208


def test_letters_are_no_size(panel, heard):
    type_in(panel, "width", "x")
    assert heard == [] and field(panel, "width").value() == 256


def test_nuclei_that_a_smaller_size_leaves_out_are_told(panel, layout):
    panel.setValue(layout)
    told = []
    panel.leftOut.connect(told.append)
    type_in(panel, "width", "64")
    lost = len(layout) - len(panel.value())
    assert lost and told == [lost]
    type_in(panel, "width", "256")
    assert told == [lost] and panel.value() == layout


def test_arrows_step_by_16(panel, heard):
    QTest.keyClick(field(panel, "height"), Qt.Key.Key_Up)
    assert heard[-1][0].height == 272


def test_nuclei_that_a_smaller_size_left_out_come_back_until_something_else_changes(panel, layout):
    for _ in range(8):
        QTest.keyClick(field(panel, "width"), Qt.Key.Key_Down)
    small = panel.value()
    assert small.width == 128 and 0 < len(small) < len(layout)
    type_in(panel, "width", "256")
    assert panel.value() == layout
    type_in(panel, "width", "128")
    panel.setValue(small.remove([0]))
    type_in(panel, "width", "256")
    assert len(panel.value()) == len(small) - 1


def test_the_scale_is_kept_exactly_until_the_user_changes_it(panel, heard, layout):
    odd = layout.model_validate({**dict(layout), "um_per_px": 0.2527713})
    panel.setValue(odd)
    press(panel, "mirror")
    assert panel.value().um_per_px == 0.2527713
    type_in(panel, "um_per_px", "0.5")
    assert panel.value().um_per_px == 0.5 and heard[-1][1] == "Change scale"
    assert panel.findChild(object, "extent").text() == "= 128 × 128 µm"


def test_it_fits_a_narrow_dock(panel):
    assert panel.minimumSizeHint().width() <= 250
