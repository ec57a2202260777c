"""A session is written a moment after its last change, beside the GUI thread."""

from __future__ import annotations

import threading
import time

import pytest

from napari_cosynth.project import ProjectError
from napari_cosynth.session import Session
from napari_cosynth.widgets.keeping import autosave
from napari_cosynth.widgets.keeping.autosave import AutosaveTimer

WAIT = 20_000


class Store:
    """In the place of `recovery.Autosave`: remembers what it was given, when, and in which thread."""

    def __init__(self):
        self.written, self.times, self.threads, self.closed = [], [], set(), None
        self.error = None
        self.begun = 0
        self.hold = threading.Event()
        self.hold.set()

    def write(self, snapshot):
        self.begun += 1
        self.hold.wait(10)
        self.threads.add(threading.current_thread())
        self.times.append(time.monotonic())
        if self.error:
            raise self.error
        self.written.append(snapshot)

    def close(self, snapshot):
        self.closed = snapshot


@pytest.fixture
def saved(qtbot):
    """A session that is written to a store; its ``faults`` are what was told."""
    session, store = Session(), Store()
    timer = AutosaveTimer(session, store)
    timer.session, timer.store, timer.faults = session, store, []
    timer.failed.connect(timer.faults.append)
    yield timer
    if store.closed is None:
        timer.close()


def add(saved, row=20.0):
    layout = saved.session.layout
    saved.session.set_layout(layout.add(row, 20.0 + 3 * len(layout), 0), "Add nucleus")


def test_many_changes_are_written_once_a_second_after_the_last(saved, qtbot):
    for _ in range(4):
        last = time.monotonic()
        add(saved)
        qtbot.wait(100)
    qtbot.waitUntil(lambda: len(saved.store.written) == 1, timeout=WAIT)
    assert saved.store.times[0] - last > 0.9 * autosave.PAUSE_MS / 1000
    assert saved.store.written == [saved.session.snapshot()]
    assert threading.main_thread() not in saved.store.threads


def test_changes_without_a_pause_are_written_all_the_same(saved, qtbot, monkeypatch):
    monkeypatch.setattr(autosave, "LONGEST_S", 1.5)
    began = time.monotonic()
    while not saved.store.written and time.monotonic() - began < 10:
        add(saved)
        qtbot.wait(100)
    assert saved.store.written


def test_a_slow_disk_neither_blocks_nor_loses_the_last_change(saved, qtbot):
    saved.store.hold.clear()
    add(saved)
    qtbot.waitUntil(lambda: saved.store.begun == 1, timeout=WAIT)
    add(saved)
    assert not saved.store.times, "the change waited for the disk"
    saved.store.hold.set()
    qtbot.waitUntil(lambda: saved.store.written[-1:] == [saved.session.snapshot()], timeout=WAIT)


def test_a_failure_is_told_once_until_it_is_well_again(saved, qtbot):
    saved.store.error = ProjectError("the disk is full")
    for count in (1, 2):
        add(saved)
        qtbot.waitUntil(lambda count=count: len(saved.store.times) == count, timeout=WAIT)
        qtbot.wait(50)
    assert len(saved.faults) == 1 and "the disk is full" in saved.faults[0] and "save your project" in saved.faults[0]


def test_closing_writes_what_is_left_and_nothing_afterwards(saved, qtbot):
    add(saved)
    saved.close()
    assert saved.store.closed == saved.session.snapshot()
    add(saved)
    qtbot.wait(autosave.PAUSE_MS + 300)
    assert saved.store.written == []


def test_closing_waits_for_a_write_that_is_under_way(saved, qtbot):
    saved.store.hold.clear()
    add(saved)
    qtbot.waitUntil(lambda: saved.store.begun == 1, timeout=WAIT)
    threading.Timer(0.2, saved.store.hold.set).start()
    saved.close()
    assert len(saved.store.written) == 1 and saved.store.closed is not None
