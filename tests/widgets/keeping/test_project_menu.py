"""Projects are saved and opened from the dock; faults come as messages."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton

from napari_cosynth.project import open_project
from napari_cosynth.session import Session
from napari_cosynth.widgets.controls.messages import MessageBar
from napari_cosynth.widgets.keeping.project_menu import ProjectMenu
from napari_cosynth.widgets.work.background import Background

WAIT = 20_000


@pytest.fixture
def menu(qtbot, make_layout, make_made_tile):
    """A project menu over a session with one tile; ``flushed`` counts how often the canvas was asked."""
    session, messages, background, flushed = Session(), MessageBar(), Background(), []
    layout = make_layout(9, 64)
    session.edit("Open", layout=layout, prompt="colon")
    session.add_tile(make_made_tile(layout))
    menu = ProjectMenu(session, lambda: flushed.append(1), messages, background)
    menu.session, menu.messages, menu.flushed = session, messages, flushed
    qtbot.addWidget(menu)
    qtbot.addWidget(messages)
    yield menu
    background.close()


def said(menu, words):
    return any(words in text for text in menu.messages.texts())


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


def test_opening_asks_only_if_tiles_would_be_lost(menu, qtbot, tmp_path):
    path = tmp_path / "a.cosynth"
    menu.save(path)
    qtbot.waitUntil(lambda: said(menu, "Saved as"), timeout=WAIT)
    menu.session.set_prompt("not saved")
    menu.open(path)
    assert said(menu, "replaces your tile, ") and menu.session.prompt == "not saved"
    press(qtbot, menu.messages, "messageOpenIt")
    qtbot.waitUntil(lambda: menu.session.prompt == "colon", timeout=WAIT)
    menu.open(path)
    assert not said(menu, "replaces")


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


def test_a_file_that_is_not_there_is_told_without_an_offer(menu, qtbot, tmp_path):
    menu.session.restore(Session().snapshot())
    menu.open(tmp_path / "none.cosynth")
    qtbot.waitUntil(lambda: said(menu, "none.cosynth"), timeout=WAIT)
    assert not menu.messages.findChildren(QPushButton, "messageRecover")
