"""The queue panel: choose, start, pause, go on, stop; faults and failed tiles are told; tiles reach the gallery."""

from __future__ import annotations

from pathlib import Path

import pytest
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QLabel, QLineEdit, QProgressBar, QPushButton

from napari_cosynth.batch.apart import BatchError
from napari_cosynth.session import Session
from napari_cosynth.widgets.controls.titled_list import TitledList
from napari_cosynth.widgets.queue.panel import QueuePanel

WAIT = 30_000


@pytest.fixture
def session(make_layout):
    session = Session()
    session.set_layout(make_layout(12, 64), "Open sample")
    return session


@pytest.fixture
def make_panel(qtbot, session, monkeypatch):
    """``make_panel(batch)``: a shown queue panel whose tiles arrive at once."""
    monkeypatch.setattr("napari_cosynth.widgets.queue.arrivals.EVERY_MS", 0)
    made = []

    def make(batch) -> QueuePanel:
        panel = QueuePanel(session, batch=batch)
        qtbot.addWidget(panel)
        panel.resize(320, 600)
        panel.show()
        qtbot.waitExposed(panel)
        made.append(panel)
        return panel

    yield make
    for panel in made:
        assert panel.close_batch(WAIT)


@pytest.fixture
def panel(make_panel, batches):
    return make_panel(batches)


def part(panel, kind, name):
    return panel.findChild(kind, name)


def button(panel, name="queue_start") -> QPushButton:
    return part(panel, QPushButton, name)


def click(qtbot, panel, name="queue_start"):
    qtbot.mouseClick(button(panel, name), Qt.MouseButton.LeftButton)


def said(panel) -> str:
    return part(panel, QLabel, "queue_text").text().replace("\u200b", "")


def chosen(qtbot, panel, plan, folder=None):
    panel.setPlan(str(plan))
    if folder is not None:
        panel.setFolder(str(folder))
    qtbot.waitUntil(lambda: button(panel).isEnabled(), timeout=WAIT)


def until(qtbot, condition):
    qtbot.waitUntil(condition, timeout=WAIT)


def seeds(session):
    return [entry.tile.request.seed for entry in session.entries]


def test_what_is_missing_is_said_and_disables(qtbot, panel):
    assert said(panel).startswith("Choose a plan") and not button(panel).isEnabled()
    assert button(panel).toolTip() == said(panel) == button(panel, "queue_measure").toolTip()
    assert not button(panel, "queue_stop").isVisible()


def test_the_total_is_told_before_it_starts(qtbot, panel, plan_file, tmp_path):
    qtbot.keyClicks(part(panel, QLineEdit, "queue_plan"), str(plan_file))
    until(qtbot, lambda: said(panel).startswith("6 layouts, 6 tiles. Choose a folder"))
    assert not button(panel).isEnabled() and "folder" in button(panel).toolTip()
    qtbot.keyClicks(part(panel, QLineEdit, "queue_folder"), str(tmp_path / "out"))
    until(qtbot, lambda: said(panel) == "6 layouts, 6 tiles")
    assert button(panel).isEnabled() and not (tmp_path / "out").exists()


def test_how_long_it_takes_is_told_if_asked(qtbot, panel, batches, plan_file):
    chosen(qtbot, panel, plan_file)
    click(qtbot, panel, "queue_measure")
    until(qtbot, lambda: panel.mode() == "idle" and "one tile" in said(panel))
    assert said(panel) == (
        "6 tiles to be made, about 40 s, one tile takes 1.5 s; 2 processes with 1 thread each, 1 tile at a time"
    )
    assert batches.made[0].only_measure and button(panel).isEnabled()


def test_faults_of_a_plan_stand_there_with_table_and_key(qtbot, panel, plan_file):
    text = plan_file.read_text()
    plan_file.write_text(text.replace("layouts = 6", "layouts = 0").replace("[tiles]", '[tiles]\nquality = "good"'))
    panel.setPlan(str(plan_file))
    until(qtbot, lambda: "[tiles]" in said(panel))
    first, second = said(panel).splitlines()
    assert first.startswith('[tiles], key "quality": ') and "'good'" in first
    assert second.startswith('[[group]] 1 ("nest"), key "layouts": ')
    assert not button(panel).isEnabled() and button(panel).toolTip() == first
    plan_file.write_text(text.replace('"colon"', '"cologne"'))
    panel.setPlan("")
    panel.setPlan(str(plan_file))
    until(qtbot, lambda: 'key "tissue": no tissue' in said(panel))
    panel.setPlan(str(plan_file.with_name("none.toml")))
    until(qtbot, lambda: "No such file" in said(panel))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"row,col,class\n1,2,other\n", "holiday.toml is not TOML: Expected"),
        (b"\x89PNG\r\n", "holiday.toml is not TOML: 'utf-8' codec"),
        (b"[project]\nname = 'x'\n", "holiday.toml has no key of a plan, but project; a plan is a TOML file"),
    ],
)
def test_a_file_that_is_no_plan_is_named_and_told_what_a_plan_is(qtbot, panel, tmp_path, content, words):
    file = tmp_path / "holiday.toml"
    file.write_bytes(content)
    panel.setPlan(str(file))
    until(qtbot, lambda: words in said(panel))
    assert "[[group]]" in said(panel) and "choose another" in said(panel) and str(tmp_path) not in said(panel)
    assert not button(panel).isEnabled()


def test_tiles_arrive_without_taking_the_canvas(qtbot, panel, session, batches, plan_file, tile_named):
    mine = session.add_tile(tile_named("mine-00077"))
    batches.prepare = lambda batch: batch.verdicts.update({"nest-00002": "rejected"})
    chosen(qtbot, panel, plan_file)
    click(qtbot, panel)
    assert panel.mode() == "running" and button(panel).text() == "Pause"
    assert not part(panel, QLineEdit, "queue_plan").isEnabled()
    batches.made[0].allow(2)
    until(qtbot, lambda: seeds(session) == [1077, 1001, 1002])
    assert session.current.key == mine and not session.can_undo or session.undo_name == "Open sample"
    assert [entry.tile.verdict for entry in session.entries[1:]] == ["undecided", "rejected"]
    until(qtbot, lambda: said(panel).startswith("2 of 6 tiles"))
    assert "left" in said(panel)
    bar = part(panel, QProgressBar, "queue_progress")
    assert bar.isVisible() and (bar.value(), bar.maximum()) == (2, 6)
    batches.made[0].allow(4)
    until(qtbot, lambda: panel.mode() == "idle" and len(session.entries) == 7)
    assert said(panel).startswith("6 tiles made") and "1 of them below the plan's gate and rejected" in said(panel)
    assert str(plan_file.with_suffix("")) in said(panel) and session.current.key == mine
    assert not bar.isVisible() and button(panel).text() == "Start"


def test_a_pause_ends_the_batch_and_resume_goes_on(qtbot, panel, session, batches, plan_file):
    chosen(qtbot, panel, plan_file)
    click(qtbot, panel)
    batches.made[0].allow(2)
    until(qtbot, lambda: said(panel).startswith("2 of 6 tiles"))
    click(qtbot, panel)
    assert panel.mode() == "pausing" and not button(panel).isEnabled() and "step in hand" in button(panel).toolTip()
    until(qtbot, lambda: panel.mode() == "paused")
    assert batches.made[0].wishes == ["stop"]
    assert said(panel) == "Paused after 2 of 6 tiles. What is finished is in the folder"
    assert button(panel).text() == "Resume" and button(panel).isEnabled()
    assert not part(panel, QLineEdit, "queue_folder").isEnabled()
    click(qtbot, panel)
    batches.made[1].allow(4)
    until(qtbot, lambda: panel.mode() == "idle" and len(session.entries) == 6)
    assert sorted(seeds(session)) == list(range(1001, 1007)) and said(panel).startswith("4 tiles made")


def test_stop_lets_another_plan_be_chosen(qtbot, panel, batches, plan_file):
    chosen(qtbot, panel, plan_file)
    click(qtbot, panel)
    batches.made[0].allow(1)
    until(qtbot, lambda: said(panel).startswith("1 of 6 tiles"))
    click(qtbot, panel, "queue_stop")
    until(qtbot, lambda: panel.mode() == "idle")
    assert said(panel) == "Stopped after 1 of 6 tiles. Start goes on where it ended"
    assert part(panel, QLineEdit, "queue_plan").isEnabled() and button(panel).isEnabled()
    click(qtbot, panel)
    batches.made[1].allow(1)
    until(qtbot, lambda: said(panel).startswith("1 of 5 tiles"))
    click(qtbot, panel)
    until(qtbot, lambda: panel.mode() == "paused")
    click(qtbot, panel, "queue_stop")
    assert panel.mode() == "idle" and not button(panel, "queue_stop").isVisible()


def test_a_folder_that_is_partly_done_goes_on_and_its_tiles_come_too(
    qtbot, make_panel, batches, session, plan_file, tmp_path
):
    first = make_panel(batches)
    chosen(qtbot, first, plan_file, tmp_path / "out")
    click(qtbot, first)
    batches.made[0].allow(6)
    until(qtbot, lambda: first.mode() == "idle" and len(session.entries) == 6)
    for name in ("nest-00005", "nest-00006"):
        for path in (tmp_path / "out" / "tiles").glob(f"{name}*"):
            path.unlink()
    session.remove(session.entries[0].key)
    second = make_panel(batches)
    chosen(qtbot, second, plan_file, tmp_path / "out")
    click(qtbot, second)
    until(qtbot, lambda: sorted(seeds(session)) == list(range(1001, 1007)))
    assert len(session.entries) == 6, "a tile that the session has came twice"
    batches.made[1].allow(2)
    until(qtbot, lambda: second.mode() == "idle")
    assert said(second).startswith("2 tiles made")


def test_failed_tiles_are_listed_with_reasons(qtbot, panel, session, batches, plan_file):
    def prepare(batch):
        batch.failing = {"nest-00001": "such a layout does not fit", "nest-00004": "RuntimeError: odd"}

    batches.prepare = prepare
    chosen(qtbot, panel, plan_file)
    click(qtbot, panel)
    batches.made[0].allow(6)
    until(qtbot, lambda: panel.mode() == "idle" and len(session.entries) == 4)
    listed = part(panel, TitledList, "queue_failed")
    assert listed.lines() == ("nest-00001: such a layout does not fit", "nest-00004: RuntimeError: odd")
    assert said(panel).startswith("4 tiles made") and "2 tiles failed, Start tries again" in said(panel)


def test_what_ends_a_batch_is_told_and_it_can_be_started_again(qtbot, panel, batches, plan_file):
    def prepare(batch):
        batch.error = BatchError("not enough memory; close other programs") if len(batches.made) == 1 else None

    batches.prepare = prepare
    chosen(qtbot, panel, plan_file)
    click(qtbot, panel)
    until(qtbot, lambda: panel.mode() == "idle")
    assert said(panel) == "Not enough memory; close other programs.\nStart goes on where it ended."
    click(qtbot, panel)
    batches.made[1].allow(6)
    until(qtbot, lambda: said(panel).startswith("6 tiles made"))


def test_it_waits_while_the_users_own_tile_is_made(qtbot, panel, batches, plan_file):
    panel.hold()
    chosen(qtbot, panel, plan_file)
    click(qtbot, panel)
    batch = batches.made[0]
    assert batch.wishes == ["hold"], "it began in the middle of the user's run"
    until(qtbot, lambda: said(panel).endswith("Waits while your own tile is made"))
    panel.go()
    assert batch.wishes == ["hold", "go"] and "Waits" not in said(panel)
    panel.hold()
    assert batch.wishes[2:] == ["hold"] and said(panel).endswith("Waits while your own tile is made")


def test_a_plan_is_dropped_on_the_panel(qtbot, panel, plan_file, tmp_path):
    def events(*paths):
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        arguments = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        return QDragEnterEvent(QPoint(5, 5), *arguments), QDropEvent(QPointF(5, 5), *arguments), data

    enter, _, _data = events(tmp_path / "picture.png")
    enter.ignore()
    panel.dragEnterEvent(enter)
    assert not enter.isAccepted()
    enter, drop, _data = events(tmp_path / "picture.png", plan_file)
    panel.dragEnterEvent(enter)
    assert enter.isAccepted()
    panel.dropEvent(drop)
    assert part(panel, QLineEdit, "queue_plan").text() == str(plan_file)
    assert part(panel, QLineEdit, "queue_folder").text() == str(tmp_path / "plan")
    until(qtbot, lambda: said(panel) == "6 layouts, 6 tiles")


def test_the_folder_goes_with_the_plan_unless_it_was_chosen(panel, tmp_path):
    folder = part(panel, QLineEdit, "queue_folder")
    for name in ("one", "two"):
        panel.setPlan(str(tmp_path / f"{name}.toml"))
        assert folder.text() == str(tmp_path / name)
    panel.setFolder(str(tmp_path / "own"))
    panel.setPlan(str(tmp_path / "three.toml"))
    assert folder.text() == str(tmp_path / "own")


def test_closing_stops_the_batch_and_lets_the_session_go(qtbot, make_panel, batches, session, plan_file, tile_named):
    panel = make_panel(batches)
    chosen(qtbot, panel, plan_file)
    click(qtbot, panel)
    batches.made[0].allow(1)
    until(qtbot, lambda: len(session.entries) == 1)
    assert panel.close_batch(WAIT) and batches.made[0].stopped.is_set()
    assert len(list(Path(plan_file.with_suffix("")).glob("tiles/*.json"))) == 1
    session.add_tile(tile_named("mine-00009"))
    session.set_layout(session.layout.without_points(), "Clear")


@pytest.mark.parametrize("unfolded", [False, True])
def test_every_control_has_a_tooltip_and_a_name_for_screen_readers(panel, unfolded):
    if unfolded:
        button(panel, "new_plan").click()
    for kind in (QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit):
        for control in panel.findChildren(kind):
            if isinstance(control.parent(), (QAbstractSpinBox, QComboBox, QLineEdit)):
                continue  # the parts that Qt's own fields are made of
            assert control.objectName() and control.toolTip(), control
            text = control.text() if isinstance(control, QAbstractButton) else ""
            assert control.accessibleName() or text, control.objectName()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_it_fits_into_a_narrow_dock(qtbot, panel, theme):
    from napari.qt import get_stylesheet

    button(panel, "new_plan").click()
    panel.setStyleSheet(get_stylesheet(theme))
    # 320 px less the dock's margins, the frame of the tabs and a scroll bar.
    assert panel.minimumSizeHint().width() <= 278
