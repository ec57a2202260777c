"""Export panel: choose, see what will come, write in a thread, cancel, go on; errors stand in the panel."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit, QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_cosynth.data.dataset import read_dataset
from napari_cosynth.session import Session
from napari_cosynth.widgets.controls.titled_list import TitledList
from napari_cosynth.widgets.export.choice import ExportChoice
from napari_cosynth.widgets.export.panel import ExportPanel
from napari_cosynth.widgets.export.worker import session_tiles

WAIT = 30000


@pytest.fixture
def session(make_layout, make_made_tile):
    """Five tiles of 64 px: the last one is rejected."""
    session = Session()
    for i in range(5):
        session.add_tile(make_made_tile(make_layout(16, 64, seed=i, scattered=True), seed=i))
    session.decide(session.entries[-1].key, "rejected")
    return session


@pytest.fixture
def make_panel(qtbot):
    made = []

    def make(session, **options) -> ExportPanel:
        panel = ExportPanel(session, **options)
        qtbot.addWidget(panel)
        panel.resize(320, 900)
        panel.show()
        qtbot.waitExposed(panel)
        made.append(panel)
        # Formats are imported in a thread the first time.
        qtbot.waitUntil(lambda: part(panel, QCheckBox, "format_coco") is not None, timeout=WAIT)
        return panel

    yield make
    assert all(panel.stop_and_wait(WAIT) for panel in made)


@pytest.fixture
def panel(make_panel, session):
    return make_panel(session)


def part(panel, kind, name):
    return panel.findChild(kind, name)


def said(panel) -> str:
    return part(panel, QLabel, "export_summary").text().replace("\u200b", "")


def click(qtbot, panel, name: str) -> None:
    qtbot.mouseClick(part(panel, QPushButton, name), Qt.MouseButton.LeftButton)


def tick(qtbot, panel, name: str) -> None:
    qtbot.keyClick(part(panel, QCheckBox, name), Qt.Key.Key_Space)


def in_folder(panel, folder) -> None:
    panel.setValue(replace(panel.value(), folder=str(folder)))


def exported(qtbot, panel) -> None:
    with qtbot.waitSignal(panel.exported, timeout=WAIT):
        click(qtbot, panel, "export")


def test_the_button_says_why_it_is_disabled(qtbot, make_panel, session, tmp_path):
    empty = make_panel(Session())
    button = part(empty, QPushButton, "export")
    assert not button.isEnabled() and "no tiles yet" in button.toolTip()
    panel = make_panel(session)
    button = part(panel, QPushButton, "export")
    assert not button.isEnabled() and "folder" in button.toolTip()
    tick(qtbot, panel, "format_folder")
    assert "Choose a format" in button.toolTip() and said(panel) == "Choose a format"
    tick(qtbot, panel, "format_coco")
    part(panel, QLineEdit, "export_folder").setFocus()
    qtbot.keyClicks(part(panel, QLineEdit, "export_folder"), str(tmp_path / "set"))
    assert button.isEnabled() and panel.value() == ExportChoice(formats=("coco",), folder=str(tmp_path / "set"))


def test_the_plan_is_shown_before_anything_is_written(qtbot, panel, session, tmp_path):
    in_folder(panel, tmp_path / "set")
    qtbot.waitUntil(lambda: said(panel) == "4 tiles of 4 layouts: train 4", timeout=WAIT)
    assert part(panel, TitledList, "left_out").lines() == ("tile-005: verdict rejected",)
    tick(qtbot, panel, "split")
    qtbot.waitUntil(lambda: "val 1, test 1" in said(panel), timeout=WAIT)
    tick(qtbot, panel, "take_rejected")
    qtbot.waitUntil(lambda: said(panel).startswith("5 tiles"), timeout=WAIT)
    assert part(panel, TitledList, "left_out").lines() == ()
    session.remove(session.entries[0].key)
    qtbot.waitUntil(lambda: said(panel).startswith("4 tiles"), timeout=WAIT)
    assert not (tmp_path / "set").exists()


def test_what_a_plan_cannot_do_is_said_and_disables(qtbot, panel, session, tmp_path):
    in_folder(panel, tmp_path)
    for entry in session.entries[1:3]:
        session.decide(entry.key, "rejected")
    panel.setValue(replace(panel.value(), split=(50, 25, 25)))
    qtbot.waitUntil(lambda: "2 layouts cannot fill 3 sets" in said(panel), timeout=WAIT)
    assert not part(panel, QPushButton, "export").isEnabled()
    panel.setValue(replace(panel.value(), split=(50, 50, 0)))
    qtbot.waitUntil(lambda: "train 1, val 1" in said(panel), timeout=WAIT)
    assert part(panel, QPushButton, "export").isEnabled()


def test_a_data_set_as_the_command_line_writes_it(qtbot, panel, session, tmp_path):
    in_folder(panel, tmp_path / "set")
    tick(qtbot, panel, "format_coco")
    exported(qtbot, panel)
    assert "Written: 4 tiles as folder, coco" in said(panel)
    assert part(panel, TitledList, "left_out").lines() == ("tile-005: verdict rejected",)
    assert part(panel, QPushButton, "show_export_folder").isVisible()
    names = {p.name for p in (tmp_path / "set").iterdir()}
    assert names == {"DATASHEET.md", "SHA256SUMS", "coco", "contact-sheet.png", "dataset.json", "folder"}
    tiles = list(read_dataset(tmp_path / "set/folder", "train"))
    assert (tiles[0].image == session.entries[0].tile.image).all()
    exported(qtbot, panel)
    assert "Written: 4 tiles" in said(panel), "once more: it is there already"


def test_an_edited_tile_is_exported_as_it_is_seen(qtbot, panel, session, tmp_path):
    entry = session.entries[1]
    instances = entry.tile.instances.copy()
    instances[instances == 3] = 0
    session.edit_labels(entry.key, instances)
    in_folder(panel, tmp_path / "set")
    exported(qtbot, panel)
    tiles = {tile.name: tile for tile in read_dataset(tmp_path / "set/folder", "train")}
    assert ((tiles["tile-002"].instances > 0) == (instances > 0)).all()


def test_class_tables_can_be_changed(qtbot, panel, tmp_path):
    in_folder(panel, tmp_path / "set")
    tick(qtbot, panel, "format_hovernet")
    assert "choose what stands for it" in said(panel)
    for name in ("positive", "negative"):
        field = part(panel, QComboBox, f"classes_hovernet_{name}")
        field.setFocus()
        qtbot.keyClick(field, Qt.Key.Key_End)
    qtbot.waitUntil(lambda: said(panel).startswith("4 tiles"), timeout=WAIT)
    exported(qtbot, panel)
    sheet = (tmp_path / "set/DATASHEET.md").read_text()
    assert "| positive | endothelial |" in sheet and "| neoplastic | malignant epithelial |" in sheet


def test_other_files_are_touched_only_when_asked(qtbot, panel, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    in_folder(panel, tmp_path)
    click(qtbot, panel, "export")
    yes = part(panel, QPushButton, "export_anyway")
    qtbot.waitUntil(yes.isVisible, timeout=WAIT)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]
    with qtbot.waitSignal(panel.exported, timeout=WAIT):
        qtbot.mouseClick(yes, Qt.MouseButton.LeftButton)
    assert not yes.isVisible() and (tmp_path / "thesis.txt").read_text() == "mine"
    tick(qtbot, panel, "take_rejected")
    click(qtbot, panel, "export")
    qtbot.waitUntil(yes.isVisible, timeout=WAIT)
    assert yes.text() == "Replace it"
    panel.setValue(replace(panel.value(), folder=str(tmp_path / "elsewhere")))
    assert not yes.isVisible(), "another folder, another question"


def test_formats_are_imported_beside_the_gui(qtbot, session, monkeypatch):
    from napari_cosynth.widgets.export import panel as export

    go, came = threading.Event(), []

    def import_formats():
        came.append(threading.current_thread())
        go.wait(20)
        yield

    monkeypatch.setattr(export, "formats_are_there", lambda: False)
    monkeypatch.setattr(export, "import_formats", import_formats)
    panel = ExportPanel(session)
    qtbot.addWidget(panel)
    panel.show()
    qtbot.waitUntil(lambda: bool(came), timeout=WAIT)
    assert came[0] is not threading.main_thread() and said(panel) == "One moment..."
    go.set()
    qtbot.waitUntil(lambda: part(panel, QCheckBox, "format_coco") is not None, timeout=WAIT)
    assert panel.stop_and_wait(WAIT)


class Slow:
    """Tiles whose pictures wait until they are let go; or that fail."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.go, self.error, self.read = threading.Event(), error, 0

    def __call__(self, snapshot):
        def tile(ref):
            self.read += 1
            if self.error is not None:
                raise self.error
            if self.read > 2:
                self.go.wait(20)
            return ref.tile()

        return [replace(ref, tile=lambda ref=ref: tile(ref)) for ref in session_tiles(snapshot)]


def test_cancelled_it_goes_on_where_it_stopped(qtbot, make_panel, session, tmp_path):
    slow = Slow()
    panel = make_panel(session, tiles=slow)
    in_folder(panel, tmp_path / "set")
    click(qtbot, panel, "export")
    bar = part(panel, QProgressBar, "export_progress")
    qtbot.waitUntil(lambda: slow.read == 3, timeout=WAIT)
    assert bar.isVisible() and not part(panel, QPushButton, "export").isEnabled()
    assert not part(panel, QWidget, "format_coco").isEnabled(), "what is being written cannot be changed meanwhile"
    click(qtbot, panel, "cancel_export")
    assert panel.running(), "cancelling does not wait for the thread"
    slow.go.set()
    qtbot.waitUntil(lambda: not panel.running(), timeout=WAIT)
    assert said(panel).startswith("Stopped") and not bar.isVisible()
    assert not (tmp_path / "set/dataset.json").exists()
    slow.read = -100
    exported(qtbot, panel)
    assert len(list(read_dataset(tmp_path / "set/folder", "train"))) == 4


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("a swallowed one"), "a swallowed one"),
        (OSError(28, "No space left on device", "x.png"), "free some space"),
        (MemoryError(), "Not enough memory"),
    ],
)
def test_errors_arrive_and_the_panel_stays_usable(qtbot, make_panel, session, tmp_path, error, words):
    slow = Slow(error)
    panel = make_panel(session, tiles=slow)
    in_folder(panel, tmp_path / "set")
    click(qtbot, panel, "export")
    qtbot.waitUntil(lambda: not panel.running(), timeout=WAIT)
    assert words in said(panel)
    assert not part(panel, QProgressBar, "export_progress").isVisible()
    slow.error, slow.read = None, -100
    exported(qtbot, panel)


def test_a_file_in_place_of_the_folder(qtbot, panel, tmp_path):
    (tmp_path / "file").write_text("")
    in_folder(panel, tmp_path / "file")
    click(qtbot, panel, "export")
    qtbot.waitUntil(lambda: "a folder is needed, not a file. No tile was written" in said(panel), timeout=WAIT)


def test_an_error_after_some_tiles_says_that_it_goes_on(qtbot, make_panel, session, tmp_path):
    failing = OSError(28, "No space left on device", "x.png")

    def tiles(snapshot):
        def tile(ref):
            if ref is refs[2] and (tmp_path / "set").exists():
                raise failing
            return ref.tile()

        refs = session_tiles(snapshot)
        return [replace(ref, tile=lambda ref=ref: tile(ref)) for ref in refs]

    panel = make_panel(session, tiles=tiles)
    in_folder(panel, tmp_path / "set")
    click(qtbot, panel, "export")
    qtbot.waitUntil(lambda: "No space left" in said(panel), timeout=WAIT)
    assert "What is there is whole; Export goes on where it stopped" in said(panel)


def test_a_relative_folder_is_told_in_full(qtbot, panel, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    in_folder(panel, "relative/set")
    qtbot.waitUntil(lambda: said(panel).endswith(f"train 4. Folder: {tmp_path / 'relative/set'}"), timeout=WAIT)
    with qtbot.waitSignal(panel.exported, timeout=WAIT) as done:
        click(qtbot, panel, "export")
    assert done.args == [str(tmp_path / "relative/set")]
    assert f"to {tmp_path / 'relative/set'}. " in said(panel)
    assert (tmp_path / "relative/set/dataset.json").is_file()


def test_the_value_is_one(qtbot, panel):
    came = []
    panel.valueChanged.connect(came.append)
    choice = ExportChoice(formats=("coco",), verdicts=("accepted",), placed=90, split=(60, 20, 20), folder="x")
    panel.setValue(choice)
    panel.setValue(choice)
    assert came == [choice] and panel.value() == choice
    assert part(panel, QCheckBox, "format_coco").isChecked() and not part(panel, QCheckBox, "format_folder").isChecked()
    assert panel.minimumSizeHint().width() <= 310


def test_accepted_tiles_alone_are_taken_once_there_is_one(qtbot, panel, session):
    first, second, *_ = (entry.key for entry in session.entries)
    assert panel.value().verdicts == ("accepted", "undecided")
    session.decide(first, "accepted")
    assert panel.value().verdicts == ("accepted",)
    assert not part(panel, QCheckBox, "take_undecided").isChecked()
    qtbot.waitUntil(lambda: said(panel).startswith("1 tile"), timeout=WAIT)
    session.decide(first, "undecided")
    assert panel.value().verdicts == ("accepted", "undecided")
    assert part(panel, QCheckBox, "take_undecided").isChecked()


def test_verdicts_that_the_user_chose_stay(qtbot, panel, session):
    session.decide(session.entries[0].key, "accepted")
    tick(qtbot, panel, "take_undecided")
    session.decide(session.entries[1].key, "accepted")
    session.decide(session.entries[0].key, "rejected")
    assert panel.value().verdicts == ("accepted", "undecided")
    tick(qtbot, panel, "take_undecided")
    session.decide(session.entries[1].key, "rejected")
    assert panel.value().verdicts == ("accepted",)


def test_other_choices_leave_the_verdicts_to_the_tiles(make_panel, session, tmp_path):
    session.decide(session.entries[0].key, "accepted")
    panel = make_panel(session)
    in_folder(panel, tmp_path / "set")
    assert panel.value().verdicts == ("accepted",)
    session.decide(session.entries[0].key, "rejected")
    assert panel.value() == ExportChoice(folder=str(tmp_path / "set"))


def test_hidden_it_plans_nothing_and_needs_no_formats(qtbot, session, tmp_path):
    read = []
    panel = ExportPanel(session, tiles=lambda snapshot: read.append(1) or session_tiles(snapshot))
    qtbot.addWidget(panel)
    panel.setValue(ExportChoice(folder=str(tmp_path / "set")))
    session.remove(session.entries[0].key)
    qtbot.wait(600)
    assert read == [] and part(panel, QCheckBox, "format_coco") is None
    panel.show()
    qtbot.waitUntil(lambda: said(panel).startswith("3 tiles"), timeout=WAIT)
    assert panel.stop_and_wait(WAIT)


def test_stopped_for_good_it_no_longer_hears_the_session(qtbot, session, tmp_path):
    read = []
    panel = ExportPanel(session, tiles=lambda snapshot: read.append(1) or session_tiles(snapshot))
    qtbot.addWidget(panel)
    assert len(session.entries_changed) == 1
    assert panel.stop_and_wait(WAIT) and panel.stop_and_wait(WAIT)
    assert len(session.entries_changed) == 0
    session.remove(session.entries[0].key)
    assert read == []


def test_tab_comes_to_the_choices_before_the_button(qtbot, make_panel, session, tmp_path):
    window = QWidget()
    column = QVBoxLayout(window)
    column.addWidget(QLineEdit(objectName="above"))
    qtbot.addWidget(window)
    window.show()
    panel = make_panel(session, parent=window)
    panel.window_ = window  # lives as long
    in_folder(panel, tmp_path / "set")
    tick(qtbot, panel, "format_hovernet")
    places, widget = [], window
    while (widget := widget.nextInFocusChain()) != window:
        places.append(widget.objectName())
    order = ["above", "format_folder", "take_accepted", "classes_hovernet_neoplastic", "export_folder", "export"]
    assert sorted(order, key=places.index) == order
