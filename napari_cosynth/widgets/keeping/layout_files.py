"""Layout files from the dock's menu: without napari's question which plugin shall open a .csv file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QWidget

from napari_cosynth.layer_data import layout_of_points
from napari_cosynth.layout import Layout
from napari_cosynth.layout_io import SUFFIXES, read_layout, write_layout
from napari_cosynth.points import MAX_SIDE
from napari_cosynth.session import Session
from napari_cosynth.widgets.controls.last_folder import last_folder, remember_folder
from napari_cosynth.widgets.controls.messages import MessageBar
from napari_cosynth.widgets.controls.readable import sentence
from napari_cosynth.widgets.tile_facts import layout_opened
from napari_cosynth.widgets.work.background import Background
from napari_cosynth.writing import file_trouble

_FILES = f"Layouts ({' '.join(f'*{suffix}' for suffix in SUFFIXES)})"
_TOPIC = "layout"


class LayoutFiles:
    """Opens a layout into the session, and saves the session's.

    Parameters
    ----------
    flush
        Brings to the session what the canvas still holds back.
    """

    def __init__(
        self, session: Session, flush: Callable[[], None], messages: MessageBar, background: Background
    ) -> None:
        self._session = session
        self._flush = flush
        self._messages = messages
        self._background = background

    def ask_open(self, parent: QWidget) -> None:
        """Let the user choose a file and open it."""
        name, _ = QFileDialog.getOpenFileName(parent, "Open layout", str(last_folder("layouts")), _FILES)
        if name:
            remember_folder("layouts", Path(name))
            self.open(Path(name))

    def ask_save(self, parent: QWidget) -> None:
        """Let the user choose a file and save to it."""
        suggested = str(last_folder("layouts") / "layout.csv")
        name, _ = QFileDialog.getSaveFileName(parent, "Save layout", suggested, _FILES)
        if name:
            path = Path(name)
            remember_folder("layouts", path)
            self.save(path if path.suffix else path.with_suffix(SUFFIXES[0]))

    def open(self, path: Path) -> None:
        """Open a ``.csv`` or QuPath ``.geojson`` file: one step of undo. The tile grows where points lie beyond it."""
        taxonomy = self._session.layout.taxonomy
        self._messages.clear(_TOPIC)
        self._background.run(
            # The file does not say how large its tile is.
            lambda: read_layout(path, size=(MAX_SIDE, MAX_SIDE), taxonomy=taxonomy),
            lambda read: self._take(read, path),
            self._tell,
        )

    def save(self, path: Path) -> None:
        """Save the session's layout; the suffix says in which format."""
        self._flush()
        layout = self._session.layout
        self._messages.clear(_TOPIC)
        self._background.run(
            lambda: write_layout(layout, path),
            lambda _nothing: self._messages.tell(f"Layout saved as {path}.", topic=_TOPIC, kind="advice"),
            self._tell,
        )

    def _take(self, read: Layout, path: Path) -> None:
        before = self._session.layout
        layout = layout_of_points(
            read.centroids,
            read.names,
            preferred=(before.height, before.width),
            um_per_px=before.um_per_px,
            taxonomy=read.taxonomy,
        )
        self._session.edit(f"Open {path.name}", layout=layout)
        self._messages.tell(layout_opened(path.name, layout), topic=_TOPIC, kind="advice")

    def _tell(self, error: Exception) -> None:
        said = file_trouble(error) if isinstance(error, OSError) else str(error)
        self._messages.tell(sentence(said), topic=_TOPIC)
