"""Damaged and hostile project files: refused with their reason; what can be read comes back."""

from __future__ import annotations

import io
import json
import random
import re
import shutil
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_cosynth import project_reading
from napari_cosynth.layout import Layout
from napari_cosynth.layouts.locked import Locked
from napari_cosynth.project import ProjectError, open_project, recover_project, save_project
from napari_cosynth.run_settings import RunSettings
from napari_cosynth.tile_files import write_tile


@pytest.fixture(scope="module")
def three(make_snapshot):
    return make_snapshot(3)


@pytest.fixture(scope="module")
def sound(three, tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("sound") / "p.cosynth"
    save_project(three, path)
    return path.read_bytes()


@pytest.fixture
def damaged(sound, tmp_path):
    """Write a project with members changed (None: left out), or given bytes instead."""

    path = tmp_path / "projects" / "p.cosynth"
    path.parent.mkdir()

    def write(change) -> Path:
        if isinstance(change, bytes):
            path.write_bytes(change)
            return path
        with zipfile.ZipFile(io.BytesIO(sound)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        change(members)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return path

    return write


def put(name, content):
    return lambda members: members.update({name: content})


def leave_out(name):
    return lambda members: members.pop(name)


def document(**changes):
    def change(members):
        members["project.json"] = json.dumps(json.loads(members["project.json"]) | changes).encode()

    return change


def record(**changes):
    def change(members):
        members["tile-002.json"] = json.dumps(json.loads(members["tile-002.json"]) | changes).encode()

    return change


def second_named(name):
    def change(members):
        data = json.loads(members["project.json"])
        data["tiles"][1]["record"] = name
        members["project.json"] = json.dumps(data).encode()

    return change


def png(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("change", "reason", "tiles"),
    [
        (leave_out("tile-002.png"), "tile 2 of 3 is lost: tile-002.png: is not there", [0, 2]),
        (leave_out("tile-002.json"), "tile 2 of 3 is lost: tile-002.json: cannot be read: is not in the file", [0, 2]),
        (put("tile-002.png", b"junk"), "tile-002.png: cannot be read as PNG", [0, 2]),
        (put("tile-002.png", png(np.zeros((64, 80, 3), np.uint8))), "tile-002.json: image beside it is not", [0, 2]),
        (put("tile-002-instances.png", png(np.zeros((64, 80), np.uint8))), "but uint16 was written", [0, 2]),
        (put("tile-002.json", b"{"), "tile-002.json: is not JSON", [0, 2]),
        (put("tile-002.json", b"\xff\xfe"), "tile-002.json: is not JSON", [0, 2]),
        (record(schema_version=7), "tile-002.json: has schema version 7", [0, 2]),
        (record(verdict="good"), "tile-002.json: .*verdict 'good'", [0, 2]),
        (record(nuclei=5), "tile-002.json: has no list of nuclei", [0, 2]),
        (leave_out("project.json"), "project.json is not in the file", [0, 1, 2]),
        (put("project.json", b"[" * 100_000), "project.json is not JSON", [0, 1, 2]),
        (put("project.json", b"[1]"), "project.json does not describe a project", [0, 1, 2]),
        (document(kind="other"), "project.json does not describe a project", [0, 1, 2]),
        (document(schema_version=99), "has schema version 99; .*up to 2: install a newer", [0, 1, 2]),
        (document(schema_version="1"), "has schema version 1;", [0, 1, 2]),
        (document(schema_version=-1), "has schema version -1, but not what belongs", [0, 1, 2]),
        (document(schema_version=0), "has schema version 0, but not what belongs", [0, 1, 2]),
        (document(tiles=7), "project.json is damaged: tiles", [0, 1, 2]),
        (document(settings={"seed": -1}), "project.json is damaged: settings.seed", [0, 1, 2]),
        (document(layout={"height": 7}), "a tile height of 7 px", [0, 1, 2]),
        (document(more=1), "project.json is damaged: more", [0, 1, 2]),
        (document(current="nowhere"), "the tile that was shown, nowhere, is not among", [0, 1, 2]),
        (document(active_class=40), "has the number 40", [0, 1, 2]),
        (document(locked=[[1.0, 2.0]]), "1 locked places hold no nucleus", [0, 1, 2]),
        (document(locked=[[1.0, float("nan")]]), "project.json is damaged: locked", [0, 1, 2]),
        (lambda m: document(tiles=2 * json.loads(m["project.json"])["tiles"])(m), "the same key", [0, 1, 2, 0, 1, 2]),
        # Hostile ones.
        (put("project.json", bytes(2**24 + 1)), "project.json would take 16 MB unpacked", [0, 1, 2]),
        (put("tile-002.png", bytes(2**24 + 1)), "tile-002.png: .*would take 16 MB unpacked", [0, 2]),
        (put("tile-002.png", png(np.zeros((9000, 9000), np.uint8))), "it is 9000 x 9000 px, but its tile", [0, 2]),
        (record(files={"image": "../secret.png"}), "names the image '../secret.png'", [0, 2]),
        (second_named("../secret.json"), "named '../secret.json'; a plain name", [0, 1, 2]),
        (second_named("/etc/passwd"), "named '/etc/passwd'; a plain name", [0, 1, 2]),
        (second_named("..\\secret.json"), "a plain name", [0, 1, 2]),
        (second_named("C:secret.json"), "a plain name", [0, 1, 2]),
        (second_named(".."), "a plain name", [0, 1, 2]),
    ],
)
def test_damage_is_told_and_the_rest_recovered(damaged, three, make_synthetic_tile, same, change, reason, tiles):
    path = damaged(change)
    # What an outside name would reach, were it followed.
    write_tile(make_synthetic_tile(5), path.parent.parent, "secret")
    before = sorted(path.parent.parent.rglob("*"))
    with pytest.raises(ProjectError, match=rf"^{path}: .*(?s:{reason}).*Recover the project"):
        open_project(path)
    opened = recover_project(path)
    assert any(re.search(reason, lost, re.DOTALL) for lost in opened.lost)
    assert [e.tile.request.seed for e in opened.snapshot.entries] == tiles
    assert sorted(path.parent.parent.rglob("*")) == before


def test_fields_of_the_document_are_recovered_each_on_its_own(damaged, three):
    opened = recover_project(damaged(document(settings={"seed": -1}))).snapshot
    assert (opened.layout, opened.prompt, opened.current) == (three.layout, three.prompt, three.current)
    assert opened.settings == RunSettings()
    opened = recover_project(damaged(leave_out("project.json"))).snapshot
    made = three.entries[-1].tile.request
    assert (opened.layout, opened.prompt) == (made.layout, made.prompt)
    assert [e.key for e in opened.entries] == [e.key for e in three.entries]


def test_members_with_outside_names_are_passed_over(damaged, three, same):
    path = damaged(lambda m: m.update({"../evil.txt": b"x", "/evil.txt": b"x", "..\\evil.txt": b"x"}))
    assert same(open_project(path).snapshot, three)
    assert same(recover_project(path).snapshot, three)
    assert [p.name for p in path.parent.iterdir()] == ["p.cosynth"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is no ZIP file"),
        (b"row,col,class\n", "is no ZIP file"),
        (b"PK\x03\x04" * 20, "is no ZIP file"),
        (lambda members: (members.clear(), members.update({"a.txt": b"x"})), "project.json is not in the file"),
    ],
)
def test_what_is_no_project(damaged, content, reason):
    path = damaged(content)
    with pytest.raises(ProjectError, match=f"{path}: .*{reason}"):
        open_project(path)
    with pytest.raises(ProjectError, match=f"{path}: nothing in it can be read"):
        recover_project(path)


@pytest.mark.parametrize("read", [open_project, recover_project])
@pytest.mark.parametrize(("name", "reason"), [("none.cosynth", "No such file"), ("folder", "Is a directory")])
def test_what_cannot_be_opened(tmp_path, read, name, reason):
    (tmp_path / "folder").mkdir()
    with pytest.raises(ProjectError, match=f"{name}: .*{reason}"):
        read(tmp_path / name)


def test_a_file_that_was_cut_off_gives_back_the_tiles_before_the_cut(damaged, sound, three):
    recovered = []
    for size in range(2000, len(sound), len(sound) // 20):
        path = damaged(sound[:size])
        with pytest.raises(ProjectError, match="is no ZIP file, or only a part of one"):
            open_project(path)
        opened = recover_project(path)
        recovered.append(len(opened.snapshot.entries))
        assert opened.snapshot.layout == three.layout
        assert len(opened.lost) + recovered[-1] == 3
    assert recovered == sorted(recovered) and recovered[0] == 0 and recovered[-1] == 3


def test_any_flipped_byte_is_noticed_or_makes_no_difference(damaged, sound, three, same):
    rng = random.Random(1)
    for _ in range(60):
        content = bytearray(sound)
        for _ in range(rng.choice([1, 1, 5])):
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path = damaged(bytes(content))
        try:
            assert same(open_project(path).snapshot, three)
        except ProjectError as error:
            assert "ecover" in str(error)
            try:
                opened = recover_project(path)
            except ProjectError:
                continue
            # A tile comes back as it was or not at all.
            there = {e.key: e.tile for e in opened.snapshot.entries}
            for entry in three.entries:
                if entry.key in there:
                    assert np.array_equal(there[entry.key].image, entry.tile.image)


def test_a_damaged_list_of_contents_loses_nothing(damaged, sound, three, same):
    at = sound.index(b"PK\x01\x02")
    path = damaged(sound[:at] + bytes(len(sound) - at))
    with pytest.raises(ProjectError):
        open_project(path)
    assert same(recover_project(path).snapshot, three)


def test_a_size_that_lies_unpacks_no_more_than_it_says(damaged, sound):
    # project.json as 1 GB of zeros that says it takes 10 bytes.
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = b"".join(packed.compress(bytes(2**20)) for _ in range(200)) + packed.flush()
    path = damaged(lambda m: (m.clear(), m.update({"project.json": b"0" * 10})))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("project.json", bomb)
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = content.index(signature) + offset
        content[at : at + 2] = zipfile.ZIP_DEFLATED.to_bytes(2, "little")
        content[at + 14 : at + 18] = (10).to_bytes(4, "little")
    path = damaged(bytes(content))
    for read in (open_project, recover_project):
        with pytest.raises(ProjectError, match="project.json (is damaged|would take)"):
            read(path)


def test_far_more_tiles_than_the_file_has_room_for(damaged, three, monkeypatch):
    monkeypatch.setattr(project_reading, "UNSUSPECTED", three.entries[0].tile.image.nbytes)
    monkeypatch.setattr(project_reading, "EXPANDS", 1)

    def many(members):
        tiles = json.loads(members["project.json"])["tiles"]
        document(tiles=[t | {"key": f"{t['key']}-{i}"} for i in range(9) for t in tiles])(members)

    path = damaged(many)
    with pytest.raises(ProjectError, match="far larger than their file"):
        open_project(path)
    assert 0 < len(recover_project(path).snapshot.entries) < 27


def test_the_first_version_is_brought_up_to_date(tmp_path, make_synthetic_tile, same):
    """Version 0 named tiles by their records alone, and kept of the settings only the seed."""
    tiles = [make_synthetic_tile(i) for i in range(2)]
    for i, tile in enumerate(tiles):
        write_tile(tile, tmp_path, f"gland-{i}")
    layout = Layout(centroids=[(1.5, 2.25)], classes=["connective"], height=64, width=64)
    old = {
        "kind": "napari-cosynth project",
        "schema_version": 0,
        "layout": layout.model_dump(mode="json"),
        "prompt": "Drüse",
        "seed": 12,
        "tiles": ["gland-0.json", "gland-1.json"],
    }
    with zipfile.ZipFile(tmp_path / "old.cosynth", "w") as archive:
        archive.writestr("project.json", json.dumps(old))
        for path in tmp_path.glob("gland-*"):
            archive.write(path, path.name)
    opened = open_project(tmp_path / "old.cosynth").snapshot
    assert (opened.layout, opened.prompt, opened.settings) == (layout, "Drüse", RunSettings(seed=12))
    assert [e.key for e in opened.entries] == ["gland-0", "gland-1"]
    assert all(np.array_equal(e.tile.image, t.image) for e, t in zip(opened.entries, tiles, strict=True))
    save_project(opened, tmp_path / "new.cosynth")
    assert same(open_project(tmp_path / "new.cosynth").snapshot, opened)


def test_a_project_from_before_nuclei_were_locked(damaged, three, same):
    def older(members):
        data = json.loads(members["project.json"])
        del data["locked"]
        members["project.json"] = json.dumps(data | {"schema_version": 1})

    opened = open_project(damaged(older)).snapshot
    assert opened.locked == Locked() and same(replace(opened, locked=three.locked), three)


def test_the_file_is_free_to_be_replaced_after_reading(damaged, sound, three):
    path = damaged(sound)
    open_project(path)
    recover_project(path)
    shutil.move(path, path.with_name("moved"))
    save_project(three, path)
