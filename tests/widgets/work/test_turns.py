"""Turns: whatever is added and dropped, work is done in its order, once, and the last of a name is done."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qtpy.QtCore import QEventLoop, QTimer

from napari_cosynth.widgets.work.turns import PAINTED_MS, Turns, once

WAIT = 20_000


@pytest.fixture
def turns(qtbot):
    turns = Turns()
    yield turns
    turns.close()


def parts(done, name, count, pause=0):
    for number in range(count):
        done.append((name, number))
        yield pause


def test_parts_come_one_a_turn_and_the_loop_runs_in_between(qtbot, turns):
    done, others = [], []
    turns.add(parts(done, "a", 3))
    turns.add(parts(done, "b", 2))
    assert done == [] and turns.busy
    timer = QTimer()
    timer.timeout.connect(lambda: others.append(len(done)))
    timer.start(0)
    qtbot.waitUntil(lambda: not turns.busy, timeout=WAIT)
    assert done == [("a", 0), ("a", 1), ("a", 2), ("b", 0), ("b", 1)]
    assert {1, 2, 3, 4} <= set(others)


acts = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from(["", "x", "y"]), st.integers(1, 3)),
        st.tuples(st.just("drop"), st.sampled_from(["x", "y"]), st.just(0)),
        st.tuples(st.just("loop"), st.just(""), st.integers(1, 4)),
    ),
    max_size=20,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=acts)
def test_the_last_of_a_name_is_done_and_what_has_no_name_always_is(qtbot, qapp, acts):
    turns, done, wanted = Turns(), [], {}
    for number, (what, name, count) in enumerate(acts):
        if what == "add":
            wanted = {key: value for key, value in wanted.items() if not name or value[0] != name}
            wanted[number] = (name, count)
            turns.add(parts(done, number, count), name)
        elif what == "drop":
            wanted = {key: value for key, value in wanted.items() if value[0] != name}
            turns.drop(name)
        else:
            for _ in range(count):
                qapp.processEvents()
    ended = []
    turns.then(lambda: ended.append(len(done)))
    qtbot.waitUntil(lambda: bool(ended), timeout=WAIT)
    for number, (_name, count) in wanted.items():
        assert [part for part in done if part[0] == number] == [(number, i) for i in range(count)]
    assert done == sorted(done), "nothing overtakes, nothing comes twice"
    assert len(set(done)) == len(done)
    assert ended == [len(done)] and not turns.busy


def test_then_is_called_at_once_where_nothing_waits_and_after_painting_where_something_does(qtbot, turns):
    called = []
    turns.then(lambda: called.append("at once"))
    assert called == ["at once"]
    done = []
    turns.add(parts(done, "a", 2, PAINTED_MS))
    turns.then(lambda: called.append(len(done)))
    assert called == ["at once"]
    qtbot.waitUntil(lambda: len(called) == 2, timeout=WAIT)
    assert called == ["at once", 2]


def test_work_that_fails_ends_alone(qtbot, turns, caplog):
    def stumble():
        yield 0
        raise KeyError("the layer is gone")

    done = []
    turns.add(stumble())
    turns.add(parts(done, "a", 1))
    qtbot.waitUntil(lambda: not turns.busy, timeout=WAIT)
    assert done == [("a", 0)] and "the layer is gone" in caplog.text


def test_a_part_within_which_the_loop_runs_is_not_interrupted_by_the_next(qtbot, turns):
    done = []

    def nested():
        done.append("in")
        turns.add(once(lambda: done.append("later")))
        loop = QEventLoop()
        QTimer.singleShot(30, loop.quit)
        loop.exec()
        done.append("out")
        yield 0

    turns.add(nested(), "n")
    turns.add(once(lambda: done.append("next")))
    qtbot.waitUntil(lambda: not turns.busy, timeout=WAIT)
    assert done == ["in", "out", "next", "later"]


def test_work_may_take_its_own_place(qtbot, turns):
    done = []

    def replace():
        done.append("first")
        turns.add(once(lambda: done.append("second")), "n")
        yield 0
        done.append("never")

    turns.add(replace(), "n")
    qtbot.waitUntil(lambda: not turns.busy, timeout=WAIT)
    assert done == ["first", "second"]


def test_closed_ones_do_nothing_any_more(qtbot, turns):
    done = []
    turns.add(parts(done, "a", 3))
    turns.close()
    turns.add(parts(done, "b", 3))
    qtbot.wait(50)
    assert done == [] and not turns.busy
