"""A real Dask cluster of two worker processes; one of them is killed in the middle."""

from __future__ import annotations

import builtins
import multiprocessing
import os
import signal
import sys
from dataclasses import replace

import pytest

from napari_cosynth.batch.cluster import ClusterError
from napari_cosynth.batch.local import Wishes
from napari_cosynth.batch.plan import read_plan
from napari_cosynth.batch.run import Done, Made, Options, Ready, Total, run_batch

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def local_cluster():
    """Starts two worker processes; on Linux as forks of one that has imported everything, which saves half a minute."""
    distributed = pytest.importorskip("distributed", reason="needs the extra distributed")
    dask = pytest.importorskip("dask")
    method = "forkserver" if sys.platform == "linux" else "spawn"
    with dask.config.set({"distributed.worker.multiprocessing-method": method}):
        if method == "forkserver":
            distributed.utils.get_mp_context()  # names what is imported once, for good: so before we do
            multiprocessing.set_forkserver_preload(["distributed", "napari_cosynth.model.pipeline"])
        with distributed.LocalCluster(2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
            yield cluster


def test_a_worker_killed_in_the_middle_loses_nothing_and_doubles_nothing(local_cluster, write_plan, tmp_path, contents):
    plan, tiles = read_plan(write_plan()), tmp_path / "out" / "tiles"
    killed, finished = [], {}

    def marks():
        return {p.name: (p.stat().st_ino, p.stat().st_mtime_ns) for p in tiles.glob("*.json") if p.name[0] != "."}

    options = Options(Wishes(deterministic=True), scheduler=local_cluster.scheduler_address)
    dry = list(run_batch(plan, tmp_path / "out", replace(options, dry_run=True)))
    assert [type(event) for event in dry] == [Total, Ready] and dry[1].prepared.tile_seconds > 0
    assert not (tmp_path / "out").exists()
    events = []
    for event in run_batch(plan, tmp_path / "out", options):
        events.append(event)
        if isinstance(event, Made) and not killed:
            finished = marks()
            killed = [worker.pid for worker in local_cluster.workers.values()][:1]
            os.kill(killed[0], signal.SIGKILL)
    total, ready = events[:2]
    assert isinstance(total, Total) and isinstance(ready, Ready)
    assert (total.tiles, ready.workers) == (8, 2) and ready.prepared.tile_seconds > 0
    made = [event.outcome for event in events if isinstance(event, Made)]
    assert killed and len(made) == 8
    assert sorted(outcome.name for outcome in made) == sorted({outcome.name for outcome in made})
    assert {outcome.state for outcome in made} <= {"made", "there"} and not events[-1].failed
    assert len(list(tiles.iterdir())) == 8 * 5
    assert finished and all(marks()[name] == mark for name, mark in finished.items())

    alone = list(run_batch(plan, tmp_path / "alone", Options(Wishes(1, deterministic=True))))
    assert isinstance(alone[-1], Done)
    assert contents(tiles) == contents(tmp_path / "alone" / "tiles")


def test_without_dask_the_extra_is_named(write_plan, tmp_path, monkeypatch):
    imported = builtins.__import__

    def without(name, *arguments):
        if name.startswith("distributed"):
            raise ImportError("No module named 'distributed'")
        return imported(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ClusterError, match=r'pip install "\.\[distributed\]"'):
        list(run_batch(read_plan(write_plan()), tmp_path / "out", Options(scheduler="tcp://127.0.0.1:1")))


def test_a_scheduler_that_does_not_answer_and_a_place_that_is_not_shared_are_refused(write_plan, tmp_path, monkeypatch):
    pytest.importorskip("distributed", reason="needs the extra distributed")
    monkeypatch.setattr("napari_cosynth.batch.cluster.CONNECT_SECONDS", 0.5)
    options = Options(scheduler="tcp://127.0.0.1:1")
    with pytest.raises(ClusterError, match="no Dask scheduler answers at tcp://127.0.0.1:1"):
        list(run_batch(read_plan(write_plan()), tmp_path / "out", options))
    with pytest.raises(ClusterError, match="memory://x is of this process alone"):
        list(run_batch(read_plan(write_plan()), "memory://x", options))
