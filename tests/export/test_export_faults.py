"""Kills, full disks, read-only folders, folders of others, hostile names: by really doing it."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
from dataclasses import replace

import pytest

from napari_cosynth.export import FORMATS
from napari_cosynth.export.dataset import export
from napari_cosynth.export.exporter import ExportError
from napari_cosynth.export.plan import ExportOptions, folder_tiles
from napari_cosynth.export.target import Target

KEYS = [key for key, exporter in FORMATS.items() if exporter.tile_size is None]
OPTIONS = ExportOptions(split=(0.6, 0.2, 0.2))


@pytest.fixture(scope="module")
def whole(five_layouts, tmp_path_factory, content):
    """What an export that nothing disturbs comes to."""
    out = tmp_path_factory.mktemp("whole")
    list(export(folder_tiles(five_layouts), KEYS, out, OPTIONS))
    return content(out)


def _killed(folder, out, call: str, at: int) -> None:
    """Export in a process that kills itself with SIGKILL before its call number ``at`` of an ``os`` function."""
    pid = os.fork()
    if pid == 0:
        try:
            original, calls = getattr(os, call), iter(range(at))

            def deadly(*arguments, **keywords):
                if next(calls, None) is None:
                    os.kill(os.getpid(), signal.SIGKILL)
                return original(*arguments, **keywords)

            setattr(os, call, deadly)
            list(export(folder_tiles(folder), KEYS, out, OPTIONS))
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def _unfinished(out) -> list[str]:
    return [str(p) for p in out.rglob("*.part")]


# A tile has 11 files: 0 is the plan, 5 lies within the first tile, 47 and 109 in later ones, 122 is dataset.json.
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(("call", "at"), [("replace", 0), ("replace", 5), ("replace", 47), ("replace", 109),
                                          ("replace", 115), ("replace", 122), ("fsync", 8), ("fsync", 60)])  # fmt: skip
def test_killed_and_run_again_is_as_never_killed(five_layouts, tmp_path, whole, content, call, at):
    out = tmp_path / "out"
    _killed(five_layouts, out, call, at)
    assert not (out / "dataset.json").exists()
    list(export(folder_tiles(five_layouts), KEYS, out, OPTIONS))
    assert content(out) == whole


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_twice_with_a_torn_journal_and_a_lost_file(five_layouts, tmp_path, whole, content):
    out = tmp_path / "out"
    _killed(five_layouts, out, "replace", 60)
    journal = out / ".export/journal.jsonl"
    done = [json.loads(line) for line in journal.read_text().splitlines()]
    os.truncate(journal, journal.stat().st_size - 100)
    (out / next(iter(done[0]["files"]))).unlink()
    _killed(five_layouts, out, "replace", 40)
    list(export(folder_tiles(five_layouts), KEYS, out, OPTIONS))
    assert {k: v for k, v in content(out).items() if not k.endswith((".json", ".csv", "SUMS"))} == {
        k: v for k, v in whole.items() if not k.endswith((".json", ".csv", "SUMS"))
    }
    names = [tile["name"] for tile in json.loads((out / "dataset.json").read_text())["tiles"]]
    assert len(names) == len(set(names)) == 10


def test_killed_after_the_last_file(five_layouts, tmp_path, whole, content, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(Target, "close", lambda self: None)
        list(export(folder_tiles(five_layouts), KEYS, tmp_path, OPTIONS))
    list(export(folder_tiles(five_layouts), KEYS, tmp_path, OPTIONS))
    assert content(tmp_path) == whole


def test_finished_tiles_are_not_read_again(five_layouts, tmp_path):
    run = export(folder_tiles(five_layouts), ["coco"], tmp_path)
    for progress in run:
        if progress.stage == "tiles" and progress.done == 6:
            break
    run.close()
    read = []
    refs = [replace(r, tile=lambda r=r: read.append(r.name) or r.tile()) for r in folder_tiles(five_layouts)]
    for progress in export(refs, ["coco"], tmp_path):
        if progress.stage == "finishing":
            break
    assert len(read) == 4


def test_a_finished_export_stays_as_it_is(five_layouts, tmp_path):
    list(export(folder_tiles(five_layouts), ["coco"], tmp_path))
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    *_, last = export(folder_tiles(five_layouts), ["coco"], tmp_path)
    assert last.stage == "done"
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p in before} == before
    (tmp_path / "coco/train/gland 0-0.png").unlink()
    list(export(folder_tiles(five_layouts), ["coco"], tmp_path))
    assert (tmp_path / "coco/train/gland 0-0.png").is_file()


def test_a_tile_that_was_damaged_comes_in_after_its_repair(five_layouts, tmp_path, content):
    folder, out = shutil.copytree(five_layouts, tmp_path / "in"), tmp_path / "out"
    picture = folder / "gland 2-1.png"
    whole = picture.read_bytes()
    picture.write_bytes(whole[:200])
    for _ in range(2):  # the second one does not say that all is well
        *_, last = export(folder_tiles(folder), ["coco"], out)
        assert [left.name for left in last.left_out] == ["gland 2-1"]
        assert last.written == {"train": 9}
    picture.write_bytes(whole)
    *_, last = export(folder_tiles(folder), ["coco"], out)
    assert (last.left_out, last.written) == ((), {"train": 10})
    list(export(folder_tiles(five_layouts), ["coco"], tmp_path / "never damaged"))
    assert content(out) == content(tmp_path / "never damaged")


def test_the_very_same_export_is_written_again_when_asked(five_layouts, tmp_path, content):
    list(export(folder_tiles(five_layouts), ["coco"], tmp_path))
    before = content(tmp_path)
    (tmp_path / "coco/train/gland 0-0.png").write_bytes(b"changed")
    (tmp_path / "coco/train/notes.txt").write_text("mine")
    list(export(folder_tiles(five_layouts), ["coco"], tmp_path, overwrite=True, anew=True))
    after = content(tmp_path)
    assert after.pop("coco/train/notes.txt") == b"mine"
    assert after == before


@pytest.mark.parametrize("at", [0, 1, 4, 30, 112, 118])
def test_a_full_disk_leaves_nothing_half_written(five_layouts, tmp_path, whole, content, monkeypatch, at):
    out, calls, fsync = tmp_path / "out", iter(range(at)), os.fsync

    def full(descriptor):
        if next(calls, None) is None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError) as raised:
            list(export(folder_tiles(five_layouts), KEYS, out, OPTIONS))
    assert raised.value.errno == errno.ENOSPC
    assert str(out) in raised.value.filename
    assert _unfinished(out) == []
    list(export(folder_tiles(five_layouts), KEYS, out, OPTIONS))
    assert content(out) == whole


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 300 kB; where the tests may not mount one, they are skipped."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(place)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting is not allowed here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_small_disk_really_full_then_larger(five_layouts, small_disk, whole, content):
    with pytest.raises(OSError) as raised:
        list(export(folder_tiles(five_layouts), KEYS, small_disk / "out", OPTIONS))
    assert raised.value.errno == errno.ENOSPC
    assert _unfinished(small_disk) == []
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True)
    list(export(folder_tiles(five_layouts), KEYS, small_disk / "out", OPTIONS))
    assert content(small_disk / "out") == whole


def test_a_read_only_disk(five_layouts, small_disk):
    (small_disk / "out").mkdir()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(OSError) as raised:
        list(export(folder_tiles(five_layouts), ["coco"], small_disk / "out"))
    assert raised.value.errno == errno.EROFS
    assert str(small_disk / "out") in raised.value.filename


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(five_layouts, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        list(export(folder_tiles(five_layouts), ["coco"], tmp_path / "out"))
    tmp_path.chmod(0o700)


def test_a_target_that_is_a_file(five_layouts, tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(NotADirectoryError, match="out"):
        list(export(folder_tiles(five_layouts), ["coco"], tmp_path / "out", overwrite=True))
    assert (tmp_path / "out").read_text() == "mine"


@pytest.fixture
def others(tmp_path):
    """A folder of somebody else, with a file where one of ours would go."""
    out = tmp_path / "out"
    (out / "coco/train").mkdir(parents=True)
    (out / "thesis.txt").write_text("mine")
    (out / ".x.1.part").write_text("mine")
    (out / "coco/train/gland 0-0.png").write_text("mine")
    return out


def test_files_of_others_are_not_touched(five_layouts, others, content):
    before = content(others)
    with pytest.raises(ExportError, match=r"holds other files \(.*thesis.txt.*--overwrite"):
        list(export(folder_tiles(five_layouts), ["coco"], others))
    assert content(others) == before


def test_overwriting_replaces_same_names_alone(five_layouts, others, content):
    list(export(folder_tiles(five_layouts), ["coco"], others, overwrite=True))
    after = content(others)
    assert after["thesis.txt"] == after[".x.1.part"] == b"mine"
    assert after["coco/train/gland 0-0.png"] != b"mine"


def test_another_export_is_replaced_as_a_whole_but_only_when_asked(five_layouts, tmp_path, content, whole):
    list(export(folder_tiles(five_layouts), KEYS, tmp_path))
    (tmp_path / "coco/train/notes.txt").write_text("mine")
    with pytest.raises(ExportError, match="holds another export"):
        list(export(folder_tiles(five_layouts), KEYS, tmp_path, OPTIONS))
    list(export(folder_tiles(five_layouts), KEYS, tmp_path, OPTIONS, overwrite=True))
    after = content(tmp_path)
    assert after.pop("coco/train/notes.txt") == b"mine"
    assert after == whole


def test_an_unfinished_export_of_other_options_is_not_mixed_in(five_layouts, tmp_path, content, whole):
    run = export(folder_tiles(five_layouts), KEYS, tmp_path / "out")
    while next(run).stage != "tiles" or next(run).done < 4:
        pass
    run.close()
    with pytest.raises(ExportError, match="or one of other tiles or options"):
        list(export(folder_tiles(five_layouts), KEYS, tmp_path / "out", OPTIONS))
    list(export(folder_tiles(five_layouts), KEYS, tmp_path / "out", OPTIONS, overwrite=True))
    assert content(tmp_path / "out") == whole


def test_hostile_lists_of_former_files_remove_nothing_outside(five_layouts, tmp_path):
    out, mine = tmp_path / "out", tmp_path / "mine.txt"
    list(export(folder_tiles(five_layouts), ["coco"], out))
    mine.write_text("mine")
    with open(out / "SHA256SUMS", "a") as stream:
        stream.write(f"0  ../mine.txt\n0  {mine}\n0  coco/../../mine.txt\n")
    list(export(folder_tiles(five_layouts), ["yolo"], out, overwrite=True))
    assert mine.read_text() == "mine"


def test_hostile_names_stay_inside(five_layouts, tmp_path):
    names = ["../../outside", "/absolute", "..", "con", "a/b", "a:b", "Drüse 腺 1", "A:B", "x" * 400, "a\\b"]
    refs = [replace(ref, name=name) for ref, name in zip(folder_tiles(five_layouts), names, strict=True)]
    out = tmp_path / "deep/out"
    list(export(refs, KEYS, out))
    assert [p.name for p in tmp_path.iterdir()] == ["deep"]
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["out"]
    tiles = json.loads((out / "dataset.json").read_text())["tiles"]
    assert len({tile["name"].casefold() for tile in tiles}) == 10
    assert "Drüse 腺 1" in {tile["name"] for tile in tiles}
    assert {p.stem for p in (out / "coco/train").iterdir()} == {tile["name"] for tile in tiles}


def test_a_link_that_leads_outside_is_not_followed(five_layouts, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out/coco").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ExportError, match="lies outside"):
        list(export(folder_tiles(five_layouts), ["coco"], tmp_path / "out", overwrite=True))
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_tiles_that_were_changed_between_two_runs_are_another_export(five_layouts, tmp_path):
    folder = shutil.copytree(five_layouts, tmp_path / "in")
    list(export(folder_tiles(folder), ["coco"], tmp_path / "out"))
    for file in folder.glob("gland 4-1*"):
        file.unlink()
    with pytest.raises(ExportError, match="holds another export"):
        list(export(folder_tiles(folder), ["coco"], tmp_path / "out"))
