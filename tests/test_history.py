"""Undo by itself: order, names, and what is one step."""

from __future__ import annotations

from napari_cosynth.history import LEVELS, PAUSE, Change, History


class Clock:
    """Seconds that a test sets."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def change(before, after, name="Edit"):
    return Change(name, {"value": before}, {"value": after})


def drained(history):
    """The changes that can be undone, the last one first."""
    changes = []
    while step := history.undo():
        changes.append(step)
    return changes


def test_an_empty_history_has_nothing_to_give():
    history = History()
    assert (history.undo_name, history.redo_name, history.undo(), history.redo()) == ("", "", None, None)


def test_undo_and_redo_go_through_the_same_changes():
    history, changes = History(), [change(i, i + 1, f"Step {i}") for i in range(5)]
    for one in changes:
        history.add(one)
    assert history.undo_name == "Step 4"
    assert drained(history) == changes[::-1]
    assert (history.undo_name, history.redo_name) == ("", "Step 0")
    assert [history.redo() for _ in range(6)] == [*changes, None]


def test_a_new_change_ends_what_could_be_redone():
    history = History()
    for i in range(3):
        history.add(change(i, i + 1))
    history.undo()
    history.add(change(2, 9))
    assert history.redo() is None
    assert [step.after["value"] for step in drained(history)] == [9, 2, 1]


def test_many_levels_are_kept_and_the_oldest_goes():
    assert LEVELS >= 200
    history = History()
    for i in range(LEVELS + 7):
        history.add(change(i, i + 1))
    steps = drained(history)
    assert len(steps) == LEVELS
    assert steps[-1].before == {"value": 7}


def test_letters_typed_in_one_go_are_one_step():
    history = History(clock := Clock())
    for before, after in [("", "c"), ("c", "co"), ("co", "col")]:
        history.add(change(before, after), joins=True)
        clock.now += 0.9 * PAUSE
    clock.now += PAUSE
    history.add(change("col", "colo"), joins=True)
    assert drained(history) == [change("col", "colo"), change("", "col")]


def test_nothing_joins_across_another_name_another_kind_or_an_undo():
    history = History(Clock())
    history.add(change(0, 1), joins=True)
    history.add(change(1, 2, "Other"), joins=True)
    history.add(change(2, 3), joins=True)
    history.add(change(3, 4))
    history.add(change(4, 5), joins=True)
    history.undo()
    history.redo()
    history.add(change(5, 6), joins=True)
    assert [step.after["value"] for step in drained(history)] == [6, 5, 4, 3, 2, 1]


def test_what_is_typed_and_deleted_in_one_go_is_no_step():
    history = History(clock := Clock())
    history.add(change("", "old"), joins=True)
    clock.now += 2 * PAUSE
    history.add(change("old", "olds"), joins=True)
    history.add(change("olds", "old"), joins=True)
    history.add(change("old", "olda"), joins=True)
    assert drained(history) == [change("old", "olda"), change("", "old")]


def test_clear_forgets_both_ways():
    history = History(Clock())
    history.add(change(0, 1), joins=True)
    history.add(change(1, 2, "Other"))
    history.undo()
    history.clear()
    assert (history.undo(), history.redo()) == (None, None)
