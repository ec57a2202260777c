"""Tiles of a session and of a project export like those of a folder."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from napari_cosynth.export import FORMATS
from napari_cosynth.export.dataset import export
from napari_cosynth.export.exporter import ExportError
from napari_cosynth.export.session_tiles import project_tiles, snapshot_tiles
from napari_cosynth.project import ProjectError, save_project
from napari_cosynth.relabel import relabelled
from napari_cosynth.snapshot import Entry, Snapshot
from napari_cosynth.tile_files import TileFileError

KEYS = [key for key, exporter in FORMATS.items() if exporter.tile_size is None and exporter.classes is None]


@pytest.fixture(scope="module")
def session(make_snapshot) -> Snapshot:
    """An undecided tile, an edited one, an accepted and a rejected one."""
    snapshot = make_snapshot(4)
    tiles = [entry.tile for entry in snapshot.entries]
    painted = tiles[1].instances.copy()
    painted[painted == 1] = 0
    painted[:8, :8] = 500
    tiles[1] = relabelled(tiles[1], painted, 2)
    tiles[2], tiles[3] = tiles[2].with_verdict("accepted"), tiles[3].with_verdict("rejected")
    entries = tuple(Entry(e.key, tile) for e, tile in zip(snapshot.entries, tiles, strict=True))
    return replace(snapshot, entries=entries)


@pytest.fixture
def project(session, tmp_path):
    save_project(session, tmp_path / "Drüse.cosynth")
    return tmp_path / "Drüse.cosynth"


def test_every_format_takes_them_and_what_is_seen_comes_out(session, tmp_path):
    out = tmp_path / "out"
    *_, last = export(snapshot_tiles(session), KEYS, out)
    assert [(left.name, left.reason) for left in last.left_out] == [("tile-004", "verdict rejected")]
    manifest = json.loads((out / "dataset.json").read_text())
    assert [tile["name"] for tile in manifest["tiles"]] == ["tile-001", "tile-002", "tile-003"]
    assert [tile["edited"] for tile in manifest["tiles"]] == [False, True, False]
    seen = session.entries[1].tile.instances
    assert np.array_equal(np.array(Image.open(next(out.glob("folder/**/instances/tile-002.png")))), seen)


def test_a_session_and_its_file_come_to_the_same_data_set(session, project, tmp_path, content):
    list(export(snapshot_tiles(session), KEYS, tmp_path / "a"))
    list(export(project_tiles(project), KEYS, tmp_path / "b"))
    one, other = content(tmp_path / "a"), content(tmp_path / "b")
    # The fingerprints differ: a record in a file names its files.
    for files in (one, other):
        assert files.pop("dataset.json") and files.pop("SHA256SUMS") and files.pop("DATASHEET.md")
    assert one == other


def test_tiles_are_read_one_at_a_time(project, session):
    refs = project_tiles(project)
    assert [ref.name for ref in refs] == ["tile-001", "tile-002", "tile-003", "tile-004"]
    request, record = refs[2].record()
    assert request == session.entries[2].tile.request and record["verdict"] == "accepted"
    assert np.array_equal(refs[1].tile().instances, session.entries[1].tile.instances)


def test_a_damaged_tile_is_left_out_with_its_reason(project, tmp_path):
    damaged = tmp_path / "damaged.cosynth"
    with zipfile.ZipFile(project) as archive, zipfile.ZipFile(damaged, "w") as other:
        for name in archive.namelist():
            if name != "tile-003.png":
                other.writestr(name, b"junk" if name in ("tile-001.png", "tile-002.json") else archive.read(name))
    with pytest.raises(TileFileError, match="tile-003.png: is not there"):
        project_tiles(damaged)[2].tile()
    with pytest.raises(ExportError, match="tile-001.png: cannot be read as PNG"):
        list(export(project_tiles(damaged), ["coco"], tmp_path / "none"))


@pytest.mark.parametrize("name", ["../outside.json", "/outside.json"])
def test_nothing_outside_is_read(project, tmp_path, name):
    hostile = tmp_path / "hostile.cosynth"
    with zipfile.ZipFile(project) as archive, zipfile.ZipFile(hostile, "w") as other:
        document = json.loads(archive.read("project.json"))
        document["tiles"][0]["record"] = name
        other.writestr("project.json", json.dumps(document))
        other.writestr(name, archive.read("tile-001.json"))
    with pytest.raises(ProjectError, match=rf"{name}.*a plain name"):
        project_tiles(hostile)


def test_no_tiles_and_no_project(tmp_path):
    save_project(Snapshot(), tmp_path / "empty.cosynth")
    with pytest.raises(ProjectError, match=r"empty.cosynth: the project holds no tiles"):
        project_tiles(tmp_path / "empty.cosynth")
    with pytest.raises(ExportError, match="no tile is left"):
        list(export(snapshot_tiles(Snapshot()), ["coco"], tmp_path / "out"))
    (tmp_path / "a.cosynth").write_text("x")
    with pytest.raises(ProjectError, match="a.cosynth: cannot be opened as a project"):
        project_tiles(tmp_path / "a.cosynth")
