"""Checkpoints: whole or not there, and never code."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from napari_cosynth.training.checkpoint import NAME, load_checkpoint, save_checkpoint  # noqa: E402

KILLED = """
import os, random, signal, sys, time
from pathlib import Path
import torch
from napari_cosynth.training.checkpoint import load_checkpoint, save_checkpoint

folder = Path(sys.argv[1])
torch.set_num_threads(1)
last = -1
for seed in range(12):
    ready, tell = os.pipe()
    child = os.fork()
    if child == 0:
        step = last
        while True:
            step += 1
            save_checkpoint(folder, {"step": step, "weights": torch.full((200_000,), float(step))})
            os.write(tell, b".")
    os.read(ready, 1)
    time.sleep(random.Random(seed).uniform(0, 0.05))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    state = load_checkpoint(folder)
    if state is not None:
        assert (state["weights"] == state["step"]).all() and state["step"] >= last, state["step"]
        last = state["step"]
assert last >= 11
print("loaded")
"""


def test_round_trip(tmp_path):
    state = {"weights": {"a": torch.arange(6.0)}, "step": 7, "terms": {"colon": 3}, "seconds": 1.5}
    save_checkpoint(tmp_path / "run", state)
    again = load_checkpoint(tmp_path / "run")
    assert torch.equal(again.pop("weights")["a"], state.pop("weights")["a"]) and again == state
    assert [p.name for p in (tmp_path / "run").iterdir()] == [NAME]


def test_no_checkpoint_yet(tmp_path):
    assert load_checkpoint(tmp_path / "nowhere") is None


def test_a_later_checkpoint_replaces_the_earlier(tmp_path):
    for step in (1, 2):
        save_checkpoint(tmp_path, {"step": step})
    assert load_checkpoint(tmp_path) == {"step": 2}


def test_a_write_that_fails_half_way_leaves_the_old_one(tmp_path, monkeypatch):
    save_checkpoint(tmp_path, {"step": 1})

    def disk_full(_, stream):
        stream.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", disk_full)
    with pytest.raises(OSError, match="No space"):
        save_checkpoint(tmp_path, {"step": 2})
    monkeypatch.undo()
    assert load_checkpoint(tmp_path) == {"step": 1}
    save_checkpoint(tmp_path, {"step": 3})
    assert load_checkpoint(tmp_path) == {"step": 3} and len(list(tmp_path.iterdir())) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked processes")
def test_kill_9_while_saving_leaves_a_checkpoint_that_loads(tmp_path):
    root = Path(__file__).parents[2]
    path = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout.strip() == "loaded", run.stderr


def test_a_checkpoint_cannot_run_code(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "opened"), "w"))

    (tmp_path / NAME).write_bytes(pickle.dumps(Bomb(), protocol=2))
    with pytest.raises(pickle.UnpicklingError):
        load_checkpoint(tmp_path)
    assert not (tmp_path / "opened").exists()
