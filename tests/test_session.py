"""The session: undo gives back every state, signals tell all of it, orders ask for what is set."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psygnal import EmitLoopError

from napari_cosynth.classes import BUNDLED, Taxonomy
from napari_cosynth.history import LEVELS, PAUSE, History
from napari_cosynth.layout import Layout
from napari_cosynth.layouts.locked import Locked
from napari_cosynth.presets import DRAFT, FINE
from napari_cosynth.produced import produced_nuclei
from napari_cosynth.request import MAX_SEED, SynthesisRequest
from napari_cosynth.run_settings import RunSettings
from napari_cosynth.session import Session
from napari_cosynth.snapshot import Entry, Snapshot
from napari_cosynth.tile import SyntheticTile

LAYOUT = Layout(centroids=[(10, 10), (10, 40)], classes=["neoplastic", "inflammatory"], height=64, width=64)
# Three of the bundled classes, in another order.
SMALL = Taxonomy(classes=tuple(BUNDLED[i] for i in (5, 1, 0)))
SIGNALS = ("layout", "prompt", "settings", "entries", "current", "active_class", "locked", "history")


class Clock:
    """Seconds that a test sets."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def a_tile(layout=LAYOUT, **request):
    instances = np.zeros((layout.height, layout.width), np.int32)
    instances[8:13, 8:13] = 1
    semantic = (instances * (layout.class_ids[0] + 1)).astype(np.uint8)
    return SyntheticTile(
        image=np.full((*instances.shape, 3), 200, np.uint8),
        semantic=semantic,
        instances=instances,
        nuclei=produced_nuclei(instances, {1: int(layout.class_ids[0])}, len(layout)),
        request=SynthesisRequest(**{"layout": layout, "model": "nuclei", "model_hash": "abc"} | request),
    )


TILE = a_tile()


def with_tiles(count, session=None):
    session = session or Session()
    return session, [session.add_tile(a_tile(seed=i)) for i in range(count)]


def told(session):
    """The signals heard from now on, by name."""
    heard = []
    for name in SIGNALS:
        getattr(session, f"{name}_changed").connect(lambda *_, name=name: heard.append(name))
    session.changed.connect(lambda: heard.append("changed"))
    return heard


class Mirror:
    """Knows of a session only what its signals say."""

    def __init__(self, session):
        self.known = vars(session.snapshot()).copy()
        self.names = (session.undo_name, session.redo_name)
        self.saved = session.snapshot()
        for name in ("layout", "prompt", "settings", "current", "active_class", "locked"):
            getattr(session, f"{name}_changed").connect(lambda value, name=name: self.known.update({name: value}))
        session.entries_changed.connect(lambda: self.known.update(entries=session.entries))
        session.history_changed.connect(self._rename)
        session.changed.connect(self._save)
        self.session = session

    def _rename(self):
        self.names = (self.session.undo_name, self.session.redo_name)

    def _save(self):
        self.saved = self.session.snapshot()

    def agrees(self):
        now = self.session.snapshot()
        return (
            Snapshot(**self.known) == now == self.saved
            and self.names == (self.session.undo_name, self.session.redo_name)
            and self.session.can_undo == bool(self.names[0])
            and self.session.can_redo == bool(self.names[1])
        )


def _edited(session, data):
    layout = session.layout
    if len(layout) and data.draw(st.booleans()):
        session.set_layout(layout.remove([data.draw(st.integers(0, len(layout) - 1))]), "Remove nucleus")
    elif data.draw(st.booleans()):
        session.set_layout(layout.mirrored(), "Mirror")
    else:
        row = max(layout.centroids[:, 0], default=0) + 2
        session.set_layout(layout.add(row, 3, data.draw(st.integers(0, 7))), "Add nucleus")


def _painted(session, data):
    masks = session.current.tile.instances.copy()
    masks[data.draw(st.integers(0, 63)), :] = data.draw(st.integers(0, 5))
    session.edit_labels(session.current.key, masks)


def _reclassed(session, data):
    for nucleus in session.current.tile.nuclei[:1]:
        session.reclass_nucleus(session.current.key, nucleus.id, data.draw(st.integers(0, 7)))


def _set(session, data):
    session.set_settings(session.settings.but(variants=data.draw(st.integers(1, 4)), live=data.draw(st.booleans())))


def _locked(session, data):
    if data.draw(st.booleans()):
        session.lock(i for i in range(len(session.layout)) if data.draw(st.booleans()))
    else:
        session.unlock()


# Each is a thing that users do; those of the second kind are never undone.
EDITS = {
    "layout": _edited,
    "prompt": lambda session, data: session.set_prompt(data.draw(st.sampled_from(["", "colon", "colon, H&E"]))),
    "settings": _set,
    "lock": _locked,
}
TILE_EDITS = {
    "decide": lambda session, data: session.decide(
        session.current.key, data.draw(st.sampled_from(["accepted", "rejected", "undecided"]))
    ),
    "paint": _painted,
    "reclass": _reclassed,
    "remove": lambda session, data: session.remove(session.current.key),
    "reuse": lambda session, data: session.reuse(session.current.key),
}
OTHERS = {
    "make": lambda session, data: session.add_tile(a_tile(seed=data.draw(st.integers(0, 9)))),
    "choose": lambda session, data: session.choose(
        data.draw(st.sampled_from([None, *(entry.key for entry in session.entries)]))
    ),
    "class": lambda session, data: session.set_active_class(data.draw(st.integers(0, 7))),
}


def work(session, data, clock):
    """One random thing that a user does, as the session allows it now."""
    possible = EDITS | OTHERS | (TILE_EDITS if session.current else {})
    possible[data.draw(st.sampled_from(list(possible)))](session, data)
    clock.now += data.draw(st.sampled_from([0.1, 2 * PAUSE]))


def undoable(session):
    return session.layout, session.prompt, session.settings, session.locked, session.entries


@settings(max_examples=80)
@given(st.data())
def test_any_work_undone_gives_the_start_and_redone_the_end(data):
    session, _ = with_tiles(2, Session(History(clock := Clock())))
    mirror, made = Mirror(session), {entry.key: entry for entry in session.entries}
    for _ in range(data.draw(st.integers(1, 25))):
        work(session, data, clock)
        # What was made is never lost, so the start has it too, as it was made.
        made |= {entry.key: entry for entry in session.entries if entry.key not in made}
        assert mirror.agrees()
    down, up = [undoable(session)], []
    while session.can_undo:
        session.undo()
        assert mirror.agrees()
        down.append(undoable(session))
    assert undoable(session) == (Layout(), "", RunSettings(), Locked(), tuple(made.values()))
    up.append(undoable(session))
    while session.can_redo:
        session.redo()
        assert mirror.agrees()
        up.append(undoable(session))
    assert up == down[::-1]
    assert all(one != following for one, following in pairwise(up)), "a step of undo that changes nothing"


@settings(max_examples=40)
@given(st.data())
def test_a_snapshot_brings_everything_back_but_undo(data):
    session, _ = with_tiles(1, Session(History(clock := Clock())))
    for _ in range(data.draw(st.integers(1, 12))):
        work(session, data, clock)
    kept = session.snapshot()
    again = Session()
    mirror = Mirror(again)
    again.restore(kept)
    assert again.snapshot() == kept and mirror.agrees()
    assert not again.can_undo and not again.can_redo
    work(session, data, clock)
    session.restore(kept)
    assert session.snapshot() == kept and not session.can_undo and not session.can_redo


def test_many_levels_of_points():
    session = Session()
    layouts = [session.layout]
    for i in range(200):
        layouts.append(layouts[-1].add(1 + 1.2 * i, 5, i % 8))
        session.set_layout(layouts[-1], "Add nucleus")
    assert LEVELS >= 200
    for layout in layouts[-2::-1]:
        session.undo()
        assert session.layout == layout
    assert not session.can_undo


def test_what_changes_nothing_is_no_step_and_tells_nobody():
    session, (key,) = with_tiles(1)
    heard = told(session)
    session.set_layout(Layout(), "New")
    session.set_prompt("")
    session.set_settings(RunSettings())
    session.set_active_class(0)
    session.choose(key)
    session.decide(key, "undecided")
    session.edit_labels(key, TILE.instances)
    session.reclass_nucleus(key, 1, 0)
    session.lock([])
    session.unlock()
    session.edit("Nothing")
    session.undo()
    session.redo()
    session.draw_seed()
    session.restore(session.snapshot())
    assert heard == [] and not session.can_undo


def test_each_change_tells_what_is_different_and_then_that_something_is():
    session, (key, _) = with_tiles(2)
    heard = told(session)
    for act, signals in [
        (lambda: session.set_layout(LAYOUT, "Open"), ["layout", "history"]),
        (lambda: session.lock([1]), ["locked", "history"]),
        (lambda: session.set_layout(LAYOUT.mirrored(), "Mirror"), ["layout", "locked", "history"]),
        (lambda: session.set_prompt("colon"), ["prompt", "history"]),
        (lambda: session.set_active_class(3), ["active_class"]),
        (lambda: session.choose(key), ["current"]),
        (lambda: session.decide(key, "accepted"), ["entries", "history"]),
        (lambda: session.remove(key), ["entries", "current", "history"]),
        (lambda: session.undo(), ["entries", "current", "history"]),
        (lambda: session.add_tile(TILE), ["entries", "current"]),
    ]:
        heard.clear()
        act()
        assert heard == [*signals, "changed"]


def test_names_stand_behind_undo_and_redo():
    session, (key,) = with_tiles(1, Session(History(clock := Clock())))
    for act, name in [
        (lambda: session.set_layout(LAYOUT, "Add nucleus"), "Add nucleus"),
        (lambda: session.lock([0]), "Lock nuclei"),
        (session.unlock, "Unlock nuclei"),
        (lambda: session.set_prompt("colon"), "Edit prompt"),
        (lambda: session.set_settings(session.settings.but(layout_guidance=3)), "Change layout guidance"),
        (lambda: session.set_settings(RunSettings(seed=5)), "Change settings"),
        (lambda: session.decide(key, "accepted"), "Accept tile"),
        (lambda: session.decide(key, "rejected"), "Reject tile"),
        (lambda: session.decide(key, "undecided"), "Take back decision"),
        (lambda: session.edit_labels(key, np.zeros((64, 64), np.int32)), "Correct masks"),
        (lambda: session.reuse(key), "Reuse tile"),
        (lambda: session.remove(key), "Remove tile"),
    ]:
        act()
        assert session.undo_name == name and session.redo_name == ""
    clock.now += 1
    session.undo()
    assert (session.undo_name, session.redo_name) == ("Reuse tile", "Remove tile")


def test_a_prompt_typed_in_one_go_is_one_step_and_a_knob_turned_too():
    session = Session(History(clock := Clock()))
    for text in ("c", "co", "col"):
        session.set_prompt(text)
    clock.now += 2 * PAUSE
    session.set_prompt("cola")
    for seed in (2, 3, 4):
        session.set_settings(session.settings.but(seed=seed))
    session.set_settings(session.settings.but(variants=2))
    session.undo()
    assert session.settings == RunSettings(seed=4)
    session.undo()
    assert (session.settings, session.prompt) == (RunSettings(), "cola")
    session.undo()
    assert session.prompt == "col"
    session.undo()
    assert session.prompt == "" and not session.can_undo


def test_moves_of_points_are_steps_of_their_own():
    session = Session(History(Clock()))
    session.set_layout(LAYOUT, "Open")
    session.set_layout(LAYOUT.move(0, 20, 20), "Move nucleus")
    session.set_layout(LAYOUT.move(0, 30, 30), "Move nucleus")
    session.undo()
    assert session.layout == LAYOUT.move(0, 20, 20)


def test_locks_go_with_their_nuclei_and_come_back_with_them():
    session = Session()
    session.set_layout(LAYOUT, "Open")
    session.lock([1])
    for changed, mask in [
        (LAYOUT.remove([1]), [False]),
        (LAYOUT.remove([0]), [True]),
        (LAYOUT.move(1, 30, 30), [False, True]),
        (LAYOUT.reclass([1], 4), [False, True]),
        (LAYOUT.add(20, 20, 1), [False, True, False]),
    ]:
        session.set_layout(changed, "Edit")
        assert session.locked.mask(session.layout).tolist() == mask
        session.undo()
        assert session.locked.mask(session.layout).tolist() == [False, True]
    session.undo()
    assert session.undo_name == "Open" and session.locked == Locked()
    session.redo()
    assert session.locked.mask(session.layout).tolist() == [False, True]


def test_several_things_are_one_step():
    session = Session()
    session.edit("Open sample", layout=LAYOUT, prompt="colon", settings=RunSettings(seed=9))
    session.undo()
    assert undoable(session) == (Layout(), "", RunSettings(), Locked(), ()) and not session.can_undo


def test_a_new_tile_is_shown_and_cannot_be_undone():
    session, keys = with_tiles(3)
    assert [entry.key for entry in session.entries] == keys
    assert session.current == Entry(keys[2], session.entries[2].tile)
    session.undo()
    assert len(session.entries) == 3 and not session.can_undo
    session.set_prompt("x")
    session.undo()
    session.add_tile(TILE)
    assert session.can_redo and len(session.entries) == 4


def test_tiles_removed_together_come_back_together():
    session, keys = with_tiles(4)
    entries = session.entries
    session.choose(keys[1])
    session.remove(keys[0], keys[1], keys[3])
    assert [entry.key for entry in session.entries] == [keys[2]] and session.current.key == keys[2]
    assert session.undo_name == "Remove 3 tiles"
    session.undo()
    assert session.entries == entries and not session.can_undo
    session.redo()
    assert [entry.key for entry in session.entries] == [keys[2]]
    with pytest.raises(KeyError):
        session.remove(keys[2], keys[0])
    assert [entry.key for entry in session.entries] == [keys[2]]


def test_a_removed_tile_leaves_its_neighbour_and_comes_back_to_its_place():
    session, keys = with_tiles(4)
    session.choose(keys[1])
    session.remove(keys[1])
    assert session.current.key == keys[2]
    session.choose(keys[3])
    session.remove(keys[3])
    assert session.current.key == keys[2]
    session.remove(keys[0])
    session.remove(keys[2])
    assert (session.current, session.entries) == (None, ())
    session.add_tile(TILE)
    for key in (keys[2], keys[0], keys[3], keys[1]):
        session.undo()
        assert session.current.key == key
    assert [entry.key for entry in session.entries][:4] == keys


def test_undo_shows_the_tile_that_it_changes():
    session, keys = with_tiles(3)
    session.decide(keys[0], "accepted")
    session.choose(keys[2])
    session.undo()
    assert session.current.key == keys[0] and session.current.tile.verdict == "undecided"
    session.choose(None)
    session.redo()
    assert session.current.tile.verdict == "accepted"


def test_masks_drawn_get_the_active_class_by_name():
    session, (key,) = with_tiles(1)
    masks = TILE.instances.copy()
    masks[30:40, 30:40] = 2
    session.set_active_class(2)
    session.edit_labels(key, masks)
    assert session.current.tile.edited and session.current.tile.nuclei[1].class_id == 2
    session.undo()
    assert not session.current.tile.edited
    # The canvas has gone on to another model's classes, the tile has not.
    session.set_layout(Layout(taxonomy=SMALL), "New")
    session.set_active_class(1)
    session.edit_labels(key, masks)
    assert BUNDLED[session.current.tile.nuclei[1].class_id].name == "inflammatory"


def test_the_class_of_a_made_nucleus_is_corrected_as_one_step():
    session, (key,) = with_tiles(1)
    session.reclass_nucleus(key, 1, 3)
    tile = session.current.tile
    assert ([n.class_id for n in tile.nuclei], tile.semantic[10, 10], tile.edited) == ([3], 4, True)
    assert (session.undo_name, session.active_class) == ("Correct class", 0)
    session.undo()
    assert not session.current.tile.edited
    session.redo()
    assert session.current.tile == tile


def test_the_active_class_goes_along_into_another_taxonomy():
    session = Session()
    session.set_active_class(1)
    session.set_layout(Layout(taxonomy=SMALL), "New")
    assert session.active_class == 1 and SMALL[1].name == "inflammatory"
    session.undo()
    session.set_active_class(6)
    session.redo()
    assert SMALL[session.active_class].name == "unspecified"
    with pytest.raises(ValueError, match="no class has the id 3; 0..2 is allowed"):
        session.set_active_class(3)


def test_a_card_brings_back_what_its_tile_was_made_from():
    session = Session()
    session.set_settings(RunSettings(variants=4, device="cuda", live=True))
    made = {"prompt": "colon", "seed": 42, "steps": FINE.steps, "guidance": 3.0, "device": "cpu"}
    key = session.add_tile(a_tile(**made))
    session.add_tile(TILE)
    session.reuse(key)
    assert session.current.key == key
    assert (session.layout, session.prompt) == (LAYOUT, "colon")
    assert session.settings == RunSettings(
        quality="standard", steps=24, guidance=3, seed=42, model="nuclei", variants=4, device="cuda", live=True
    )
    assert session.orders()[0].steps == FINE.steps
    session.undo()
    assert (session.layout, session.prompt, session.settings.seed) == (Layout(), "", 1)


def test_orders_ask_for_what_is_set():
    session = Session()
    session.edit(
        "Open", layout=LAYOUT, prompt=" colon ", settings=RunSettings(seed=MAX_SEED, variants=3, quality="fine")
    )
    orders = session.orders()
    assert [order.seed for order in orders] == [MAX_SEED, 0, 1]
    assert {(o.layout, o.prompt, o.steps, o.guidance, o.layout_guidance) for o in orders} == {
        (LAYOUT, " colon ", *FINE)
    }
    (draft,) = session.orders(draft=True)
    assert (draft.seed, draft.steps, draft.guidance, draft.layout_guidance) == (MAX_SEED, *DRAFT)
    session.set_settings(RunSettings(guidance=4, steps=50, model="mine", device="cpu", preview=False))
    (order,), (draft,) = session.orders(), session.orders(draft=True)
    assert (order.steps, order.guidance, order.model, order.device, order.preview) == (50, 4, "mine", "cpu", False)
    assert draft == replace(order, steps=DRAFT.steps)


def test_the_seed_is_drawn_anew_where_it_is_not_locked():
    session = Session()
    session.draw_seed()
    assert session.settings.seed == 1
    session.set_settings(RunSettings(seed_locked=False))
    seeds = set()
    for _ in range(5):
        session.draw_seed()
        seeds.add(session.settings.seed)
    assert len(seeds) == 5 and session.undo_name == "Change seed locked"
    session.undo()
    assert not session.can_undo


@pytest.mark.parametrize(
    "act",
    [
        lambda session: session.entry("gone"),
        lambda session: session.choose("gone"),
        lambda session: session.remove("gone"),
        lambda session: session.reuse("gone"),
        lambda session: session.decide("gone", "accepted"),
        lambda session: session.edit_labels("gone", TILE.instances),
        lambda session: session.reclass_nucleus("gone", 1, 0),
    ],
)
def test_a_tile_that_is_not_there_is_told(act):
    session, (key,) = with_tiles(1)
    session.remove(key)
    before = session.snapshot()
    with pytest.raises(KeyError, match="no tile has the key 'gone'"):
        act(session)
    with pytest.raises(KeyError):
        session.decide(key, "accepted")
    assert session.snapshot() == before


def test_what_is_refused_leaves_everything_as_it_was():
    session, (key,) = with_tiles(1)
    before, heard = session.snapshot(), told(session)
    with pytest.raises(ValueError, match="verdict 'maybe'"):
        session.decide(key, "maybe")
    with pytest.raises(ValueError, match="masks are"):
        session.edit_labels(key, np.zeros((3, 3), int))
    with pytest.raises(IndexError, match="no point at index 0"):
        session.lock([0])
    assert (session.snapshot(), heard, session.can_undo) == (before, [], False)


def test_a_listener_that_changes_the_session_leaves_the_others_with_the_last_value():
    session, heard = Session(), []

    def tidy(layout):
        if len(layout) == 2:
            session.set_layout(layout.remove([1]), "Tidy")

    session.layout_changed.connect(tidy)
    session.layout_changed.connect(lambda layout: heard.append(len(layout)))
    session.set_layout(LAYOUT, "Open")
    assert heard == [2, 1] and len(session.layout) == 1
    assert session.undo_name == "Tidy"


def test_a_listener_that_fails_keeps_nobody_from_saving():
    session = Session()

    def fail(_layout):
        raise ZeroDivisionError("in a window")

    session.layout_changed.connect(fail)
    heard = []
    session.prompt_changed.connect(heard.append)
    session.changed.connect(lambda: heard.append("changed"))
    for prompt in ("colon", "breast"):
        layout = session.layout.add(5, 5 + 9 * len(heard), 0)
        with pytest.raises(EmitLoopError, match="in a window"):
            session.edit("Open", layout=layout, prompt=prompt)
        assert (session.layout, session.prompt) == (layout, prompt)
    assert heard == ["colon", "changed", "breast", "changed"]


def test_a_session_needs_neither_torch_nor_a_window():
    code = (
        "import sys, napari_cosynth.session, napari_cosynth.synthesis\n"
        "print(*{'torch', 'diffusers', 'qtpy', 'napari', 'PyQt5', 'PyQt6'} & sys.modules.keys())"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""


def test_tiles_that_are_taken_in_are_not_shown_and_cannot_be_undone():
    session, (shown,) = with_tiles(1)
    session.set_prompt("colon")
    heard = told(session)
    first, second = a_tile(seed=8), a_tile(seed=9)
    keys = session.take_in([first, second])
    assert heard == ["entries", "changed"]
    assert [(entry.key, entry.tile) for entry in session.entries[1:]] == list(zip(keys, (first, second), strict=True))
    assert session.current.key == shown and session.undo_name == "Edit prompt"
    session.undo()
    assert len(session.entries) == 3 and session.prompt == ""


def test_tiles_that_are_taken_in_show_nothing_where_nothing_was_shown():
    session = Session()
    (key,) = session.take_in([TILE])
    assert session.current is None
    session.choose(key)
    assert session.current.tile is TILE


def test_tiles_make_room_for_others_but_never_the_one_that_is_shown():
    session = Session()
    old = session.take_in([a_tile(seed=i) for i in range(4)])
    session.choose(old[1])
    heard = told(session)
    new = session.take_in([a_tile(seed=9)], instead_of=[*old[:3], "gone"])
    assert [entry.key for entry in session.entries] == [old[1], old[3], *new]
    assert session.current.key == old[1] and heard == ["entries", "changed"]
    with pytest.raises(KeyError, match="removed"):
        session.entry(old[0])


def test_undo_brings_back_a_tile_that_made_room_after_it_was_decided():
    session = Session()
    (key,) = session.take_in([TILE])
    session.decide(key, "accepted")
    session.choose(None)
    session.take_in([], instead_of=[key])
    assert session.entries == ()
    session.undo()
    assert session.entry(key).tile is TILE and session.current.key == key
