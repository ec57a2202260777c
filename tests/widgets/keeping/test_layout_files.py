"""Layouts come from files and go to files without a question; faults come as messages."""

from __future__ import annotations

import pytest

from napari_cosynth.layout_io import read_layout
from napari_cosynth.session import Session
from napari_cosynth.widgets.controls.messages import MessageBar
from napari_cosynth.widgets.keeping.layout_files import LayoutFiles
from napari_cosynth.widgets.work.background import Background

WAIT = 20_000


@pytest.fixture
def files(qtbot, make_layout):
    """Layout files over a session with nine nuclei on 64 px."""
    session, messages, background, flushed = Session(), MessageBar(), Background(), []
    qtbot.addWidget(messages)
    session.set_layout(make_layout(9, 64), "Add nuclei")
    files = LayoutFiles(session, lambda: flushed.append(1), messages, background)
    files.session, files.messages, files.flushed = session, messages, flushed
    yield files
    background.close()


def said(files, words):
    return any(words in text for text in files.messages.texts())


@pytest.mark.parametrize("name", ["nest.csv", "nest.geojson"])
def test_saved_and_opened_again_is_the_same_layout_and_one_step_of_undo(files, qtbot, tmp_path, name):
    layout = files.session.layout
    files.save(tmp_path / name)
    qtbot.waitUntil(lambda: said(files, "Layout saved as"), timeout=WAIT)
    assert files.flushed and read_layout(tmp_path / name, size=(64, 64)) == layout
    files.session.set_layout(layout.remove([0, 1]), "Delete nuclei")
    files.open(tmp_path / name)
    qtbot.waitUntil(lambda: files.session.layout == layout, timeout=WAIT)
    assert said(files, f"Opened {name}: 9 nuclei on 64 x 64 px")
    files.session.undo()
    assert len(files.session.layout) == 7


def test_the_tile_grows_to_the_points(files, qtbot, tmp_path):
    (tmp_path / "far.csv").write_text("row,col,class\n3,100,neoplastic\n")
    files.open(tmp_path / "far.csv")
    qtbot.waitUntil(lambda: len(files.session.layout) == 1, timeout=WAIT)
    assert (files.session.layout.height, files.session.layout.width) == (64, 112)
    assert said(files, "Opened far.csv: 1 nucleus on 64 x 112 px")


def test_points_beyond_the_largest_tile_are_told_with_what_can_be_done(files, qtbot, tmp_path):
    (tmp_path / "slide.csv").write_text("row,col,class\n400,1120,neoplastic\n")
    files.open(tmp_path / "slide.csv")
    qtbot.waitUntil(lambda: said(files, "1024 px is the largest side"), timeout=WAIT)
    assert said(files, "line 2, column col") and said(files, "split it") and not said(files, "larger tile")


@pytest.mark.parametrize(
    ("content", "words"), [("row,col,class\n1,2,blue\n", "line 2, column class"), ("\0", "binary"), ("", "empty")]
)
def test_a_file_that_is_no_layout_is_told_and_changes_nothing(files, qtbot, tmp_path, content, words):
    before = files.session.layout
    (tmp_path / "odd.csv").write_text(content)
    files.open(tmp_path / "odd.csv")
    qtbot.waitUntil(lambda: said(files, words), timeout=WAIT)
    assert said(files, "odd.csv") and files.session.layout == before


def test_a_place_that_cannot_be_written_is_told(files, qtbot, tmp_path):
    files.save(tmp_path / "no" / "layout.csv")
    qtbot.waitUntil(lambda: said(files, "layout.csv"), timeout=WAIT)
