"""Every run ends with one signal, whatever the engine does, and no two run at once."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from qtpy.QtCore import QObject

from napari_cosynth.events import Finished, Loading, Preview, RequestError, Started, SynthesisError
from napari_cosynth.layout import Layout
from napari_cosynth.request import Order, SynthesisRequest
from napari_cosynth.tile import SyntheticTile
from napari_cosynth.widgets.making.worker import Worker
from napari_cosynth.widgets.work.turns import PAINTED_MS, Turns

WAIT = 20_000
STEPS = 3
IMAGE = np.zeros((64, 64, 3), np.uint8)


def order(seed: int = 1) -> Order:
    return Order(layout=Layout(height=64, width=64), seed=seed, steps=STEPS)


def tile_of(order: Order) -> SyntheticTile:
    request = SynthesisRequest(layout=order.layout, seed=order.seed, model="m", model_hash="h")
    blank = np.zeros((64, 64), np.uint8)
    return SyntheticTile(IMAGE, blank, blank.astype(np.int32), (), request)


class Engine:
    """Makes the events of an order; ``at`` may raise or block before event number n (0 = Loading)."""

    def __init__(self, at=lambda n: None):
        self.at = at
        self.began = []
        self.closed = 0
        self.inside = 0
        self.most_inside = 0

    def __call__(self, order):
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        self.began.append(order.seed)
        try:
            self.at(0)
            yield Loading()
            self.at(1)
            yield Started(order.steps)
            for step in range(1, order.steps + 1):
                self.at(1 + step)
                yield Preview(step, order.steps, IMAGE)
            self.at(2 + order.steps)
            yield Finished(tile_of(order))
        finally:
            self.inside -= 1
            self.closed += 1


class Heard(list):
    """Names of a worker's signals in the order of their arrival; ``ends`` those that end a run."""

    ENDS = ("failed", "cancelled", "done")

    def __init__(self, worker):
        self.texts = []
        for name in ("loading", "started", "preview", "finishedTile", *self.ENDS):
            getattr(worker, name).connect(lambda *_args, name=name: self.append(name))
        worker.failed.connect(self.texts.append)
        self.threads = set()
        worker.preview.connect(lambda _preview: self.threads.add(threading.current_thread()))

    @property
    def ends(self):
        return [name for name in self if name in self.ENDS]


@pytest.fixture
def made(qtbot):
    """Worker and what it says, for an engine; the worker is stopped at the end."""
    workers = []

    def make(engine):
        worker = Worker(engine)
        workers.append(worker)
        return worker, Heard(worker)

    yield make
    for worker in workers:
        assert worker.stop_and_wait(5000)


def test_the_signals_of_a_run_come_in_order_and_in_the_gui_thread(made, qtbot):
    worker, heard = made(Engine())
    tiles = []
    worker.started.connect(lambda *numbers: tiles.append(numbers))
    assert worker.start([order(5), order(6)]) and worker.running
    qtbot.waitUntil(lambda: bool(heard.ends), timeout=WAIT)
    one = ["loading", "started", *["preview"] * STEPS, "finishedTile"]
    assert heard == [*one, *one, "done"]
    assert tiles == [(1, 2, STEPS), (2, 2, STEPS)]
    assert heard.threads == {threading.main_thread()}
    assert not worker.running


ERRORS = [
    (RuntimeError("CUDA out of memory. Tried to allocate 9 GiB"), "Not enough memory.*smaller tile"),
    (MemoryError(), "Not enough memory.*smaller tile"),
    (SynthesisError("not enough memory on cpu. Choose a smaller tile"), "Not enough memory on cpu.*smaller tile"),
    (RequestError("there is no model folder x; choose another model"), "^There is no model folder x; choose"),
    (RequestError("class 'a' is not one of the model's classes"), "^Class 'a' is not one of the model's"),
    (RuntimeError("shapes differ"), "shapes differ.*Press Generate to try again.*another device"),
    (FileNotFoundError("no such file: unet"), "no such file: unet.*fetch the model anew"),
    (ModuleNotFoundError("No module named 'torch'"), "No module named 'torch'.*Install napari-cosynth again"),
    (KeyboardInterrupt(), "interrupted.*Press Generate"),
    (SystemExit(3), "interrupted.*Press Generate"),
    (AssertionError(), "AssertionError.*Press Generate"),
]


@pytest.mark.parametrize(("error", "advice"), ERRORS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("moment", [0, 1, 3, 2 + STEPS])
def test_every_error_at_every_moment_is_told_once_and_the_worker_goes_on(made, qtbot, error, advice, moment):
    def fail(n):
        if n == moment and not engine.closed:
            raise error

    engine = Engine(fail)
    worker, heard = made(engine)
    worker.start([order(), order()])
    qtbot.waitUntil(lambda: bool(heard.ends), timeout=WAIT)
    assert heard.ends == ["failed"] and not worker.running
    [text] = heard.texts
    assert re.search(advice, text) and text.endswith(".")
    assert len(engine.began) == 1, "the second tile of a failed run is not begun"
    assert worker.start([order()])
    qtbot.waitUntil(lambda: heard.ends == ["failed", "done"], timeout=WAIT)


def test_an_engine_that_fails_when_it_is_called_or_ends_without_a_tile_is_told(made, qtbot):
    def refuses(_order):
        raise RuntimeError("at once")

    worker, heard = made(refuses)
    worker.start([order()])
    qtbot.waitUntil(lambda: heard.ends == ["failed"], timeout=WAIT)

    worker, heard = made(lambda _order: iter([Loading(), Started(1)]))
    worker.start([order()])
    qtbot.waitUntil(lambda: heard.ends == ["failed"], timeout=WAIT)
    assert "without a tile" in heard.texts[0]


@pytest.mark.parametrize("moment", [1, 2, 3, 1 + STEPS, 2 + STEPS])
def test_cancel_is_told_at_once_and_nothing_follows_it(made, qtbot, moment):
    reached, go_on = threading.Event(), threading.Event()

    def hold(n):
        if n == moment and not reached.is_set():
            reached.set()
            go_on.wait(10)

    engine = Engine(hold)
    worker, heard = made(engine)
    worker.start([order(1), order(2)])
    qtbot.waitUntil(reached.is_set, timeout=WAIT)
    worker.cancel()
    assert heard.ends == ["cancelled"] and not worker.running
    told = list(heard)
    go_on.set()
    qtbot.waitUntil(lambda: engine.closed == 1, timeout=WAIT)
    qtbot.wait(50)
    assert heard == told and engine.began == [1]
    worker.cancel()
    assert heard == told


def test_a_tile_that_was_on_its_way_when_cancel_came_does_not_arrive(made, qtbot, monkeypatch):
    monkeypatch.setattr("napari_cosynth.widgets.making.worker.PATIENCE_S", 0.01)
    engine = Engine()
    worker, heard = made(engine)
    worker.start([order()])
    until = time.monotonic() + 10
    while engine.closed == 0 and time.monotonic() < until:  # no event loop: everything waits in the queue
        time.sleep(0.01)
    worker.cancel()
    qtbot.wait(50)
    assert heard == ["cancelled"]


def test_a_second_start_is_refused_while_one_runs(made, qtbot):
    go_on = threading.Event()
    engine = Engine(lambda n: go_on.wait(10))
    worker, heard = made(engine)
    assert worker.start([order(1)])
    assert not worker.start([order(2)])
    go_on.set()
    qtbot.waitUntil(lambda: bool(heard.ends), timeout=WAIT)
    assert engine.began == [1]


def test_after_a_cancel_during_a_long_load_the_next_run_waits_for_it_and_never_joins_it(made, qtbot):
    go_on = threading.Event()
    engine = Engine(lambda n: n == 0 and go_on.wait(10))
    worker, heard = made(engine)
    for seed in (1, 2, 3):
        assert worker.start([order(seed)])
        qtbot.waitUntil(lambda: engine.began == [1], timeout=WAIT)
        if seed < 3:
            worker.cancel()  # does not wait for the load, which would let the next one in
    go_on.set()
    qtbot.waitUntil(lambda: "done" in heard, timeout=WAIT)
    assert engine.began == [1, 3] and engine.most_inside == 1


def test_stop_and_wait_says_nothing_and_is_final(made, qtbot):
    go_on = threading.Event()
    engine = Engine(lambda n: n == 0 and go_on.wait(10))
    worker, heard = made(engine)
    worker.start([order()])
    qtbot.waitUntil(lambda: engine.began == [1], timeout=WAIT)
    assert not worker.stop_and_wait(50)
    go_on.set()
    assert worker.stop_and_wait(5000)
    qtbot.wait(50)
    assert heard == [] and not worker.start([order()])


def test_a_worker_that_qt_deletes_in_the_middle_of_a_run_does_no_harm(qtbot):
    reached, go_on = threading.Event(), threading.Event()

    def hold(n):
        if n == 2:
            reached.set()
            go_on.wait(10)

    engine, parent = Engine(hold), QObject()
    worker = Worker(engine, parent)
    worker.start([order()])
    qtbot.waitUntil(reached.is_set, timeout=WAIT)
    with qtbot.waitSignal(parent.destroyed, timeout=WAIT):
        parent.deleteLater()
    go_on.set()
    qtbot.waitUntil(lambda: engine.closed == 1, timeout=WAIT)


def test_a_forgotten_worker_takes_its_thread_with_it(qtbot):
    worker = Worker(Engine())
    with qtbot.waitSignal(worker.done, timeout=WAIT):
        worker.start([order()])
    thread = worker._thread
    assert thread.is_alive()
    del worker
    gc.collect()
    qtbot.waitUntil(lambda: not thread.is_alive(), timeout=WAIT)


def test_the_engine_goes_on_when_what_it_made_is_shown_and_what_that_put_off_is_done(qtbot, monkeypatch):
    monkeypatch.setattr("napari_cosynth.widgets.making.worker.PATIENCE_S", WAIT)
    turns, shown, asked = Turns(), [], []
    engine = Engine(lambda n: asked.append(len(shown)))
    worker = Worker(engine, turns=turns)

    def draw(preview):
        yield 0
        yield PAINTED_MS
        shown.append(preview.step)

    worker.preview.connect(lambda preview: turns.add(draw(preview)))
    with qtbot.waitSignal(worker.done, timeout=WAIT):
        worker.start([order()])
    # Before the first preview nothing was shown, before each later event all that came before it.
    assert asked == [0, 0, 0, *range(1, STEPS + 1)]
    assert worker.stop_and_wait(5000)


def test_a_window_that_does_not_answer_holds_no_run_for_ever(qtbot, monkeypatch):
    monkeypatch.setattr("napari_cosynth.widgets.making.worker.PATIENCE_S", 0.01)
    ended = threading.Event()
    worker = Worker(Engine(lambda n: n == 2 + STEPS and ended.set()))
    worker.start([order()])
    # No event of the loop is worked off meanwhile.
    assert ended.wait(WAIT / 1000)
    with qtbot.waitSignal(worker.done, timeout=WAIT):
        pass
    assert worker.stop_and_wait(5000)


class Never(Turns):
    """A window that is never done."""

    def then(self, act):
        pass


@pytest.mark.parametrize("end", ["cancel", "stop_and_wait"])
def test_a_thread_that_waits_for_the_window_is_let_go_by_the_end_of_its_run(qtbot, monkeypatch, end):
    monkeypatch.setattr("napari_cosynth.widgets.making.worker.PATIENCE_S", WAIT)
    engine = Engine()
    worker = Worker(engine, turns=Never())
    heard = Heard(worker)
    worker.start([order()])
    qtbot.waitUntil(lambda: heard == ["loading"], timeout=WAIT)
    if end == "cancel":
        worker.cancel()
        qtbot.waitUntil(lambda: engine.closed == 1, timeout=WAIT)
        assert heard == ["loading", "cancelled"]
    assert worker.stop_and_wait(WAIT)
    assert engine.closed == 1


LEAVES_IN_THE_MIDDLE = """
import sys, time
from qtpy.QtCore import QCoreApplication
from napari_cosynth.layout import Layout
from napari_cosynth.request import Order
from napari_cosynth.widgets.making.worker import Worker

def engine(order):
    print("began", flush=True)
    time.sleep({seconds})
    print("ended", flush=True)
    yield

app = QCoreApplication([])
worker = Worker(engine)
worker.start([Order(layout=Layout())])
time.sleep(0.3)
assert "torch" not in sys.modules
"""


def test_the_process_ends_cleanly_in_the_middle_of_a_run():
    run = subprocess.run(
        [sys.executable, "-c", LEAVES_IN_THE_MIDDLE.format(seconds=1)],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["began", "ended"] and not run.stderr
