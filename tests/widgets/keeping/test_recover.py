"""The last session comes back; one that crashed is offered, never forced upon anybody."""

from __future__ import annotations

import threading

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QPushButton

from napari_cosynth import recovery
from napari_cosynth.recovery import Autosave, found
from napari_cosynth.session import Session
from napari_cosynth.snapshot import Snapshot
from napari_cosynth.widgets.controls.messages import MessageBar
from napari_cosynth.widgets.keeping import recover
from napari_cosynth.widgets.keeping.recover import Recover
from napari_cosynth.widgets.work.background import Background

WAIT = 20_000


@pytest.fixture(autouse=True)
def sessions(tmp_path, monkeypatch):
    """The folder of all sessions."""
    monkeypatch.setenv("NAPARI_COSYNTH_SESSIONS", str(tmp_path / "sessions"))
    return tmp_path / "sessions"


@pytest.fixture
def start(qtbot):
    """``start()``: what the dock does when it opens; all are closed at the end."""
    begun = []

    def make(fresh=True):
        background = Background()
        made = Recover(Session(), MessageBar(), background, fresh=fresh)
        made.session, made.messages = made._session, made._messages
        qtbot.addWidget(made.messages)
        begun.append((made, background))
        made.begin()
        return made

    yield make
    for made, background in begun:
        made.close()
        background.close()


@pytest.fixture
def work(make_layout, make_made_tile):
    """A session's worth of work: a layout, a prompt and two tiles."""
    session = Session()
    session.edit("Open", layout=make_layout(9, 64), prompt="colon")
    for seed in (1, 2):
        session.add_tile(make_made_tile(make_layout(9, 64), seed=seed))
    return session.snapshot()


def crashed(snapshot: Snapshot):
    store = Autosave()
    store.write(snapshot)
    store.release()
    return store.folder


def press(qtbot, messages, name):
    [button] = [b for b in messages.findChildren(QPushButton, name) if not b.isHidden()]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def same(one: Snapshot, other: Snapshot) -> bool:
    return (one.layout, one.prompt, one.settings, [e.key for e in one.entries]) == (
        other.layout,
        other.prompt,
        other.settings,
        [e.key for e in other.entries],
    )


def test_the_first_time_there_is_nothing_to_say(start):
    made = start()
    assert made.messages.texts() == () and made.session.snapshot() == Snapshot()


def test_the_last_closed_session_comes_back_silently_and_goes_on_in_its_folder(start, work):
    store = Autosave()
    store.close(work)
    made = start()
    assert same(made.session.snapshot(), work) and made.messages.texts() == ()
    assert not made.session.can_undo
    made.session.set_prompt("lung")
    made.close()
    assert found().closed == store.folder
    assert start().session.prompt == "lung"


def test_a_session_that_is_given_is_not_replaced(start, work):
    Autosave().close(work)
    assert start(fresh=False).session.snapshot() == Snapshot()


def test_a_crashed_session_is_offered_and_comes_back_when_it_is_wanted(start, work, qtbot):
    folder = crashed(work)
    made = start()
    [text] = made.messages.texts()
    assert "not closed properly" in text and QApplication.activeModalWidget() is None
    assert made.session.snapshot() == Snapshot()
    press(qtbot, made.messages, "messageRestore")
    qtbot.waitUntil(lambda: same(made.session.snapshot(), work), timeout=WAIT)
    assert made.messages.texts() == ()
    made.close()
    assert found() == recovery.Found(folder, ())


def test_what_a_restored_session_replaces_is_kept(start, work, qtbot):
    crashed(work)
    made = start()
    made.session.set_prompt("begun since")
    press(qtbot, made.messages, "messageRestore")
    qtbot.waitUntil(lambda: same(made.session.snapshot(), work), timeout=WAIT)
    assert recovery.load(found().closed).snapshot.prompt == "begun since"


def test_a_crashed_session_that_is_discarded_is_gone_and_the_next_one_is_offered(start, work, qtbot):
    older, newer = crashed(work), crashed(work)
    made = start()
    press(qtbot, made.messages, "messageDiscard")
    qtbot.waitUntil(lambda: not newer.exists() and len(made.messages.texts()) == 1, timeout=WAIT)
    press(qtbot, made.messages, "messageDiscard")
    qtbot.waitUntil(lambda: not older.exists(), timeout=WAIT)
    assert found().crashed == ()


def test_an_offer_that_is_closed_stays_for_the_next_time(start, work):
    crashed(work)
    made = start()
    made.messages.clear("crashed")
    made.close()
    assert len(start().messages.texts()) == 1


def test_a_session_slower_than_the_user_asks_before_it_replaces_anything(start, work, qtbot, monkeypatch):
    Autosave().close(work)
    monkeypatch.setattr(recover, "PATIENCE_S", 0.0)
    typed, read = threading.Event(), recover.load
    monkeypatch.setattr(recover, "load", lambda folder: typed.wait(WAIT / 1000) and read(folder))
    made = start()
    made.session.set_prompt("typed at once")
    typed.set()
    qtbot.waitUntil(lambda: len(made.messages.texts()) == 1, timeout=WAIT)
    assert made.session.prompt == "typed at once"
    press(qtbot, made.messages, "messageOpenIt")
    assert same(made.session.snapshot(), work)


def test_a_session_that_comes_after_another_was_begun_replaces_nothing(start, work, qtbot, monkeypatch):
    Autosave().close(work)
    monkeypatch.setattr(recover, "PATIENCE_S", 0.0)
    begun, read = threading.Event(), recover.load
    monkeypatch.setattr(recover, "load", lambda folder: begun.wait(WAIT / 1000) and read(folder))
    made = start()
    made.replace(Snapshot(prompt="begun anew"))
    begun.set()
    made._background.finish()
    qtbot.wait(100)
    assert made.session.prompt == "begun anew" and made.messages.texts() == ()
    made.bring_back()
    qtbot.waitUntil(lambda: same(made.session.snapshot(), work), timeout=WAIT)
    made.bring_back()
    qtbot.waitUntil(lambda: made.session.prompt == "begun anew", timeout=WAIT)


def test_what_can_be_read_of_a_damaged_session_comes_back_and_the_rest_is_told(start, work):
    store = Autosave()
    store.close(work)
    (store.folder / "project.json").write_text("{")
    made = start()
    assert {e.key for e in made.session.entries} == {e.key for e in work.entries}
    assert "but not all of it" in made.messages.texts()[0]


def test_a_session_that_cannot_be_read_is_told_and_work_goes_on(start, work, qtbot):
    store = Autosave()
    store.close(work)
    for path in store.folder.iterdir():
        if path.suffix in (".json", ".png"):
            path.write_text("{")
    made = start()
    qtbot.waitUntil(lambda: len(made.messages.texts()) == 1, timeout=WAIT)
    assert "could not be brought back" in made.messages.texts()[0]
    made.session.set_prompt("goes on")
    made.close()
    assert recovery.load(found().closed).snapshot.prompt == "goes on"


def test_a_folder_that_cannot_be_written_is_told_and_the_session_works(start, sessions):
    sessions.parent.mkdir(exist_ok=True)
    sessions.write_text("a file in its place")
    made = start()
    [text] = made.messages.texts()
    assert "cannot be saved for recovery" in text
    made.session.set_prompt("works")
