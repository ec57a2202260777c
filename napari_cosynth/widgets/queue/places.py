"""Where a batch comes from and goes to: the plan's file, the folder, and how many tiles come into the gallery."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QFileDialog, QGridLayout, QLabel, QLineEdit, QPushButton, QWidget

from napari_cosynth.widgets.controls.fields import WholeNumber
from napari_cosynth.widgets.controls.last_folder import last_folder, remember_folder
from napari_cosynth.widgets.queue.arrivals import MOST


class Places(QWidget):
    """Edits the paths as text; nobody looks whether they are there.

    Parameters
    ----------
    most
        Tiles in the gallery, at first.
    """

    changed = Signal()
    """Plan or folder."""
    mostChanged = Signal(int)

    def __init__(self, most: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plan, self._folder = QLineEdit(objectName="queue_plan"), QLineEdit(objectName="queue_folder")
        self._find_plan = QPushButton("Choose...", objectName="choose_queue_plan")
        self._find_folder = QPushButton("Choose...", objectName="choose_queue_folder")
        self._most = WholeNumber(0, MOST)
        self._beside = ""
        self._arrange(most)
        for field in (self._plan, self._folder):
            field.textChanged.connect(self.changed)
        self._find_plan.clicked.connect(self._ask_plan)
        self._find_folder.clicked.connect(self._ask_folder)
        self._most.valueChanged.connect(self.mostChanged)

    def plan(self) -> str:
        """File of the plan; empty if none is chosen."""
        return _path(self._plan)

    def folder(self) -> str:
        """Folder of the batch; empty if none is chosen."""
        return _path(self._folder)

    def setPlan(self, file: str) -> None:
        """Choose a plan; where no folder is chosen, or that beside the plan before, one beside it is."""
        if file and self.folder() in ("", self._beside):
            with QSignalBlocker(self._folder):
                self._folder.setText(str(Path(file).with_suffix("")))
            self._beside = self.folder()
        self._plan.setText(file)

    def setFolder(self, folder: str) -> None:
        """Choose a folder."""
        self._folder.setText(folder)

    def lacking(self) -> str:
        """What is still to be chosen; empty if nothing is."""
        if not self.plan():
            return "Choose a plan, drop one here, or make one from this session"
        return "" if self.folder() else "Choose a folder for the tiles: a new one, or that of the same plan to go on"

    def _ask_plan(self) -> None:
        file, _ = QFileDialog.getOpenFileName(self, "Plan", self.plan() or str(last_folder("plans")), "Plans (*.toml)")
        if file:
            remember_folder("plans", Path(file))
            self.setPlan(file)

    def _ask_folder(self) -> None:
        begins = self.folder() or str(last_folder("batches"))
        folder = QFileDialog.getExistingDirectory(self, "Folder for the tiles", begins)
        if folder:
            remember_folder("batches", Path(folder))
            self.setFolder(folder)

    def _arrange(self, most: int) -> None:
        self._plan.setPlaceholderText("plan.toml")
        self._plan.setAccessibleName("File of the plan")
        self._folder.setPlaceholderText("folder, new or of this plan")
        self._folder.setAccessibleName("Folder for the tiles")
        self._most.setObjectName("queue_most")
        self._most.setAccessibleName("Newest tiles in the gallery")
        self._most.setSingleStep(50)
        self._most.setValue(most)
        self._most.setPrefix("the newest ")
        self._most.setSuffix(" tiles")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        grid.setColumnStretch(1, 1)
        rows = (("Plan", self._plan, self._find_plan), ("Folder", self._folder, self._find_folder))
        for row, (text, field, button) in enumerate(rows):
            for column, widget in enumerate((QLabel(text), field, button)):
                grid.addWidget(widget, row, column)
        grid.addWidget(QLabel("Gallery"), len(rows), 0)
        grid.addWidget(self._most, len(rows), 1, 1, 2)


def _path(field: QLineEdit) -> str:
    # A relative one begins in napari's working directory, which nobody sees.
    text = field.text().strip()
    return str(Path(text).expanduser().absolute()) if text else ""
