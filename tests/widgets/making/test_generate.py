"""From the button to tiles in the session; whatever fails, the dock stays usable."""

from __future__ import annotations

import pytest
from qtpy.QtWidgets import QPushButton

from napari_cosynth.session import Session
from napari_cosynth.widgets.controls.messages import MessageBar
from napari_cosynth.widgets.making.generate import Generate
from napari_cosynth.widgets.making.live import Live
from napari_cosynth.widgets.making.worker import Worker

WAIT = 20_000


class Canvas:
    """Remembers what it was asked to show."""

    def __init__(self):
        self.shown, self.asked = [], []
        self.previewing = False
        self.broken = False

    def show_preview(self, preview, asked):
        if self.broken:
            raise KeyError("the layer is gone")
        self.shown.append(preview)
        self.asked.append(asked)
        self.previewing = True

    def end_preview(self):
        self.previewing = False


class Bench:
    """A controller with everything around it; ``states`` are the run states that were shown."""

    def __init__(self, engine):
        self.engine = engine
        self.session = Session()
        self.worker = Worker(engine)
        self.live = Live(self.session, self.worker)
        self.canvas = Canvas()
        self.messages = MessageBar()
        self.states = []
        self.generate = Generate(self.session, self.worker, self.live, self.canvas, self.messages, self.states.append)

    @property
    def state(self):
        return self.states[-1]

    @property
    def tiles(self):
        return len(self.session.entries)

    def set(self, **changes):
        self.session.set_settings(self.session.settings.but(**changes))

    def idle(self):
        return not self.worker.running and not self.state.running


@pytest.fixture
def bench(qtbot, fake_engine, make_layout):
    """A controller over the quick engine, with twelve points on a tile of 64 px."""
    bench = Bench(fake_engine)
    qtbot.addWidget(bench.messages)
    bench.session.set_layout(make_layout(12, 64), "Open sample")
    yield bench
    bench.live.close()
    assert bench.worker.stop_and_wait(10_000)


def test_a_run_shows_loading_then_steps_then_its_tile(bench, qtbot):
    bench.generate.generate()
    assert bench.generate.running and bench.state.running
    qtbot.waitUntil(bench.idle, timeout=WAIT)
    running = [state for state in bench.states if state.running]
    assert "loading the model" in [state.text for state in running]
    assert [state.step for state in running if state.steps] == [0, 1, 2, 3, 4]
    assert bench.tiles == 1 and bench.session.current.tile.request.layout == bench.session.layout
    assert bench.state.text.startswith("Done") and not bench.canvas.previewing
    assert bench.messages.texts() == ()


def test_variants_become_tiles_with_seeds_in_a_row_and_the_time_left_is_told(bench, qtbot):
    bench.set(variants=3, seed=5)
    bench.engine.delay = 0.01
    bench.generate.generate()
    qtbot.waitUntil(bench.idle, timeout=WAIT)
    assert [entry.tile.request.seed for entry in bench.session.entries] == [5, 6, 7]
    told = [state for state in bench.states if state.steps and state.step]
    assert [(s.tile, s.step) for s in told] == [(t, s) for t in (1, 2, 3) for s in (1, 2, 3, 4)]
    assert told[0].seconds_left is None and all(s.seconds_left is not None for s in told[1:])
    assert told[-1].seconds_left < told[1].seconds_left
    assert bench.state.text.startswith("3 tiles")


def test_a_locked_seed_stays_and_an_unlocked_one_is_new_after_each_generate_outside_of_undo(bench, qtbot):
    bench.set(seed=5)
    bench.generate.generate()
    qtbot.waitUntil(bench.idle, timeout=WAIT)
    assert bench.session.settings.seed == 5
    bench.set(seed=8, seed_locked=False)
    name = bench.session.undo_name
    bench.generate.generate()
    qtbot.waitUntil(bench.idle, timeout=WAIT)
    assert bench.session.entries[-1].tile.request.seed == 8
    assert bench.session.settings.seed != 8 and bench.session.undo_name == name


@pytest.mark.parametrize("made", [0, 1])
@pytest.mark.parametrize("end", ["cancel", "failure"])
@pytest.mark.parametrize("locked", [False, True])
def test_a_run_that_ends_early_is_followed_by_a_new_seed_if_it_made_a_tile(
    bench, qtbot, monkeypatch, end, locked, made
):
    def work(_step):
        if end == "failure" and len(bench.engine.orders) > made:
            raise RuntimeError("the engine broke")

    monkeypatch.setattr(bench.engine, "_work", work)
    if end == "cancel":
        bench.worker.started.connect(lambda tile, *_: tile > made and bench.generate.cancel())
    bench.set(seed=5, variants=3, seed_locked=locked)
    bench.generate.generate()
    qtbot.waitUntil(bench.idle, timeout=WAIT)
    assert bench.tiles == made
    assert (bench.session.settings.seed == 5) == (locked or not made)


@pytest.mark.parametrize("draft", [False, True])
def test_previews_come_with_the_layout_that_was_asked_for(bench, qtbot, draft):
    asked = bench.session.layout
    bench.worker.loading.connect(lambda: bench.session.set_layout(asked.remove([0]), "Delete nucleus"))
    (bench.generate.draft if draft else bench.generate.generate)()
    qtbot.waitUntil(lambda: not bench.worker.running, timeout=WAIT)
    assert bench.canvas.asked and all(layout == asked for layout in bench.canvas.asked)


def button(bench, name):
    return bench.messages.findChild(QPushButton, name)


@pytest.mark.parametrize("variants", [1, 3])
def test_tiles_that_are_there_are_not_made_again_but_shown_or_made_with_another_seed(bench, qtbot, variants):
    bench.set(seed=5, variants=variants)
    bench.generate.generate()
    qtbot.waitUntil(bench.idle, timeout=WAIT)
    last = bench.session.current.key
    bench.session.choose(bench.session.entries[0].key)
    bench.generate.generate()
    assert not bench.generate.running
    assert "in the gallery already" in bench.messages.texts()[0]
    button(bench, "messageShowIt" if variants == 1 else "messageShowTheLast").click()
    assert bench.session.current.key == last and bench.messages.texts() == ()
    bench.generate.generate()
    button(bench, "messageDrawAnotherSeed").click()
    assert bench.generate.running and bench.session.settings.seed != 5
    qtbot.waitUntil(bench.idle, timeout=WAIT)
    assert bench.tiles == 2 * variants and len(bench.engine.orders) == 2 * variants


def test_of_more_variants_only_the_new_ones_are_made(bench, qtbot):
    for variants in (1, 3):
        bench.set(variants=variants, seed=5)
        bench.generate.generate()
        qtbot.waitUntil(bench.idle, timeout=WAIT)
    assert [entry.tile.request.seed for entry in bench.session.entries] == [5, 6, 7]
    assert bench.messages.texts() == ("The tile of seed 5 is in the gallery already: only new ones are made.",)
    bench.session.set_prompt("lung")
    bench.generate.went_on()
    assert bench.messages.texts() == ()


def test_a_draft_is_told_while_it_is_on_the_canvas(bench, qtbot):
    told = []
    bench.generate.draftShown.connect(told.append)
    for end in (bench.generate.show_tile, bench.generate.generate):
        bench.generate.draft()
        qtbot.waitUntil(bench.idle, timeout=WAIT)
        assert told.pop() is True and bench.canvas.previewing
        end()
        qtbot.waitUntil(bench.idle, timeout=WAIT)
        assert told.pop() is False and not told


def test_a_tile_that_was_removed_or_corrected_is_made_again(bench, qtbot):
    for change in (
        lambda entry: bench.session.remove(entry.key),
        lambda entry: bench.session.edit_labels(entry.key, entry.tile.instances * (entry.tile.instances != 1)),
    ):
        bench.generate.generate()
        qtbot.waitUntil(bench.idle, timeout=WAIT)
        change(bench.session.current)
    bench.generate.generate()
    qtbot.waitUntil(bench.idle, timeout=WAIT)
    assert len(bench.engine.orders) == 3 and bench.messages.texts() == ()


def test_a_second_generate_while_one_runs_changes_nothing(bench, qtbot):
    bench.engine.delay = 0.02
    bench.generate.generate()
    bench.generate.generate()
    qtbot.waitUntil(bench.idle, timeout=WAIT)
    assert bench.tiles == 1 and len(bench.engine.orders) == 1


@pytest.mark.parametrize("step", [0, 1, 3, 4])
def test_cancel_at_any_step_leaves_no_ghost_and_the_next_run_is_whole(bench, qtbot, step):
    moment = bench.worker.preview if step else bench.worker.loading
    cancels = []

    def cancel(preview=None):
        if not cancels and (preview is None or preview.step == step):
            cancels.append(1)
            bench.generate.toggle()

    moment.connect(cancel)
    bench.generate.generate()
    qtbot.waitUntil(bench.idle, timeout=WAIT)
    assert cancels and not bench.generate.running
    assert bench.state.text == "Cancelled" and not bench.canvas.previewing
    qtbot.wait(100)
    assert bench.tiles == 0
    bench.generate.toggle()
    qtbot.waitUntil(lambda: bench.tiles == 1 and bench.idle(), timeout=WAIT)


def test_tiles_made_before_a_cancel_stay(bench, qtbot):
    bench.set(variants=4)
    bench.engine.delay = 0.1
    bench.generate.generate()
    qtbot.waitUntil(lambda: bench.tiles >= 2, timeout=WAIT)
    made = bench.tiles
    bench.generate.cancel()
    assert bench.state.text == f"Cancelled after {made} of 4 tiles"
    qtbot.wait(200)
    assert bench.tiles == made


@pytest.mark.parametrize(
    "error", [RuntimeError("CUDA out of memory"), MemoryError(), KeyboardInterrupt(), OSError("x")]
)
@pytest.mark.parametrize("moment", [0, 1, 4])
def test_a_failure_is_told_closes_the_bar_and_the_next_run_takes_the_message_away(bench, qtbot, error, moment):
    bench.engine.error, bench.engine.fail_at = error, moment
    bench.generate.generate()
    qtbot.waitUntil(bench.idle, timeout=WAIT)
    [text] = bench.messages.texts()
    assert text.endswith(".") and not bench.canvas.previewing and not bench.generate.running
    assert bench.tiles == 0
    bench.engine.fail_at = None
    bench.generate.generate()
    qtbot.waitUntil(bench.idle, timeout=WAIT)
    assert bench.messages.texts() == () and bench.tiles == 1


def test_a_canvas_that_fails_costs_no_tile(bench, qtbot):
    bench.canvas.broken = True
    bench.generate.generate()
    qtbot.waitUntil(bench.idle, timeout=WAIT)
    assert bench.tiles == 1


def test_a_listener_that_fails_on_the_new_tile_costs_no_tile_and_is_told(bench, qtbot):
    def stumble():
        raise ValueError("no room on the shelf")

    bench.session.entries_changed.connect(stumble)
    bench.generate.generate()
    qtbot.waitUntil(bench.idle, timeout=WAIT)
    assert bench.tiles == 1
    assert "could not be shown" in bench.messages.texts()[0]


def test_nothing_runs_while_there_is_a_reason_against_it(bench, qtbot):
    bench.generate.set_reason("The model is missing: choose another one")
    assert bench.state.reason.startswith("The model")
    bench.generate.generate()
    assert bench.messages.texts() == ("The model is missing: choose another one.",)
    bench.generate.draft()
    assert bench.engine.orders == [] and not bench.generate.running
    bench.generate.set_reason("")
    assert bench.state.reason == ""


def test_previews_can_be_switched_off(bench, qtbot):
    bench.set(preview=False)
    bench.generate.generate()
    qtbot.waitUntil(bench.idle, timeout=WAIT)
    assert bench.canvas.shown == []


def test_a_live_draft_is_shown_with_the_same_seed_becomes_no_card_and_leaves_generate_alone(bench, qtbot):
    bench.set(live=True, seed=9, variants=4)
    qtbot.waitUntil(lambda: bench.canvas.previewing and bench.idle(), timeout=WAIT)
    assert [order.seed for order in bench.engine.orders] == [9]
    assert bench.tiles == 0
    assert not any(state.running for state in bench.states)
    assert bench.state.text.startswith("Draft: 12 of 12 placed")
    bench.generate.show_tile()
    assert not bench.canvas.previewing


def test_generate_goes_before_a_draft_and_a_draft_never_ends_a_run(bench, qtbot):
    bench.set(live=True)
    bench.engine.delay = 0.1
    # A draft that is cancelled before its turn would never reach the engine.
    qtbot.waitUntil(lambda: len(bench.engine.orders) == 1, timeout=WAIT)
    bench.generate.generate()
    assert bench.generate.running
    bench.session.set_prompt("colon")  # an edit during the run
    qtbot.waitUntil(lambda: bench.tiles == 1, timeout=WAIT)
    bench.engine.delay = 0
    qtbot.waitUntil(lambda: len(bench.engine.orders) == 3 and bench.idle(), timeout=WAIT)
    draft, asked, after = bench.engine.orders
    assert asked.steps > draft.steps and after.prompt == "colon" and asked.prompt == ""
    assert bench.tiles == 1


def test_going_to_a_card_ends_the_draft_that_was_on_its_way(bench, qtbot):
    bench.set(live=True)
    bench.engine.delay = 0.1
    qtbot.waitUntil(lambda: bench.worker.running, timeout=WAIT)
    bench.generate.show_tile()
    qtbot.wait(600)
    assert not bench.canvas.previewing and not bench.worker.running
