"""A session comes back from its file as it was; a disturbed save leaves the file that was there."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_cosynth.classes import BUNDLED, NucleusClass, Taxonomy
from napari_cosynth.layout import Layout
from napari_cosynth.layouts.locked import Locked
from napari_cosynth.produced import produced_nuclei
from napari_cosynth.project import ProjectError, open_project, recover_project, save_project
from napari_cosynth.relabel import relabelled
from napari_cosynth.request import MAX_SEED, SynthesisRequest
from napari_cosynth.run_settings import RunSettings
from napari_cosynth.snapshot import Entry, Snapshot
from napari_cosynth.tile import SyntheticTile
from napari_cosynth.tile_files import read_tiles

OTHER = Taxonomy(
    classes=(
        NucleusClass(name="tumour", color="#112233", key="T"),
        NucleusClass(name="unspecified", color="#b0b0b0", key="U"),
    )
)
seeds = st.integers(0, MAX_SEED)
words = st.text(st.characters(codec="utf-8"), max_size=40)


@st.composite
def layouts(draw) -> Layout:
    taxonomy = draw(st.sampled_from([BUNDLED, OTHER]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    cells = rng.permutation(36)[: draw(st.integers(0, 36))]
    centroids = np.stack([cells // 6, cells % 6], axis=1) * 10 + rng.uniform(0, 8, (len(cells), 2))
    return Layout(
        centroids=centroids,
        class_ids=rng.integers(0, len(taxonomy), len(cells)),
        height=64,
        width=draw(st.sampled_from([64, 80])),
        um_per_px=draw(st.floats(0.01, 10)),
        taxonomy=taxonomy,
    )


@st.composite
def tiles(draw) -> SyntheticTile:
    layout = draw(layouts())
    size, n_classes = (layout.height, layout.width), len(layout.taxonomy)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    labels = np.array([0, 1, 7, 65535], np.int32)[: draw(st.integers(1, 4))]
    instances = rng.choice(labels, size).astype(np.int32)
    class_of = {int(i): int(rng.integers(n_classes)) for i in labels[1:]}
    return SyntheticTile(
        image=rng.integers(0, 256, (*size, 3), dtype=np.uint8),
        semantic=rng.integers(0, n_classes + 1, size, dtype=np.uint8),
        instances=instances,
        nuclei=produced_nuclei(instances, class_of, len(layout)),
        request=SynthesisRequest(
            layout=layout, prompt=draw(words), seed=draw(seeds), model=draw(words), model_hash="0"
        ),
        verdict=draw(st.sampled_from(["undecided", "accepted", "rejected"])),
        edited=draw(st.booleans()),
        training_distance=draw(st.none() | st.floats(0, 100)),
    )


@st.composite
def snapshots(draw) -> Snapshot:
    entries = tuple(Entry(f"{i:032x}", draw(tiles())) for i in range(draw(st.integers(0, 3))))
    layout = draw(layouts())
    guidance = st.none() | st.floats(0, 20)
    return Snapshot(
        layout=layout,
        prompt=draw(words),
        settings=RunSettings(
            quality=draw(st.sampled_from(["draft", "standard", "fine"])),
            seed=draw(seeds),
            seed_locked=draw(st.booleans()),
            guidance=draw(guidance),
            layout_guidance=draw(guidance),
            model=draw(st.none() | words),
        ),
        entries=entries,
        current=draw(st.sampled_from([None, *(entry.key for entry in entries)])),
        active_class=draw(st.integers(0, len(layout.taxonomy) - 1)),
        locked=Locked().with_points(layout, [i for i in range(len(layout)) if draw(st.booleans())]),
    )


@settings(max_examples=25)
@given(snapshots())
def test_any_session_comes_back_to_the_last_bit_and_saves_as_the_same_bytes(tmp_path_factory, same, snapshot):
    path = tmp_path_factory.mktemp("any") / "Drüse 腺.cosynth"
    save_project(snapshot, path)
    opened = open_project(path)
    assert opened.lost == ()
    assert same(opened.snapshot, snapshot)
    first = path.read_bytes()
    save_project(opened.snapshot, path)
    assert path.read_bytes() == first
    recovered = recover_project(path)
    assert recovered.lost == () and same(recovered.snapshot, snapshot)


def test_an_edited_tile_stays_edited_and_keeps_the_versions_that_made_it(make_snapshot, same, tmp_path):
    snapshot = make_snapshot(2)
    tile = replace(snapshot.entries[0].tile, versions={"napari-cosynth": "0.1", "torch": "1.0"})
    painted = tile.instances.copy()
    painted[:9, :9] = 65535
    edited = Entry("a", relabelled(tile, painted, 1))
    snapshot = replace(snapshot, entries=(edited, snapshot.entries[1]))
    save_project(snapshot, tmp_path / "p.cosynth")
    again = open_project(tmp_path / "p.cosynth").snapshot
    assert same(again, snapshot) and again.entries[0].tile.edited
    assert again.entries[0].tile.versions == {"napari-cosynth": "0.1", "torch": "1.0"}


def test_an_unpacked_project_is_a_folder_of_tiles(make_snapshot, tmp_path):
    snapshot = make_snapshot(3)
    save_project(snapshot, tmp_path / "p.cosynth")
    with zipfile.ZipFile(tmp_path / "p.cosynth") as archive:
        archive.extractall(tmp_path / "unpacked")
    unpacked = list(read_tiles(tmp_path / "unpacked"))
    assert [t.request for t in unpacked] == [e.tile.request for e in snapshot.entries]


def test_the_program_that_packed_it_does_not_matter(make_snapshot, same, tmp_path):
    snapshot = make_snapshot(2)
    save_project(snapshot, tmp_path / "p.cosynth")
    with (
        zipfile.ZipFile(tmp_path / "p.cosynth") as archive,
        zipfile.ZipFile(tmp_path / "q.cosynth", "w", zipfile.ZIP_BZIP2) as other,
    ):
        for name in sorted(archive.namelist(), reverse=True):
            other.writestr(name, archive.read(name))
    assert same(open_project(tmp_path / "q.cosynth").snapshot, snapshot)


def test_what_cannot_be_stored_is_refused_before_the_old_file_is_touched(make_snapshot, tmp_path):
    path = tmp_path / "p.cosynth"
    path.write_bytes(b"old")
    tile = make_snapshot(1).entries[0].tile
    beyond = np.where(tile.instances == 1, 70000, tile.instances).astype(np.int32)
    with pytest.raises(ProjectError, match=r"p.cosynth: label id 70000 does not fit.*unchanged"):
        save_project(Snapshot(entries=(Entry("a", replace(tile, instances=beyond)),)), path)
    assert path.read_bytes() == b"old" and [p.name for p in tmp_path.iterdir()] == ["p.cosynth"]


@pytest.mark.parametrize("name", ["missing/p.cosynth", "folder"])
def test_a_place_that_cannot_be_written(make_snapshot, tmp_path, name):
    (tmp_path / "folder").mkdir()
    with pytest.raises(ProjectError, match=f"{name}: .*; .*unchanged"):
        save_project(make_snapshot(1), tmp_path / name)
    assert [p.name for p in tmp_path.rglob("*")] == ["folder"]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 100 kB; where the tests may not mount one, they are skipped."""
    place = tmp_path / "disk"
    place.mkdir()
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(place)], check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting is not allowed here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_and_a_read_only_one(make_snapshot, same, small_disk):
    path = small_disk / "p.cosynth"
    save_project(make_snapshot(1), path)
    with pytest.raises(ProjectError, match=r"p.cosynth: No space left on device; free some space.*unchanged"):
        save_project(make_snapshot(8), path)
    assert [p.name for p in small_disk.iterdir()] == ["p.cosynth"]
    assert same(open_project(path).snapshot, make_snapshot(1))
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(ProjectError, match=r"p.cosynth: Read-only file system.*unchanged"):
        save_project(make_snapshot(1), path)
    assert same(open_project(path).snapshot, make_snapshot(1))


def test_a_disk_that_fails_at_the_end(make_snapshot, same, tmp_path, monkeypatch):
    path = tmp_path / "p.cosynth"
    save_project(make_snapshot(1), path)

    def fsync(descriptor):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fsync)
        with pytest.raises(ProjectError, match="Input/output error"):
            save_project(make_snapshot(2), path)
    assert [p.name for p in tmp_path.iterdir()] == ["p.cosynth"]
    assert same(open_project(path).snapshot, make_snapshot(1))


def _saved(snapshot: Snapshot, path, killed_at: int | None = None) -> tuple[bool, int]:
    """Save in a process that kills itself as it enters or leaves C code for the ``killed_at``-th time.

    Returns
    -------
    Whether it was killed, and how often it entered or left C code, 0 if it was.
    """
    ready, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        passed = 0

        def count(frame, event, argument):
            nonlocal passed
            if event in ("c_call", "c_return"):
                if passed == killed_at:
                    os.kill(os.getpid(), signal.SIGKILL)
                passed += 1

        try:
            sys.setprofile(count)
            save_project(snapshot, path)
            sys.setprofile(None)
            os.write(tell, str(passed).encode())
        finally:
            os._exit(0)
    os.close(tell)
    with open(ready) as told:
        passed = int(told.read() or 0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1]), passed


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_at_any_moment_of_saving_the_old_or_the_new_file_is_there(make_snapshot, same, tmp_path):
    path, old, new = tmp_path / "p.cosynth", make_snapshot(2), make_snapshot(3)
    save_project(old, path)
    killed, moments = _saved(new, path)
    assert not killed and same(open_project(path).snapshot, new)
    # The file is renamed within the last few calls.
    early = random.Random(0).sample(range(moments - 60), 10)
    states = []
    for moment in (*sorted(early), *range(moments - 60, moments, 2)):
        save_project(old, path)
        killed, _ = _saved(new, path, moment)
        opened = open_project(path).snapshot
        states.append("new" if same(opened, new) else "old")
        assert states[-1] == "new" or (killed and same(opened, old))
    assert set(states) == {"old", "new"} and states == sorted(states, reverse=True)
