"""Events added up, the seconds that count, and the sentences made of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from napari_cosynth.batch.local import Prepared
from napari_cosynth.batch.making import Outcome
from napari_cosynth.batch.measure import Setup
from napari_cosynth.batch.outlook import Outlook
from napari_cosynth.batch.run import Done, Made, Ready, Total
from napari_cosynth.export.dataset import Progress
from napari_cosynth.widgets.queue import words
from napari_cosynth.widgets.queue.state import QueueState, adding_up
from napari_cosynth.widgets.queue.stopwatch import Stopwatch

TOTAL = Total(1, 5, 10, 6, ("the model was never shown 'zebra'",))
READY = Ready(Prepared(Setup(), 2.0, 8.0))


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_seconds_count_from_the_beginning_and_not_while_it_is_held():
    clock = Clock()
    watch = Stopwatch(clock)
    clock.now += 5
    assert watch.seconds == 0
    watch.begin()
    clock.now += 3
    watch.hold()
    watch.hold()
    clock.now += 50
    assert watch.seconds == 3
    watch.go()
    clock.now += 4
    assert watch.seconds == 7
    held = Stopwatch(clock)
    held.hold()
    held.begin()
    clock.now += 9
    assert held.seconds == 0
    held.go()
    clock.now += 1
    assert held.seconds == 1


def test_events_add_up():
    clock, taken = Clock(), []

    def events():
        yield TOTAL
        yield READY
        for i, state in enumerate(("made", "rejected", "failed", "made"), start=1):
            clock.now += 10
            yield Made(Outcome(f"t{i}", state, "too full" if state == "failed" else ""), i, 4, 0.1)
        yield Progress("tiles", 3, 9)
        yield Done({"made": 3}, (), {}, 40.0)

    states = list(adding_up(events(), Stopwatch(clock), taken.append))
    assert taken == ["t1", "t2", "t4"]
    assert [state.done for state in states] == [0, 0, 1, 2, 3, 4, 4, 4]
    assert [state.left for state in states] == [4, 4, 3, 2, 1, 0, 0, 0]
    assert states[1].seconds_left == 8.0 and states[2].rate == 0.1 and states[2].seconds_left == 30
    last = states[-1]
    assert (last.rejected, last.failed, last.seconds) == (1, (("t3", "too full"),), 40.0)
    assert (last.stage, last.stage_done, last.stage_total, last.finish.seconds) == ("tiles", 3, 9, 40.0)


def test_what_stands_there_while_it_runs():
    begun = QueueState(TOTAL, READY)
    assert words.state_words(None) == "Getting ready"
    assert words.state_words(QueueState(TOTAL)) == "Loading the model and measuring how long a tile takes"
    assert words.state_words(begun) == "0 of 4 tiles, about 8 s left"
    some = replace(begun, done=1, seconds=30.0)
    assert words.state_words(some) == "1 of 4 tiles, 2.0 tiles a minute, about 1 min 30 s left"
    assert words.state_words(some, held=True).endswith(". Waits while your own tile is made")
    some = replace(some, stage="tiles", stage_done=2, stage_total=9)
    assert words.state_words(some) == "Writing the data set: 2 of 9"


def test_what_stands_there_at_the_end():
    end = QueueState(TOTAL, READY, done=4, rejected=1, failed=(("t3", "x"),), seconds=40.0, finish=Done({}, (), {}, 40))
    assert words.done_words(end, "out") == (
        "3 tiles made in 40 s, 1 of them below the plan's gate and rejected; 1 tile failed, Start tries again. They "
        "are in out. The model was never shown 'zebra'"
    )
    fault = replace(end, ready=None, finish=Done({}, (), {}, 0, "all were left out"))
    assert words.done_words(fault, "out").startswith("All 10 tiles are in out. There is no data set: all were left out")
    assert words.paused_words(None) == "Paused before the first tile"
    assert words.stopped_words(QueueState(TOTAL)) == "Stopped before the first tile"
    assert words.measured_words(QueueState(TOTAL)) == "All tiles of the plan are in the folder"


def test_what_a_plan_comes_to():
    assert words.outlook_words(Outlook(1, 1, 1)) == "1 layout, 1 tile"
    assert words.outlook_words(Outlook(3, 40, 1110, 12)) == (
        "3 groups, 40 layouts, 1,110 tiles: 12 are in the folder, 1,098 are to be made"
    )
    assert words.outlook_words(Outlook(1, 2, 4, 4)).endswith("all of them are in the folder")


@pytest.mark.parametrize(
    ("rate", "text"), [(2.54, "2.5 tiles a second"), (0.2, "12.0 tiles a minute"), (0.01, "36 tiles an hour")]
)
def test_rates_are_readable(rate, text):
    assert words.rate_words(rate) == text
