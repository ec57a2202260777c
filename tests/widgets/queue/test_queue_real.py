"""The queue with the real batch: a tiny model in a process of its own; paused, gone on with, closed in the middle."""

from __future__ import annotations

import pytest

from napari_cosynth.batch.apart import BatchProcess
from napari_cosynth.session import Session
from napari_cosynth.tile_files import read_tile
from napari_cosynth.widgets.queue.panel import QueuePanel

WAIT = 400_000
pytestmark = pytest.mark.timeout(600)
PLAN = """
seed = 3
[tiles]
size = [64, 64]
steps = 2
model = "{model}"
[gate]
max_extra = 0
[[group]]
name = "nest"
tissue = "colon"
layouts = 3
prompts = ["colon, H&E"]
counts = {{ neoplastic = 2 }}
"""


@pytest.fixture
def plan_file(model_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_COSYNTH_CACHE", str(tmp_path / ".cache"))
    path = tmp_path / "plan.toml"
    path.write_text(PLAN.format(model=model_folder), encoding="utf-8")
    return path


def one_worker(plan, out, only_measure):
    return BatchProcess(plan, out, only_measure=only_measure, workers=1, deterministic=True)


@pytest.fixture
def make_panel(qtbot):
    made = []

    def make(session) -> QueuePanel:
        panel = QueuePanel(session, batch=one_worker)
        qtbot.addWidget(panel)
        panel.show()
        made.append(panel)
        return panel

    yield make
    for panel in made:
        assert panel.close_batch(WAIT)


def finished(plan_file):
    return sorted(plan_file.with_suffix("").glob("tiles/*.json"))


def test_paused_in_the_middle_it_goes_on_and_every_tile_comes_once(qtbot, make_panel, plan_file):
    session = Session()
    panel = make_panel(session)
    panel.setPlan(str(plan_file))
    qtbot.waitUntil(lambda: panel.start() or panel.mode() == "running", timeout=WAIT)
    qtbot.waitUntil(lambda: bool(finished(plan_file)), timeout=WAIT)
    panel.pause()
    # Whatever it had in hand: it may have been the last tile.
    qtbot.waitUntil(lambda: panel.mode() in ("paused", "idle"), timeout=WAIT)
    if panel.mode() == "paused":
        panel.start()
    qtbot.waitUntil(lambda: panel.mode() == "idle" and len(session.entries) == 3, timeout=WAIT)
    there = [read_tile(record) for record in finished(plan_file)]
    came = {entry.tile.request.seed: entry.tile for entry in session.entries}
    assert came.keys() == {tile.request.seed for tile in there} and len(came) == 3
    for tile in there:
        assert (came[tile.request.seed].image == tile.image).all()
        assert came[tile.request.seed].verdict == tile.verdict
        assert (tile.verdict == "rejected") is bool(tile.report.extra)
    assert session.current is None


def test_closed_in_the_middle_its_process_ends(qtbot, make_panel, plan_file):
    panel = make_panel(Session())
    panel.setPlan(str(plan_file))
    qtbot.waitUntil(lambda: panel.start() or panel.mode() == "running", timeout=WAIT)
    qtbot.waitUntil(lambda: bool(finished(plan_file)), timeout=WAIT)
    process = panel._run._batch._process
    assert panel.close_batch(WAIT)
    assert process.poll() == 0
    assert all(read_tile(record) for record in finished(plan_file))
