"""Folders and fsspec places behave alike."""

from __future__ import annotations

import uuid

import pytest

from napari_cosynth.batch.storage import Folder, Remote, StorageError, finished, open_storage

ENDINGS = (".png", "-instances.png", "-semantic.png", "-overlay.png", ".json")


@pytest.fixture(params=["folder", "file", "memory", "beside"])
def storage(request, tmp_path):
    """A folder, a file:// URL, memory, and a place whose files do not appear whole by themselves."""
    storage = {
        "folder": lambda: open_storage(tmp_path / "a b"),
        "file": lambda: open_storage(f"file://{tmp_path / 'c'}"),
        "memory": lambda: open_storage(f"memory://{uuid.uuid4().hex}"),
        "beside": lambda: Remote(f"file://{tmp_path}/d", "sftp"),
    }[request.param]()
    storage.ready()
    return storage


def test_what_is_written_is_listed_and_read(storage):
    assert storage.names() == set() and not storage.has("tiles/a.json")
    storage.write({"tiles/a.png": b"1", "tiles/a.json": b"2"})
    storage.write({"tiles/a.png": b"3"})
    assert storage.names() == {"a.png", "a.json"} and storage.has("tiles/a.json")
    assert (storage.read("tiles/a.png"), storage.read("tiles/a.json")) == (b"3", b"2")
    with pytest.raises(FileNotFoundError):
        storage.read("batch.json")
    storage.ready()
    assert storage.names() == {"a.png", "a.json"}


def test_a_data_set_written_in_its_folder_is_there_afterwards(storage):
    with storage.dataset() as folder:
        (folder / "coco").mkdir(parents=True)
        (folder / "coco" / "x.json").write_bytes(b"{}")
    assert storage.read("dataset/coco/x.json") == b"{}"


def test_a_tile_is_finished_when_all_its_files_are_there():
    names = {f"a{ending}" for ending in ENDINGS}
    assert finished(names, "a") and not finished(names, "b")
    assert not any(finished(names - {name}, "a") for name in names)


def test_what_a_killed_run_left_half_written_is_removed(tmp_path):
    storage = Folder(tmp_path)
    storage.ready()
    (tmp_path / "tiles" / ".a.png.123.part").write_bytes(b"half")
    storage.ready()
    assert storage.names() == set()


def test_memory_is_known_to_be_of_one_process():
    assert not open_storage("memory://x").shared
    assert open_storage("out").shared


def test_an_unknown_kind_of_place_is_refused(tmp_path):
    with pytest.raises(StorageError, match="nonsense://x: cannot be opened"):
        open_storage("nonsense://x")
