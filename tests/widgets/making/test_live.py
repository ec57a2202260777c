"""A draft follows edits after a pause, and waits for hands and runs."""

from __future__ import annotations

import time

import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QMenu, QWidget

from napari_cosynth.session import Session
from napari_cosynth.widgets.making.live import PAUSE_MS, Live

WAIT = 20_000
QUIET = 2 * PAUSE_MS + 200


class Busy:
    """In a worker's place: `running` is what the test says."""

    running = False


@pytest.fixture
def live(qtbot):
    """Live of a fresh session with live drafts on; its ``moments`` are when it was due."""
    session = Session()
    live = Live(session, Busy())
    live.moments = []
    live.due.connect(lambda: live.moments.append(time.monotonic()))
    live.session = session
    session.set_settings(session.settings.but(live=True))
    qtbot.waitUntil(lambda: bool(live.moments), timeout=WAIT)
    live.moments.clear()
    yield live
    live.close()


def add(session, row=20.0):
    session.set_layout(session.layout.add(row, 20.0 + 3 * len(session.layout), 0), "Add nucleus")


def test_turning_it_on_makes_a_draft_and_off_makes_none(qtbot):
    session = Session()
    live = Live(session, Busy())
    add(session)
    qtbot.wait(QUIET)
    with qtbot.waitSignal(live.due, timeout=WAIT):
        session.set_settings(session.settings.but(live=True))
    with qtbot.assertNotEmitted(live.due, wait=QUIET):
        session.set_settings(session.settings.but(live=False))
        add(session)
    live.close()


def test_one_draft_follows_many_edits_a_quarter_of_a_second_after_the_last(live, qtbot):
    for _ in range(5):
        add(live.session)
        qtbot.wait(10)
    live.session.set_prompt("colon")
    last = time.monotonic()
    assert live.moments == []
    qtbot.waitUntil(lambda: bool(live.moments), timeout=WAIT)
    assert live.moments[0] - last >= 0.24
    qtbot.wait(QUIET)
    assert len(live.moments) == 1


def test_it_waits_while_something_is_being_made_and_comes_after_it(live, qtbot):
    live._worker.running = True
    add(live.session)
    qtbot.wait(QUIET)
    assert live.moments == []
    live._worker.running = False
    qtbot.waitUntil(lambda: bool(live.moments), timeout=WAIT)


def test_it_waits_while_a_button_of_the_mouse_is_held(live, qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()
    QTest.mousePress(widget, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    add(live.session)
    qtbot.wait(QUIET)
    assert live.moments == []
    QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    qtbot.waitUntil(lambda: bool(live.moments), timeout=WAIT)


def test_it_waits_while_a_list_is_open(live, qtbot):
    menu = QMenu()
    menu.addAction("colon")
    qtbot.addWidget(menu)
    menu.popup(QPoint(10, 10))
    add(live.session)
    qtbot.wait(QUIET)
    assert live.moments == []
    menu.close()
    qtbot.waitUntil(lambda: bool(live.moments), timeout=WAIT)


@pytest.mark.parametrize(
    ("changes", "drafts"),
    [
        ({"seed": 7}, 1),
        ({"layout_guidance": 3.0}, 1),
        ({"variants": 4}, 0),
        ({"quality": "fine"}, 0),
        ({"preview": False}, 0),
        ({"seed_locked": False}, 0),
    ],
)
def test_settings_lead_to_a_draft_if_it_would_differ(live, qtbot, changes, drafts):
    live.session.set_settings(live.session.settings.but(**changes))
    qtbot.wait(QUIET)
    assert len(live.moments) == drafts


def test_the_new_seed_after_generate_leads_to_no_draft(live, qtbot):
    live.session.set_settings(live.session.settings.but(seed_locked=False))
    live.session.draw_seed()
    qtbot.wait(QUIET)
    assert live.moments == []


def test_edits_that_are_forgotten_lead_to_no_draft_and_later_ones_do(live, qtbot):
    add(live.session)
    live.forget()
    qtbot.wait(QUIET)
    assert live.moments == []
    add(live.session)
    qtbot.waitUntil(lambda: bool(live.moments), timeout=WAIT)
