"""The project menu: a session as one file, or its layout alone. Files are read and written in the background."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QMenu, QPushButton, QWidget

from napari_cosynth.project import SUFFIX, Opened, open_project, recover_project, save_project
from napari_cosynth.session import Session
from napari_cosynth.snapshot import Snapshot
from napari_cosynth.widgets.controls.last_folder import last_folder, remember_folder
from napari_cosynth.widgets.controls.messages import Action, MessageBar
from napari_cosynth.widgets.controls.readable import sentence
from napari_cosynth.widgets.keeping.contents import contents, is_empty, same_contents
from napari_cosynth.widgets.keeping.layout_files import LayoutFiles
from napari_cosynth.widgets.keeping.recover import Recover
from napari_cosynth.widgets.work.background import Background

_FILES = f"CoSynth projects (*{SUFFIX})"
_TOPIC = "project"


class ProjectMenu(QPushButton):
    """New, open, save and save as; what goes wrong, and what needs a decision, comes as a message.

    Parameters
    ----------
    flush
        Brings to the session what the canvas still holds back.
    recover
        Keeps what an opened project replaces.
    """

    def __init__(
        self,
        session: Session,
        flush: Callable[[], None],
        messages: MessageBar,
        background: Background,
        recover: Recover,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._flush = flush
        self._session = session
        self._messages = messages
        self._background = background
        self._recover = recover
        self._path: Path | None = None
        self._saved = Snapshot()
        self._replaced = 0
        recover.restored.connect(self.forget)
        self.setObjectName("project")
        self.setText("Project \N{BLACK DOWN-POINTING SMALL TRIANGLE}")
        self.setAccessibleName("Project")
        # The arrow of the theme would lie on the text.
        self.setStyleSheet("QPushButton::menu-indicator { image: none; width: 0; }")
        menu = QMenu(self)
        menu.addAction("&New", lambda: self.new())
        menu.addAction("&Open...", lambda: self.askOpen())
        menu.addAction("Session &before", lambda: recover.bring_back())
        menu.addSeparator()
        menu.addAction("&Save", lambda: self.askSave())
        menu.addAction("Save &as...", lambda: self.askSaveAs())
        menu.addSeparator()
        self._layouts = LayoutFiles(session, flush, messages, background)
        menu.addAction("Open &layout...", lambda: self._layouts.ask_open(self))
        menu.addAction("Save la&yout as...", lambda: self._layouts.ask_save(self))
        self.setMenu(menu)

    def path(self) -> Path | None:
        """The file that Save writes; None before the first time."""
        return self._path

    def forget(self) -> None:
        """The session is another one now, and no file is its own."""
        self._path, self._saved = None, Snapshot()
        self._replaced += 1

    def new(self) -> None:
        """Begin an empty session on a tile of the same size, with the same settings; asks first, as `open` does."""
        self._ask_unless_saved("A new session", "Begin it", self._begin)

    def askOpen(self) -> None:
        """Let the user choose a project and open it."""
        name, _ = QFileDialog.getOpenFileName(self, "Open project", str(self._folder()), _FILES)
        if name:
            remember_folder("projects", Path(name))
            self.open(Path(name))

    def askSave(self, then: Callable[[], object] | None = None) -> None:
        """Save to the project's file, which the user chooses the first time; ``then`` follows if it was saved."""
        if self._path is None:
            self.askSaveAs(then)
        else:
            self.save(self._path, then)

    def askSaveAs(self, then: Callable[[], object] | None = None) -> None:
        """Let the user choose a file and save to it; ``then`` follows if it was saved."""
        suggested = str(self._path or self._folder() / f"session{SUFFIX}")
        name, _ = QFileDialog.getSaveFileName(self, "Save project", suggested, _FILES)
        if name:
            path = Path(name)
            remember_folder("projects", path)
            self.save(path if path.suffix else path.with_suffix(SUFFIX), then)

    def open(self, path: Path) -> None:
        """Open a project; asks first if the session holds what no project has."""
        self._ask_unless_saved(f"Opening {path.name}", "Open it", lambda: self._read(path))

    def save(self, path: Path, then: Callable[[], object] | None = None) -> None:
        """Save to a file; ``then`` follows if it was saved."""
        self._flush()
        snapshot, replaced = self._session.snapshot(), self._replaced

        def saved(_nothing: object) -> None:
            if replaced == self._replaced:  # else the file belongs to the session before
                self._path, self._saved = path, snapshot
            self._messages.tell(f"Saved as {path}.", topic=_TOPIC, kind="advice")
            if then is not None:
                then()

        self._messages.clear(_TOPIC)
        self._background.run(lambda: save_project(snapshot, path), saved, self._tell)

    def _ask_unless_saved(self, what: str, label: str, act: Callable[[], object]) -> None:
        self._flush()
        now = self._session.snapshot()
        if is_empty(now) or same_contents(now, self._saved):
            act()
            return
        since = f"changed since {self._path.name} was saved" if self._path else "not saved so far"
        self._messages.tell(
            f"{what} replaces {contents(now)}, {since}. Project > Session before would bring that back.",
            topic=_TOPIC,
            kind="advice",
            actions=[
                # What was changed while it was saved is asked about again.
                Action("Save first", lambda: self.askSave(lambda: self._ask_unless_saved(what, label, act))),
                Action(label, act),
            ],
        )

    def _begin(self) -> None:
        self._messages.clear(_TOPIC)
        now = self._session.snapshot()
        fresh = Snapshot(now.layout.without_points(), settings=now.settings, active_class=now.active_class)
        self._recover.replace(fresh)

    def _read(self, path: Path) -> None:
        self._messages.clear(_TOPIC)
        now = self._session.snapshot()
        self._background.run(
            lambda: open_project(path),
            lambda opened: self._on_read(opened, path, now, path),
            lambda error: self._offer_recovery(error, path),
        )

    def _read_damaged(self, path: Path) -> None:
        now = self._session.snapshot()
        # Not to be saved over the damaged file by mistake: the user names a new one.
        self._background.run(
            lambda: recover_project(path), lambda opened: self._on_read(opened, path, now, None), self._tell
        )

    def _on_read(self, opened: Opened, path: Path, before: Snapshot, file: Path | None) -> None:
        self._flush()
        if same_contents(self._session.snapshot(), before):
            self._take(opened, file)
        else:  # the user went on working while a large file was read
            self._ask_unless_saved(f"Opening {path.name} now", "Open it", lambda: self._take(opened, file))

    def _take(self, opened: Opened, file: Path | None) -> None:
        self._recover.replace(opened.snapshot)
        self._path, self._saved = file, opened.snapshot
        if opened.lost:
            # What to do comes first: a long list is cut.
            lost = sentence("; ".join(opened.lost))
            self._messages.tell(f"Recovered, but not all of it; save it as a new project. {lost}", topic=_TOPIC)

    def _offer_recovery(self, error: Exception, path: Path) -> None:
        actions = [Action("Recover", lambda: self._read_damaged(path))] if path.is_file() else []
        self._messages.tell(str(error), topic=_TOPIC, actions=actions)

    def _tell(self, error: Exception) -> None:
        self._messages.tell(str(error), topic=_TOPIC)

    def _folder(self) -> Path:
        return self._path.parent if self._path else last_folder("projects")
