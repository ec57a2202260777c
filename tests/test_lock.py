"""Who holds a file is known to all, and only while they do."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from napari_cosynth.lock import alone, hold, is_held

HOLDER = """
import sys, time
from pathlib import Path
from napari_cosynth.lock import hold
held = hold(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(600)
"""


class Busy(Exception):
    """What a caller says if somebody else is there."""


def test_what_is_held_cannot_be_held_again_until_it_is_closed(tmp_path):
    path = tmp_path / "lock"
    assert not is_held(path)
    with hold(path):
        assert is_held(path)
        with pytest.raises((BlockingIOError, PermissionError)):
            hold(path)
    assert not is_held(path)


def test_a_killed_process_holds_nothing(tmp_path):
    path = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLDER, path], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        assert is_held(path)
        with pytest.raises(Busy), alone(path, Busy()):
            pass
        process.kill()
    assert not is_held(path)
    with alone(path, Busy()):
        assert is_held(path)


def test_one_is_alone_and_nothing_is_left(tmp_path):
    path = tmp_path / "lock"
    with alone(path, Busy()):
        with pytest.raises(Busy), alone(path, Busy()):
            pass
        assert is_held(path)
    assert not path.exists()
    with pytest.raises(KeyError), alone(path, Busy()):
        raise KeyError
    assert not path.exists()


def test_of_many_at_once_never_two_are_alone(tmp_path):
    path, inside, most = tmp_path / "lock", [], []

    def enter(number):
        for _ in range(200):
            try:
                with alone(path, Busy()):
                    inside.append(number)
                    most.append(len(inside))
                    inside.remove(number)
            except Busy:
                pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(enter, range(8)))
    assert max(most) == 1 and not path.exists()


def test_a_folder_that_is_not_there_is_no_other_holder(tmp_path):
    with pytest.raises(FileNotFoundError), alone(tmp_path / "none" / "lock", Busy()):
        pass
