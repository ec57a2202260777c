"""Projects are saved and opened from the dock; faults come as messages."""

from __future__ import annotations

import threading

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog, QLabel, QPushButton

from napari_cosynth.project import open_project, save_project
from napari_cosynth.recovery import found, load
from napari_cosynth.session import Session
from napari_cosynth.snapshot import Snapshot
from napari_cosynth.widgets.controls.messages import MessageBar
from napari_cosynth.widgets.keeping import project_menu
from napari_cosynth.widgets.keeping.project_menu import ProjectMenu
from napari_cosynth.widgets.keeping.recover import Recover
from napari_cosynth.widgets.work.background import Background

WAIT = 20_000


@pytest.fixture
def menu(qtbot, make_layout, make_made_tile, tmp_path, monkeypatch):
    """A project menu over a session with one tile; ``flushed`` counts how often the canvas was asked."""
    monkeypatch.setenv("NAPARI_COSYNTH_SESSIONS", str(tmp_path / "sessions"))
    session, messages, background, flushed = Session(), MessageBar(), Background(), []
    layout = make_layout(9, 64)
    session.edit("Open", layout=layout, prompt="colon")
    session.add_tile(make_made_tile(layout))
    recover = Recover(session, messages, background, fresh=False)
    recover.begin()
    menu = ProjectMenu(session, lambda: flushed.append(1), messages, background, recover)
    menu.session, menu.messages, menu.flushed, menu.recover = session, messages, flushed, recover
    qtbot.addWidget(menu)
    qtbot.addWidget(messages)
    yield menu
    recover.close()
    background.close()


@pytest.fixture
def other(tmp_path):
    """The file of another project, whose prompt is "other"."""
    session = Session()
    session.set_prompt("other")
    save_project(session.snapshot(), tmp_path / "other.cosynth")
    return tmp_path / "other.cosynth"


def said(menu, words):
    return any(words in text for text in menu.messages.texts())


def choose(menu, name):
    [action] = [action for action in menu.menu().actions() if action.text().replace("&", "") == name]
    action.trigger()


def press(qtbot, messages, name):
    [button] = [b for b in messages.findChildren(QPushButton, name) if not b.isHidden()]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_it_saves_what_is_on_the_canvas_and_remembers_the_file(menu, qtbot, tmp_path):
    menu.save(tmp_path / "a.cosynth")
    qtbot.waitUntil(lambda: said(menu, "Saved as"), timeout=WAIT)
    assert menu.flushed and menu.path() == tmp_path / "a.cosynth"
    assert open_project(menu.path()).snapshot.prompt == "colon"
    menu.session.set_prompt("lung")
    menu.askSave()
    qtbot.waitUntil(lambda: open_project(menu.path()).snapshot.prompt == "lung", timeout=WAIT)


def test_opening_asks_only_if_something_would_be_lost(menu, qtbot, tmp_path):
    path = tmp_path / "a.cosynth"
    menu.save(path)
    qtbot.waitUntil(lambda: said(menu, "Saved as"), timeout=WAIT)
    menu.session.set_prompt("not saved")
    menu.open(path)
    assert said(menu, "replaces 9 nuclei, the prompt and 1 tile, changed since a.cosynth was saved")
    assert menu.session.prompt == "not saved"
    press(qtbot, menu.messages, "messageOpenIt")
    qtbot.waitUntil(lambda: menu.session.prompt == "colon", timeout=WAIT)
    menu.open(path)
    assert not said(menu, "replaces")


@pytest.mark.parametrize("part", ["layout", "prompt"])
def test_opening_asks_before_it_replaces_work_without_a_tile(menu, make_layout, other, part):
    menu.session.restore(Snapshot())
    menu.session.edit("Work", **{part: make_layout(9, 64) if part == "layout" else "lung"})
    menu.open(other)
    assert said(menu, "not saved so far") and menu.session.prompt != "other"


def test_what_is_done_while_a_project_is_read_is_not_replaced_unasked(menu, qtbot, other, monkeypatch):
    typed = threading.Event()
    monkeypatch.setattr(project_menu, "open_project", lambda path: typed.wait(WAIT / 1000) and open_project(path))
    menu.open(other)
    press(qtbot, menu.messages, "messageOpenIt")
    menu.session.set_prompt("typed meanwhile")
    typed.set()
    qtbot.waitUntil(lambda: said(menu, "now replaces"), timeout=WAIT)
    assert menu.session.prompt == "typed meanwhile" and menu.path() is None
    press(qtbot, menu.messages, "messageOpenIt")
    assert menu.session.prompt == "other" and load(found().closed).snapshot.prompt == "typed meanwhile"


def test_an_empty_session_is_replaced_without_a_question(menu, qtbot, other):
    menu.session.restore(Snapshot())
    menu.open(other)
    qtbot.waitUntil(lambda: menu.session.prompt == "other", timeout=WAIT)
    assert found().closed is None


def test_what_an_opened_project_replaces_can_be_brought_back(menu, qtbot, other):
    before = menu.session.snapshot()
    menu.open(other)
    press(qtbot, menu.messages, "messageOpenIt")
    qtbot.waitUntil(lambda: menu.session.prompt == "other", timeout=WAIT)
    assert load(found().closed).snapshot.layout == before.layout
    for prompt in ("colon", "other"):
        choose(menu, "Session before")
        qtbot.waitUntil(lambda prompt=prompt: menu.session.prompt == prompt, timeout=WAIT)


def test_a_new_session_is_empty_keeps_the_settings_and_leaves_the_one_before(menu, qtbot, tmp_path):
    session = menu.session
    session.set_settings(session.settings.but(model="/models/mine", variants=3))
    menu.save(tmp_path / "a.cosynth")
    qtbot.waitUntil(lambda: said(menu, "Saved as"), timeout=WAIT)
    settings, layout = session.settings, session.layout
    choose(menu, "New")
    assert session.snapshot() == Snapshot(layout.without_points(), settings=settings)
    assert menu.path() is None and not session.can_undo and menu.messages.texts() == ()
    assert load(found().closed).snapshot.prompt == "colon"
    choose(menu, "Session before")
    qtbot.waitUntil(lambda: session.prompt == "colon" and len(session.entries) == 1, timeout=WAIT)


def test_a_new_session_asks_before_it_replaces_what_is_not_saved(menu, qtbot):
    choose(menu, "New")
    assert said(menu, "A new session replaces 9 nuclei") and menu.session.prompt == "colon"
    press(qtbot, menu.messages, "messageBeginIt")
    assert menu.session.prompt == "" and len(menu.session.layout) == 0 and menu.session.entries == ()
    choose(menu, "New")
    assert menu.messages.texts() == ()


def test_there_may_be_no_session_before(menu):
    choose(menu, "Session before")
    assert said(menu, "no session before") and menu.session.prompt == "colon"


def test_save_first_saves_and_then_opens(menu, qtbot, other, tmp_path, monkeypatch):
    mine = tmp_path / "mine.cosynth"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(mine), ""))
    menu.open(other)
    press(qtbot, menu.messages, "messageSaveFirst")
    qtbot.waitUntil(lambda: menu.session.prompt == "other", timeout=WAIT)
    assert open_project(mine).snapshot.prompt == "colon" and menu.path() == other


@pytest.mark.parametrize("name", ["", "no/such/folder.cosynth"])
def test_save_first_opens_nothing_if_nothing_was_saved(menu, qtbot, other, tmp_path, monkeypatch, name):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (name and str(tmp_path / name), ""))
    menu.open(other)
    press(qtbot, menu.messages, "messageSaveFirst")
    qtbot.wait(200)
    assert menu.session.prompt == "colon" and said(menu, "was not saved") == bool(name)


def test_save_after_another_session_was_brought_back_leaves_the_file_that_was_opened(menu, qtbot, other, monkeypatch):
    menu.open(other)
    press(qtbot, menu.messages, "messageOpenIt")
    qtbot.waitUntil(lambda: menu.path() == other, timeout=WAIT)
    choose(menu, "Session before")
    qtbot.waitUntil(lambda: menu.session.prompt == "colon", timeout=WAIT)
    asked = []
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: asked.append(args) or ("", ""))
    menu.askSave()
    assert asked and menu.path() is None and open_project(other).snapshot.prompt == "other"
    menu.open(other)
    assert said(menu, "not saved so far")


def test_a_file_that_is_still_being_written_belongs_to_the_session_it_was_written_for(menu, qtbot, tmp_path):
    menu.save(tmp_path / "a.cosynth")
    menu.recover.replace(Snapshot(prompt="next"))
    qtbot.waitUntil(lambda: said(menu, "Saved as"), timeout=WAIT)
    assert menu.path() is None


def test_a_project_that_cannot_be_saved_is_told(menu, qtbot, tmp_path):
    menu.save(tmp_path / "no" / "such" / "folder.cosynth")
    qtbot.waitUntil(lambda: said(menu, "was not saved"), timeout=WAIT)
    assert menu.path() is None


def test_a_damaged_project_is_refused_with_its_reason_and_can_be_recovered(menu, qtbot, tmp_path):
    path = tmp_path / "a.cosynth"
    menu.save(path)
    qtbot.waitUntil(lambda: said(menu, "Saved as"), timeout=WAIT)
    path.write_bytes(path.read_bytes()[:-200])
    menu.open(path)
    qtbot.waitUntil(lambda: said(menu, "a.cosynth"), timeout=WAIT)
    menu.session.set_prompt("")
    press(qtbot, menu.messages, "messageRecover")
    qtbot.waitUntil(lambda: menu.session.prompt == "colon", timeout=WAIT)
    assert menu.path() is None, "Save must not write over the damaged file"


def test_what_to_do_about_a_recovered_project_is_seen_however_much_was_lost(menu, qtbot, tmp_path, make_made_tile):
    for seed in range(2, 12):
        menu.session.add_tile(make_made_tile(menu.session.layout, seed=seed))
    path = tmp_path / "a.cosynth"
    menu.save(path)
    qtbot.waitUntil(lambda: said(menu, "Saved as"), timeout=WAIT)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 3])
    menu.open(path)
    qtbot.waitUntil(lambda: said(menu, "recover it"), timeout=WAIT)
    press(qtbot, menu.messages, "messageRecover")
    qtbot.waitUntil(lambda: said(menu, "not all of it"), timeout=WAIT)
    [label] = [label for label in menu.messages.findChildren(QLabel) if "not all of it" in label.text()]
    assert "save it as a new project" in label.text() and label.text().endswith("…")
    assert "tile 11 of 11" in label.toolTip()


def test_a_file_that_is_not_there_is_told_without_an_offer(menu, qtbot, tmp_path):
    menu.session.restore(Session().snapshot())
    menu.open(tmp_path / "none.cosynth")
    qtbot.waitUntil(lambda: said(menu, "none.cosynth"), timeout=WAIT)
    assert not menu.messages.findChildren(QPushButton, "messageRecover")
