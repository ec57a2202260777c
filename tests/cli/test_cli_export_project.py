"""`export` of a session that was saved in napari."""

from __future__ import annotations

import pytest

from napari_cosynth.data.dataset import read_dataset
from napari_cosynth.project import save_project
from napari_cosynth.snapshot import Snapshot


@pytest.fixture
def project(make_snapshot, tmp_path):
    save_project(make_snapshot(3), tmp_path / "gland 1.cosynth")
    return tmp_path / "gland 1.cosynth"


def test_a_project_becomes_a_data_set(cli, project, tmp_path):
    done = cli("export", project, "--format", "folder", "--out", "set")
    assert done.exit_code == 0, done.output
    assert "set: 3 tiles (train 3) as folder" in done.stdout
    assert [tile.name for tile in read_dataset(tmp_path / "set/folder", "train")] == [
        *("tile-001", "tile-002", "tile-003"),
    ]
    again = cli("export", project, "--format", "folder", "--out", "set")
    assert again.exit_code == 0, again.output


def test_what_is_no_project_is_told(cli, project, write_csv, tmp_path):
    save_project(Snapshot(), tmp_path / "empty.cosynth")
    (tmp_path / "cut.cosynth").write_bytes(project.read_bytes()[:3000])
    for name, message in (
        (write_csv("1,1,other"), "gland.csv: cannot be opened as a project"),
        ("empty.cosynth", "holds no tiles; generate some"),
        ("cut.cosynth", "only a part of one"),
        ("none.cosynth", "No such file"),
    ):
        done = cli("export", name, "--format", "coco", "--out", "set")
        assert done.exit_code == 2 and message in done.stderr, done.output
    done = cli("export", project, "--format", "coco", "--out", project)
    assert done.exit_code == 2 and "is the folder of the tiles themselves" in done.stderr
    assert not (tmp_path / "set").exists()
