"""Starting worker processes: Ctrl-C in the middle of what they import is not theirs."""

from __future__ import annotations

import subprocess
import sys

import pytest

SLOW = """
import pathlib, time
here = pathlib.Path(__file__).parent
(here / "begun").touch()
time.sleep(1)
(here / "done").touch()
"""
INTERRUPTED = """
import os, pathlib, signal, sys, time
sys.path.insert(0, {folder!r})
from napari_cosynth.batch import pool

def wait_for(name):
    while not pathlib.Path({folder!r}, name).exists():
        time.sleep(0.01)

signal.signal(signal.SIGINT, signal.default_int_handler)  # off in the background of a script
pool._IMPORTED_ONCE = ("slow",)
pool.begin_importing()
wait_for("begun")
try:
    os.killpg(0, signal.SIGINT)
    time.sleep(60)
except KeyboardInterrupt:
    wait_for("done")
    print("once")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="workers import for themselves")
@pytest.mark.timeout(120)
def test_ctrl_c_does_not_reach_what_imports_for_all(tmp_path, monkeypatch):
    (tmp_path / "slow.py").write_text(SLOW)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    command = [sys.executable, "-c", INTERRUPTED.format(folder=str(tmp_path))]
    # A session of its own: the signal goes to all its processes, as from a terminal.
    done = subprocess.run(command, start_new_session=True, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout, done.stderr) == (0, "once\n", "")
