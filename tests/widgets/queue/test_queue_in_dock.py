"""The queue in the dock: it waits for the user's own tiles, and ends with the dock."""

from __future__ import annotations

import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QPushButton

from napari_cosynth.project import save_project
from napari_cosynth.recovery import found, load
from napari_cosynth.session import Session
from napari_cosynth.snapshot import Snapshot
from napari_cosynth.widgets.dock import CoSynthDock
from napari_cosynth.widgets.queue.arrivals import EVERY_MS

WAIT = 30_000


@pytest.fixture
def session(make_layout):
    session = Session()
    session.set_layout(make_layout(12, 64), "Open sample")
    return session


@pytest.fixture
def dock(qtbot, fake_engine, batches, session, tmp_path, monkeypatch):
    """A dock whose queue makes fake batches."""
    monkeypatch.setenv("NAPARI_COSYNTH_SESSIONS", str(tmp_path / "sessions"))
    monkeypatch.setattr("napari_cosynth.widgets.queue.run._process", batches)
    dock = CoSynthDock(ViewerModel(), session=session, engine=fake_engine)
    qtbot.addWidget(dock)
    dock.show()
    yield dock
    dock.shutdown()


def running(qtbot, dock, batches, plan_file):
    dock.queue.setPlan(str(plan_file))
    qtbot.waitUntil(lambda: dock.queue.start() or dock.queue.mode() == "running", timeout=WAIT)
    return batches.made[-1]


def press(qtbot, dock, name):
    [button] = [b for b in dock.findChildren(QPushButton, name) if not b.isHidden()]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_it_waits_while_generate_runs_whatever_ends_the_run(qtbot, dock, batches, plan_file, fake_engine):
    batch = running(qtbot, dock, batches, plan_file)
    dock.generate.generate()
    qtbot.waitUntil(lambda: not dock.worker.running and batch.wishes == ["hold", "go"], timeout=WAIT)
    dock.session.set_settings(dock.session.settings.but(seed=2))
    fake_engine.fail_at = 2
    dock.generate.generate()
    qtbot.waitUntil(lambda: batch.wishes[2:] == ["hold", "go"], timeout=WAIT)
    fake_engine.fail_at = None
    dock.worker.loading.connect(dock.generate.cancel)
    dock.generate.generate()
    qtbot.waitUntil(lambda: batch.wishes[4:] == ["hold", "go"], timeout=WAIT)


def test_its_tiles_come_beside_the_users_own(qtbot, dock, batches, plan_file):
    batch = running(qtbot, dock, batches, plan_file)
    dock.generate.generate()
    qtbot.waitUntil(lambda: len(dock.session.entries) == 1, timeout=WAIT)
    own = dock.session.current.key
    batch.allow(6)
    qtbot.waitUntil(lambda: len(dock.session.entries) == 7, timeout=WAIT)
    assert dock.session.current.key == own == dock.panels.gallery.current()


def test_no_tile_made_for_one_session_comes_into_another(qtbot, dock, batches, plan_file, fake_engine, tmp_path):
    other = tmp_path / "other.cosynth"
    save_project(Snapshot(prompt="other"), other)
    fake_engine.delay = 0.05
    batch = running(qtbot, dock, batches, plan_file)
    batch.allow(2)
    qtbot.waitUntil(lambda: len(dock.session.entries) == 2, timeout=WAIT)
    dock.generate.generate()
    qtbot.waitUntil(lambda: fake_engine.running == 1, timeout=WAIT)
    dock._project.open(other)
    press(qtbot, dock, "messageOpenIt")
    qtbot.waitUntil(lambda: dock.session.prompt == "other", timeout=WAIT)
    assert not dock.generate.running
    batch.allow(4)
    qtbot.waitUntil(lambda: dock.queue.mode() == "idle" and fake_engine.running == 0, timeout=WAIT)
    qtbot.wait(EVERY_MS + 300)
    assert dock.session.entries == () and len(list(batch.folder.glob("*.json"))) == 6
    assert len(load(found().closed).snapshot.entries) == 2


def test_a_batch_that_is_started_in_another_session_comes_into_that(qtbot, dock, batches, plan_file):
    running(qtbot, dock, batches, plan_file).allow(2)
    qtbot.waitUntil(lambda: len(dock.session.entries) == 2, timeout=WAIT)
    dock._recover.replace(Snapshot())
    qtbot.waitUntil(lambda: "folder alone" in dock.findChild(QLabel, "queue_text").text(), timeout=WAIT)
    dock.queue.stop()
    qtbot.waitUntil(lambda: dock.queue.mode() == "idle", timeout=WAIT)
    running(qtbot, dock, batches, plan_file)
    qtbot.waitUntil(lambda: len(dock.session.entries) == 2, timeout=WAIT)


def test_it_ends_with_the_dock(qtbot, dock, batches, plan_file):
    batch = running(qtbot, dock, batches, plan_file)
    dock.shutdown()
    assert batch.stopped.is_set()
