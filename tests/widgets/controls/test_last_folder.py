"""File dialogs begin where the last file of the kind was chosen."""

from __future__ import annotations

from pathlib import Path

import pytest
from qtpy.QtWidgets import QFileDialog, QPushButton

from napari_cosynth.widgets.controls.last_folder import last_folder, remember_folder
from napari_cosynth.widgets.keeping.layout_files import LayoutFiles
from napari_cosynth.widgets.queue.places import Places


def test_each_kind_has_its_own_and_the_first_time_it_is_home(tmp_path):
    assert last_folder("plans") == last_folder("layouts") == Path.home()
    remember_folder("plans", tmp_path / "plan.toml")
    assert last_folder("plans") == tmp_path and last_folder("layouts") == Path.home()


def test_a_folder_that_is_gone_is_not_offered(tmp_path):
    (tmp_path / "gone").mkdir()
    remember_folder("exports", tmp_path / "gone" / "data")
    (tmp_path / "gone").rmdir()
    assert last_folder("exports") == Path.home()


@pytest.fixture
def chosen(tmp_path, monkeypatch):
    """Where each file dialog begins, in the order in which they come; all of them choose tmp_path / "mine"."""
    begun = []

    def ask(_parent, _title, begins, *_):
        begun.append(begins)
        return str(tmp_path / "mine"), ""

    for name in ("getOpenFileName", "getSaveFileName"):
        monkeypatch.setattr(QFileDialog, name, ask)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *args: ask(*args)[0])
    return begun


def test_the_next_window_looks_for_plans_and_folders_where_the_last_one_did(qtbot, tmp_path, chosen):
    for _ in range(2):
        places = Places(10)
        qtbot.addWidget(places)
        for name in ("choose_queue_plan", "choose_queue_folder"):
            places.setFolder("")
            places.findChild(QPushButton, name).click()
    assert chosen == [str(Path.home())] * 2 + [str(tmp_path)] * 2


def test_a_layout_is_saved_beside_the_one_that_was_opened(tmp_path, chosen, monkeypatch):
    files = LayoutFiles(None, None, None, None)
    for name in ("open", "save"):
        monkeypatch.setattr(files, name, lambda path: None)
    files.ask_open(None)
    files.ask_save(None)
    assert chosen == [str(Path.home()), str(tmp_path / "layout.csv")]
