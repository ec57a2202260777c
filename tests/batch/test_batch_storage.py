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


@pytest.fixture(params=["memory", "beside"])
def remote(request, tmp_path):
    url = {"memory": f"memory://{uuid.uuid4().hex}", "beside": f"file://{tmp_path}/d"}[request.param]
    storage = Remote(url, request.param)
    storage.ready()
    return storage


def put(storage, *names, listed=None):
    """A data set of these files, with its list and manifest."""
    with storage.dataset() as folder:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(b"1")
        (folder / "SHA256SUMS").write_text("".join(f"00  {name}\n" for name in listed or names))
        (folder / "dataset.json").write_bytes(b"{}")


def test_a_remote_data_set_takes_the_place_of_the_former_one(remote):
    put(remote, "yolo/train/a.png", "yolo/train/b.png")
    remote.write({"dataset/notes.txt": b"of somebody else", "batch.json": b"{}"})
    put(remote, "yolo/train/b.png", "yolo/val/a.png")
    there = ("yolo/train/b.png", "yolo/val/a.png", "SHA256SUMS", "dataset.json", "notes.txt")
    assert all(remote.has(f"dataset/{name}") for name in there)
    assert not remote.has("dataset/yolo/train/a.png")


def test_a_list_of_files_outside_of_the_data_set_removes_nothing_there(remote):
    remote.write({"batch.json": b"{}"})
    put(remote, "a.png", listed=["../batch.json", "/batch.json", "a.png"])
    put(remote, "b.png")
    assert remote.has("batch.json") and not remote.has("dataset/a.png")


@pytest.mark.parametrize("writes", range(4))
def test_a_remote_data_set_cut_short_never_looks_finished_and_leaves_nothing_behind(remote, writes, monkeypatch):
    put(remote, "zoo/a.png", "coco/b.png")
    write, left = Remote.write, [writes]

    def killed(self, files):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        assert not self.has("dataset/dataset.json"), "it says that all is there before it is"
        write(self, files)

    with monkeypatch.context() as patch:
        patch.setattr(Remote, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            put(remote, "zoo/c.png", "coco/d.png")
    assert not remote.has("dataset/dataset.json")
    put(remote, "zoo/e.png")
    assert remote.has("dataset/dataset.json") and remote.has("dataset/zoo/e.png")
    former = ("zoo/a.png", "coco/b.png", "zoo/c.png", "coco/d.png")
    assert not any(remote.has(f"dataset/{name}") for name in former)


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
