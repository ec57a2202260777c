"""A batch that is held, let go on and called off, in this process, in worker processes and in one of its own."""

from __future__ import annotations

import multiprocessing
import threading

import pytest

from napari_cosynth.batch.apart import BatchError, BatchProcess
from napari_cosynth.batch.control import Control
from napari_cosynth.batch.local import Wishes
from napari_cosynth.batch.making import Maker, Stopped
from napari_cosynth.batch.plan import read_plan
from napari_cosynth.batch.run import Done, Made, Options, Ready, Total, run_batch
from napari_cosynth.export.dataset import Progress
from napari_cosynth.model.nearest_file import training_check, write_index
from napari_cosynth.tile_files import read_tile

ONE, TWO = (Options(Wishes(workers=n, deterministic=True)) for n in (1, 2))
ALONE = {"workers": 1, "deterministic": True}
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_COSYNTH_CACHE", str(tmp_path / ".cache"))


def finished(out):
    return sorted(path.stem for path in (out / "tiles").glob("*.json") if path.name[0] != ".")


def kinds(events):
    return [type(event) for event in events]


def test_whoever_asks_waits_while_it_is_held():
    control, answers = Control(), []
    assert not control.asked_to_stop()
    control.hold()
    assert control.held and not control.stopped
    asking = threading.Thread(target=lambda: answers.append(control.asked_to_stop()))
    asking.start()
    asking.join(0.05)
    assert not answers, "it did not wait"
    control.stop()
    asking.join()
    assert answers == [True] and control.stopped and not control.held
    control.hold()
    assert not control.held, "what is stopped would never end"


@pytest.mark.parametrize("options", [ONE, TWO], ids=["one process", "two workers"])
def test_called_off_after_a_tile_it_ends_and_goes_on_later(write_plan, tmp_path, options):
    plan, control, out = read_plan(write_plan()), Control(), tmp_path / "out"
    events = []
    with pytest.raises(Stopped):
        for event in run_batch(plan, out, options, control):
            events.append(event)
            if isinstance(event, Made):
                control.stop()
    assert kinds(events) == [Total, Ready, Made] and not multiprocessing.active_children()
    there = len(finished(out))
    assert 1 <= there < 8
    again = list(run_batch(plan, out, options))
    assert again[0].there == there and again[-1].states["made"] == 8 - there and len(finished(out)) == 8


def test_called_off_in_the_middle_of_a_tile_nothing_of_it_is_kept(write_plan, tmp_path, monkeypatch):
    control, together = Control(), Maker.together

    def stopping(self, requests):
        if finished(tmp_path / "out"):
            control.stop()
        return together(self, requests)

    monkeypatch.setattr(Maker, "together", stopping)
    events = run_batch(read_plan(write_plan()), tmp_path / "out", ONE, control)
    with pytest.raises(Stopped):
        list(events)
    assert len(finished(tmp_path / "out")) == 1


def test_workers_that_are_held_make_no_tile_and_then_all_of_them(write_plan, tmp_path):
    out, control, states = tmp_path / "out", Control(), []
    arrived = threading.Event()

    def run():
        for event in run_batch(read_plan(write_plan()), out, TWO, control):
            if isinstance(event, Made):
                states.append(event.outcome.state)
                if len(states) == 1:
                    control.hold()
                arrived.set()

    running = threading.Thread(target=run)
    running.start()
    assert arrived.wait(200)
    running.join(4)
    # One more at most: the tile that the other worker had in its last step.
    assert running.is_alive() and len(states) <= 2
    control.go()
    running.join(200)
    assert states == ["made"] * 8 and len(finished(out)) == 8


def test_its_own_process_ends_when_it_is_known_how_long_it_takes(write_plan, tmp_path):
    events = list(BatchProcess(write_plan(), str(tmp_path / "out"), only_measure=True, **ALONE).events())
    assert kinds(events) == [Total, Ready] and events[1].prepared.seconds > 0 and not (tmp_path / "out").exists()


def test_its_own_process_stops_and_another_one_that_was_held_goes_on(write_plan, tmp_path):
    plan, out = write_plan(2, '[export]\nformats = ["folder"]'), tmp_path / "out"
    first, seen = BatchProcess(plan, str(out), **ALONE), []
    for event in first.events():
        seen.append(event)
        if isinstance(event, Made):
            first.stop()
    assert Done not in kinds(seen) and first._process.poll() == 0
    there = len(finished(out))
    assert 1 <= there < 8
    held = BatchProcess(plan, str(out), **ALONE)
    held.hold()
    events = held.events()
    assert next(events).there == there
    held.go()
    # The same events as in this process.
    rest = list(events)
    told = [kind for kind in kinds(rest) if kind is not Progress]
    assert told == [Ready, *[Made] * (8 - there), Done] and Progress in kinds(rest)
    assert rest[-1].states == {"there": there, "made": 8 - there} and len(finished(out)) == 8
    assert all(event.plan is None for event in rest if isinstance(event, Progress))


def test_what_ended_the_process_is_told(write_plan, tmp_path):
    plan = write_plan()
    plan.write_text(plan.read_text().replace("layouts = 2", "layouts = 0"))
    with pytest.raises(BatchError, match=r'\[\[group\]\] 1 \("nest"\), key "layouts": .* got 0'):
        list(BatchProcess(plan, str(tmp_path / "out")).events())
    stopped = BatchProcess(plan, str(tmp_path / "out"))
    stopped.stop()
    assert list(stopped.events()) == []


def test_a_process_that_is_killed_is_told(write_plan, tmp_path):
    batch = BatchProcess(write_plan(), str(tmp_path / "out"), **ALONE)
    events = batch.events()
    next(events)
    batch._process.kill()
    with pytest.raises(BatchError, match="ended by itself .exit code -9.*memory"):
        list(events)


def test_each_tile_knows_its_distance_from_training_tissue(write_plan, model_copy, make_training_index, tmp_path):
    write_index(make_training_index(), model_copy)
    # The index knows nothing of smaller tiles.
    large = ("size = [64, 64]", "size = [128, 144]")
    plan = write_plan(1, "", ('model = "', f'model = "{model_copy}" # "'), large)
    list(run_batch(read_plan(plan), tmp_path / "out", ONE))
    tiles = [read_tile(tmp_path / "out" / "tiles" / f"{name}.json") for name in finished(tmp_path / "out")]
    check = training_check(model_copy)
    assert len(tiles) == 4
    assert [tile.training_distance for tile in tiles] == [check.distance(tile.image) for tile in tiles] != [None] * 4
