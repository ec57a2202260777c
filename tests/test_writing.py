from __future__ import annotations

import errno
import os
import re
import signal
import threading

import pytest

from napari_cosynth.writing import MAX_NAME, file_trouble, ready_folder, write_together, writing


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_all_files_are_written_and_nothing_else_stays(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    write_together({tmp_path / "a": b"1", tmp_path / "b": b"22"})
    assert names(tmp_path) == ["a", "b"]
    assert (tmp_path / "a").read_bytes() == b"1" and (tmp_path / "b").read_bytes() == b"22"


def test_a_full_disk_leaves_the_old_files_and_names_the_new_one(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"old")
    written = []

    def fsync(number):
        written.append(number)
        if len(written) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError) as caught:
        write_together({tmp_path / "a": b"1", tmp_path / "b": b"22"})
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(tmp_path / "b"))
    assert names(tmp_path) == ["a"] and (tmp_path / "a").read_bytes() == b"old"


def test_a_folder_in_a_file_s_place_is_told_before_anything_is_renamed(tmp_path):
    (tmp_path / "b").mkdir()
    with pytest.raises(IsADirectoryError, match="b"):
        write_together({tmp_path / "a": b"1", tmp_path / "b": b"22"})
    assert names(tmp_path) == ["b"]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        write_together({tmp_path / "missing" / "a": b""})
    assert caught.value.filename == str(tmp_path / "missing" / "a")


def test_an_interrupt_while_writing_leaves_no_trace(tmp_path, monkeypatch):
    def fsync(number):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(KeyboardInterrupt):
        write_together({tmp_path / "a": b"1"})
    assert names(tmp_path) == []


def test_an_interrupt_between_renames_waits_until_all_files_are_there(tmp_path, monkeypatch):
    # A suite that runs in the background inherits an ignored Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    replace, handler = os.replace, signal.getsignal(signal.SIGINT)

    def interrupted(source, target):
        signal.raise_signal(signal.SIGINT)
        replace(source, target)

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_together({tmp_path / "a": b"1", tmp_path / "b": b"22"})
    assert names(tmp_path) == ["a", "b"]
    assert signal.getsignal(signal.SIGINT) is handler
    signal.signal(signal.SIGINT, before)


def test_a_large_file_appears_at_the_end_or_not_at_all(tmp_path):
    path = tmp_path / "a"
    with writing(path) as stream:
        stream.write(b"old")
        assert not path.exists()
    with pytest.raises(KeyError), writing(path) as stream:
        stream.write(b"new")
        raise KeyError
    assert names(tmp_path) == ["a"] and path.read_bytes() == b"old"
    with pytest.raises(OSError) as caught, writing(path) as stream:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(path))


def test_threads_may_write_one_file(tmp_path):
    path, failures = tmp_path / "a", []

    def write(content):
        try:
            for _ in range(100):
                write_together({path: content})
                with writing(path) as stream:
                    stream.write(content)
        except OSError as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(content,)) for content in (b"1" * 1000, b"22")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == [] and names(tmp_path) == ["a"] and path.read_bytes() in (b"1" * 1000, b"22")


def test_a_name_may_be_as_long_as_names_can_be(tmp_path):
    write_together({tmp_path / ("a" * MAX_NAME): b"1"})
    with writing(tmp_path / ("b" * MAX_NAME)) as stream:
        stream.write(b"2")
    assert names(tmp_path) == ["a" * MAX_NAME, "b" * MAX_NAME]
    with pytest.raises(OSError) as caught:
        write_together({tmp_path / ("c" * (MAX_NAME + 1)): b"1"})
    assert "choose a shorter name" in file_trouble(caught.value)
    assert names(tmp_path) == ["a" * MAX_NAME, "b" * MAX_NAME]


@pytest.mark.parametrize("name", ["a", "a" * MAX_NAME, "a\nb"])
def test_what_a_kill_leaves_is_known_by_its_name(tmp_path, name):
    with writing(tmp_path / name):
        (part,) = names(tmp_path)
    # As `recovery`, `export.target` and `batch.storage` look for it.
    assert re.fullmatch(r"\..+\.\d+\.part", part)


def test_a_ready_folder_is_made_and_left_empty(tmp_path):
    ready_folder(tmp_path / "a" / "b")
    ready_folder(tmp_path / "a" / "b")
    assert names(tmp_path / "a" / "b") == []


def test_a_file_is_no_ready_folder(tmp_path):
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(OSError, match="a"):
        ready_folder(tmp_path / "a")
    with pytest.raises(OSError, match="a"):
        ready_folder(tmp_path / "a" / "b")
