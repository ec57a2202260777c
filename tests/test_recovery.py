"""Autosave writes little and never half; after a crash, a real one, the session is found again."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import replace

import pytest

from napari_cosynth import recovery
from napari_cosynth.project import ProjectError
from napari_cosynth.recovery import KEPT, Autosave, discard, found, load, sessions_dir
from napari_cosynth.relabel import relabelled
from napari_cosynth.snapshot import Entry, Snapshot

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.fixture(autouse=True)
def sessions(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_COSYNTH_SESSIONS", str(tmp_path / "sessions"))
    return tmp_path / "sessions"


def stamps(folder) -> dict[str, tuple[int, int]]:
    """Time and size of every file, by name."""
    return {p.name: (p.stat().st_mtime_ns, p.stat().st_size) for p in folder.iterdir()}


def written(before, after) -> set[str]:
    return {name for name, stamp in after.items() if before.get(name) != stamp}


def moved(snapshot: Snapshot) -> Snapshot:
    """With one point in another place."""
    row, col = snapshot.layout.centroids[0]
    return replace(snapshot, layout=snapshot.layout.move(0, row + 0.25, col))


def with_tile(snapshot: Snapshot, index: int, tile) -> Snapshot:
    entries = list(snapshot.entries)
    entries[index] = Entry(entries[index].key, tile)
    return replace(snapshot, entries=tuple(entries))


def test_a_session_comes_back_to_the_last_bit(make_snapshot, same):
    autosave, snapshot = Autosave(), make_snapshot(3)
    autosave.write(snapshot)
    opened = load(autosave.folder)
    assert same(opened.snapshot, snapshot) and opened.lost == ()
    empty = Snapshot()
    autosave.write(empty)
    assert same(load(autosave.folder).snapshot, empty)


def test_a_moved_point_in_a_session_of_200_tiles_writes_one_small_file(make_snapshot):
    tiles = [entry.tile for entry in make_snapshot(4).entries]
    snapshot = make_snapshot(0, entries=tuple(Entry(f"{i:032x}", tiles[i % 4]) for i in range(200)), current=None)
    autosave = Autosave()
    autosave.write(snapshot)
    before = stamps(autosave.folder)
    autosave.write(moved(snapshot))
    after = stamps(autosave.folder)
    assert written(before, after) == {"project.json"} and before.keys() == after.keys()
    assert after["project.json"][1] < 50_000


def test_only_what_changed_is_written(make_snapshot, same):
    autosave, snapshot = Autosave(), make_snapshot(3)

    def kinds(of: Snapshot) -> list[str]:
        before = stamps(autosave.folder)
        autosave.write(of)
        return sorted(name.split("-")[0] for name in written(before, stamps(autosave.folder)))

    tile = snapshot.entries[1].tile
    assert len(kinds(snapshot)) == 1 + 3 * 4
    assert kinds(snapshot) == []
    # Values that are equal, but not the same ones.
    assert kinds(with_tile(snapshot, 1, replace(tile))) == []
    decided = with_tile(snapshot, 1, tile.with_verdict("accepted"))
    assert kinds(decided) == ["project.json", "tile"]
    painted = tile.instances.copy()
    painted[:8, :8] = 500
    edited = with_tile(snapshot, 1, relabelled(tile, painted, 0))
    assert kinds(edited) == ["instances", "project.json", "semantic", "tile"]
    assert same(load(autosave.folder).snapshot, edited)
    # What is no longer needed goes, and comes back with undo.
    without = replace(snapshot, entries=snapshot.entries[:1], current=None)
    assert kinds(without) == ["project.json"]
    assert len(stamps(autosave.folder)) == 2 + 4
    assert len(kinds(edited)) == 1 + 2 * 4
    assert same(load(autosave.folder).snapshot, edited)


def test_a_session_that_closed_is_gone_on_with_and_nothing_written_anew(make_snapshot, same):
    first = Autosave()
    first.close(make_snapshot(3))
    assert found() == recovery.Found(first.folder, ())
    (first.folder / "thesis.txt").write_text("mine")
    (first.folder / f".project.json.{os.getpid()}.part").write_text("half")
    snapshot = load(first.folder).snapshot
    second = Autosave(first.folder)
    assert found() == recovery.Found(None, ())
    before = stamps(second.folder)
    second.write(moved(snapshot))
    after = stamps(second.folder)
    assert written(before, after) == {"project.json"}
    assert before.keys() - after.keys() == {"closed"} and "thesis.txt" in after
    second.release()
    assert found() == recovery.Found(None, (first.folder,))
    assert same(load(first.folder).snapshot, moved(snapshot))


def test_a_session_that_somebody_works_in_is_left_alone(make_snapshot):
    autosave = Autosave()
    autosave.write(make_snapshot(1))
    assert found() == recovery.Found(None, ())
    with pytest.raises(ProjectError, match="another napari works in it"):
        Autosave(autosave.folder)
    with pytest.raises(ProjectError, match="another napari works in this session"):
        discard(autosave.folder)
    autosave.release()
    discard(autosave.folder)
    assert not autosave.folder.exists() and found() == recovery.Found(None, ())


@needs_fork
def test_a_process_that_is_killed_is_told_from_one_that_lives(make_snapshot, same):
    snapshot, (ready, tell) = make_snapshot(2), os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            autosave = Autosave()
            autosave.write(snapshot)
            os.write(tell, str(autosave.folder).encode())
            time.sleep(60)
        finally:
            os._exit(0)
    folder = sessions_dir() / os.path.basename(os.read(ready, 1000).decode())
    assert found() == recovery.Found(None, ())
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert found() == recovery.Found(None, (folder,))
    assert same(load(folder).snapshot, snapshot)


def _killed(autosave: Autosave, snapshot: Snapshot, call: str, at: int) -> bool:
    """Write in a process that kills itself before its call number ``at`` of an ``os`` function; whether it did."""
    pid = os.fork()
    if pid == 0:
        try:
            original, calls = getattr(os, call), iter(range(at))

            def deadly(*arguments, **keywords):
                if next(calls, None) is None:
                    os.kill(os.getpid(), signal.SIGKILL)
                return original(*arguments, **keywords)

            setattr(os, call, deadly)
            autosave.write(snapshot)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


@needs_fork
@pytest.mark.parametrize("call", ["fsync", "replace", "unlink"])
def test_killed_at_every_step_of_a_write_the_old_or_the_new_state_is_there(make_snapshot, same, call):
    old = make_snapshot(3)
    # One tile removed, one edited, one new, and a point moved.
    tile = old.entries[1].tile
    painted = tile.instances.copy()
    painted[:8, :8] = 500
    new = with_tile(moved(old), 1, relabelled(tile, painted, 0))
    new = replace(new, entries=(*new.entries[1:], Entry("new", make_snapshot(5).entries[4].tile)))
    states = []
    for at in range(40):
        autosave = Autosave()
        autosave.write(old)
        died = _killed(autosave, new, call, at)
        opened = load(autosave.folder)
        assert opened.lost == ()
        states.append("new" if same(opened.snapshot, new) else "old")
        assert states[-1] == "new" or same(opened.snapshot, old)
        autosave.release()
        # Who goes on there finishes it.
        again = Autosave(autosave.folder)
        again.write(new)
        assert same(load(autosave.folder).snapshot, new)
        assert not list(autosave.folder.glob(".*.part"))
        assert len(list(autosave.folder.iterdir())) == 2 + 3 * 4
        again.release()
        shutil.rmtree(autosave.folder)
        if not died:
            break
    assert states == sorted(states, reverse=True) and states[-1] == "new" and not died


@needs_fork
def test_killed_from_outside_in_the_middle_of_writing(make_snapshot, same):
    states = [make_snapshot(2, prompt="a"), make_snapshot(3, prompt="b")]
    for delay in random.Random(0).choices([0.005, 0.01, 0.02, 0.04, 0.08], k=10):
        autosave = Autosave()
        autosave.write(states[0])
        pid = os.fork()
        if pid == 0:
            try:
                while True:
                    for state in reversed(states):
                        autosave.write(state)
            finally:
                os._exit(0)
        time.sleep(delay)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        opened = load(autosave.folder)
        assert opened.lost == () and any(same(opened.snapshot, state) for state in states)
        autosave.release()


def test_sessions_beyond_the_newest_five_go(make_snapshot, sessions):
    folders = []
    for i in range(KEPT + 2):
        autosave = Autosave()
        autosave.close(make_snapshot(1)) if i % 2 else autosave.write(make_snapshot(1))
        autosave.release()
        os.utime(autosave.folder / "project.json", (i, i))
        folders.append(autosave.folder)
    left, fresh = sessions / "left by a kill", sessions / "just begun"
    for folder in (left, fresh):
        folder.mkdir()
    os.utime(left, (0, 0))
    (sessions / "notes.txt").write_text("mine")
    working = Autosave()
    assert {p for p in sessions.iterdir() if p.is_dir()} == {*folders[-KEPT:], fresh, working.folder}
    kept = found()
    assert kept.closed == folders[5]
    assert kept.crashed == (folders[6], folders[4], folders[2])
    assert (sessions / "notes.txt").read_text() == "mine"


def test_nothing_outside_is_discarded(tmp_path, sessions):
    for folder in (tmp_path / "mine", tmp_path, sessions / ".." / "mine"):
        folder.mkdir(exist_ok=True, parents=True)
        with pytest.raises(ProjectError, match="is not the folder of a session"):
            discard(folder)
        assert folder.is_dir()


def test_no_sessions_yet(sessions):
    assert found() == recovery.Found(None, ())
    with pytest.raises(ProjectError, match="no longer there"):
        load(sessions / "gone")
    assert not sessions.exists()


def test_what_is_left_of_a_damaged_session(make_snapshot, same):
    autosave, snapshot = Autosave(), make_snapshot(3)
    autosave.write(snapshot)
    listed = json.loads((autosave.folder / "project.json").read_text())["tiles"]
    record = json.loads((autosave.folder / listed[1]["record"]).read_text())
    (autosave.folder / record["files"]["image"]).write_bytes(b"junk")
    opened = load(autosave.folder)
    assert [e.key for e in opened.snapshot.entries] == [snapshot.entries[i].key for i in (0, 2)]
    assert len(opened.lost) == 1 and opened.lost[0].startswith("tile 2 of 3 is lost: image-64x80-")
    (autosave.folder / "project.json").write_bytes(b"{")
    opened = load(autosave.folder)
    assert {e.key for e in opened.snapshot.entries} == {snapshot.entries[i].key for i in (0, 2)}
    assert any("project.json is not JSON" in lost for lost in opened.lost)
    for path in autosave.folder.iterdir():
        path.unlink()
    with pytest.raises(ProjectError, match="nothing in it can be read"):
        load(autosave.folder)


def test_a_session_s_folder_leads_nowhere_else(make_snapshot):
    autosave = Autosave()
    autosave.write(make_snapshot(1))
    path = autosave.folder / "project.json"
    data = json.loads(path.read_text())
    (autosave.folder.parent / "secret.json").write_bytes((autosave.folder / data["tiles"][0]["record"]).read_bytes())
    data["tiles"][0]["record"] = "../secret.json"
    path.write_text(json.dumps(data))
    assert any("'../secret.json'; a plain name" in lost for lost in load(autosave.folder).lost)


def test_threads_take_turns(make_snapshot, same):
    autosave, states = Autosave(), [make_snapshot(n, prompt=str(n)) for n in (1, 2, 3)]
    failures = []

    def write(state):
        try:
            for _ in range(5):
                autosave.write(state)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(state,)) for state in states]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert any(same(load(autosave.folder).snapshot, state) for state in states)


def test_a_place_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NAPARI_COSYNTH_SESSIONS", str(tmp_path / "file"))
    with pytest.raises(ProjectError, match=r"file.*: Not a directory"):
        Autosave()
    assert found() == recovery.Found(None, ())


def test_a_full_disk_keeps_the_old_state_and_a_later_write_catches_up(make_snapshot, same, sessions):
    sessions.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=120k", "tmpfs", str(sessions)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting is not allowed here")
    autosave = Autosave()
    try:
        autosave.write(make_snapshot(2))
        with pytest.raises(ProjectError, match="No space left on device"):
            autosave.write(make_snapshot(8))
        assert same(load(autosave.folder).snapshot, make_snapshot(2))
        subprocess.run(["mount", "-o", "remount,size=20m", str(sessions)], check=True)
        autosave.write(make_snapshot(8))
        assert same(load(autosave.folder).snapshot, make_snapshot(8))
        autosave.release()
        subprocess.run(["mount", "-o", "remount,ro", str(sessions)], check=True)
        with pytest.raises(ProjectError, match="Read-only file system"):
            Autosave(autosave.folder)
        with pytest.raises(ProjectError, match="Read-only file system"):
            discard(autosave.folder)
        (folder,) = found().crashed
        assert same(load(folder).snapshot, make_snapshot(8))
    finally:
        autosave.release()
        subprocess.run(["umount", str(sessions)], check=True)


def test_where_sessions_are_kept(monkeypatch, tmp_path):
    monkeypatch.delenv("NAPARI_COSYNTH_SESSIONS")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert sessions_dir() == tmp_path / "napari-cosynth" / "sessions"


def test_sessions_that_another_napari_removes_meanwhile_are_passed_over(make_snapshot, sessions, monkeypatch):
    kept, gone = Autosave(), Autosave()
    for autosave in (kept, gone):
        autosave.close(make_snapshot(1))
    left = sessions / "left by a kill"
    left.mkdir()
    os.utime(left, (0, 0))
    folders, held = recovery._folders, recovery.is_held

    def removed(path):
        answer = held(path)
        shutil.rmtree(gone.folder, ignore_errors=True)
        return answer

    def listed():
        places = folders()
        shutil.rmtree(left, ignore_errors=True)
        return places

    monkeypatch.setattr(recovery, "is_held", removed)
    monkeypatch.setattr(recovery, "_folders", listed)
    assert found() == recovery.Found(kept.folder, ())
    left.mkdir()
    Autosave().release()
