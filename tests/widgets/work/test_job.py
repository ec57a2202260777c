"""Job: whatever happens in the thread arrives in the GUI thread, once."""

from __future__ import annotations

import threading
import time

import pytest

from napari_cosynth.widgets.work.job import Job

WAIT = 20000


@pytest.fixture
def job(qtbot):
    job = Job()
    yield job
    assert job.stop_and_wait(WAIT)


@pytest.fixture
def told(job):
    came = []
    for name in ("done", "failed"):
        getattr(job, name).connect(lambda value, name=name: came.append((name, value, threading.current_thread())))
    job.cancelled.connect(lambda: came.append(("cancelled", None, threading.current_thread())))
    return came


def test_the_last_step_arrives_in_the_gui_thread(qtbot, job, told):
    steps = []
    job.progressed.connect(steps.append)
    assert job.start(lambda: iter(range(100_000)))
    assert not job.start(lambda: iter(())), "never two at once"
    qtbot.waitUntil(lambda: bool(told), timeout=WAIT)
    assert told == [("done", 99_999, threading.main_thread())]
    assert steps[0] == 0 and len(steps) < 2000, "the GUI thread is not flooded"
    assert not job.running


@pytest.mark.parametrize("error", [RuntimeError("CUDA"), ValueError("wrong"), MemoryError(), SystemExit(3)])
@pytest.mark.parametrize("at_once", [True, False])
def test_every_error_arrives(qtbot, job, told, error, at_once):
    def steps():
        yield 1
        raise error

    def make():
        if at_once:
            raise error
        return steps()

    job.start(make)
    qtbot.waitUntil(lambda: bool(told), timeout=WAIT)
    assert [t[:2] for t in told] == [("failed", error)] and not job.running


def endless(closed: list):
    try:
        while True:
            time.sleep(0.002)
            yield None
    except GeneratorExit:
        closed.append(True)
        raise


def test_cancel_closes_the_generator(qtbot, job, told):
    closed = []
    job.start(lambda: endless(closed))
    qtbot.wait(30)
    job.cancel()
    qtbot.waitUntil(lambda: bool(told), timeout=WAIT)
    assert [t[0] for t in told] == ["cancelled"] and closed == [True]


def test_a_dropped_run_is_silent_and_another_may_start(qtbot, job, told):
    closed = []
    job.start(lambda: endless(closed))
    job.drop()
    assert job.start(lambda: iter([5]))
    qtbot.waitUntil(lambda: bool(told), timeout=WAIT)
    qtbot.wait(50)
    assert [t[:2] for t in told] == [("done", 5)] and len(closed) <= 1


def test_a_job_that_is_gone_ends_its_thread(qtbot):
    job = Job()
    closed = []
    job.start(lambda: endless(closed))
    thread = job._thread
    qtbot.wait(20)
    job.deleteLater()
    qtbot.waitUntil(lambda: not thread.is_alive(), timeout=WAIT)
