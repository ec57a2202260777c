"""CoSynthDock: the panels of a session beside napari's canvas.

It only puts together: values live in the session, runs in `Generate`, layers in
`Layers`. Opening it imports no torch; the model is loaded by the first run.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, QSize, Qt
from qtpy.QtWidgets import QFrame, QScrollArea, QSizePolicy, QTabWidget, QVBoxLayout, QWidget

from napari_cosynth.layouts.tissues import find_tissue, tissue_files
from napari_cosynth.resources import models_dir
from napari_cosynth.session import Session
from napari_cosynth.widgets.arrange.arranging import Arranging
from napari_cosynth.widgets.arrange.panel import ArrangePanel
from napari_cosynth.widgets.binding import Binding, Panels
from napari_cosynth.widgets.closing import ClosingWatch
from napari_cosynth.widgets.controls.fields import finish_typing
from napari_cosynth.widgets.controls.fold import Fold
from napari_cosynth.widgets.controls.messages import MessageBar
from napari_cosynth.widgets.controls.style import STYLE
from napari_cosynth.widgets.controls.tooltips import add_tooltips
from napari_cosynth.widgets.controls.window_keys import WindowKeys
from napari_cosynth.widgets.draw.canvas import CanvasPanel
from napari_cosynth.widgets.draw.palette import Palette
from napari_cosynth.widgets.draw.prompt import Prompt
from napari_cosynth.widgets.export.panel import ExportPanel
from napari_cosynth.widgets.gallery.panel import Gallery
from napari_cosynth.widgets.header import Header
from napari_cosynth.widgets.keeping.project_menu import ProjectMenu
from napari_cosynth.widgets.keeping.recover import Recover
from napari_cosynth.widgets.layers.layers import Layers
from napari_cosynth.widgets.layers.tools import LayerTools
from napari_cosynth.widgets.making.generate import Generate
from napari_cosynth.widgets.making.live import Live
from napari_cosynth.widgets.making.panel import RunPanel
from napari_cosynth.widgets.making.worker import Engine, Worker
from napari_cosynth.widgets.queue.panel import QueuePanel
from napari_cosynth.widgets.report.panel import Report
from napari_cosynth.widgets.work.background import Background
from napari_cosynth.widgets.work.turns import Turns

if TYPE_CHECKING:
    import napari

WIDTH = 320
"""Of the dock, px of the screen's logical resolution: leaves a 1366 px wide screen its canvas."""


TABS_HEIGHT = 250
"""Of the tabs at least, px: a row of cards and the verdict."""


class CoSynthDock(QWidget):
    """napari's dock widget "CoSynth".

    Parameters
    ----------
    napari_viewer
        The viewer whose layers show the session.
    session
        What to work on. If None, a new one, which begins as the last one that was closed.
    engine
        Makes tiles; `synthesis.make` if None.
    """

    def __init__(
        self,
        napari_viewer: napari.viewer.Viewer,
        session: Session | None = None,
        engine: Engine | None = None,
    ) -> None:
        super().__init__()
        self.setObjectName("cosynth")
        self.session = session or Session()
        self._viewer = napari_viewer
        self._closed = False

        self.messages = MessageBar()
        self._turns = Turns(self)
        self.worker = Worker(engine, self, self._turns)
        self.live = Live(self.session, self.worker, self)
        self.layers = Layers(napari_viewer, self.session, self._turns)
        self.worker.loading.connect(self.layers.prepare)
        self._background = Background(self)
        self._recover = Recover(self.session, self.messages, self._background, fresh=session is None, parent=self)
        self._project = ProjectMenu(self.session, self.layers.flush, self.messages, self._background, self._recover)
        palette = Palette(self.session.layout.taxonomy)
        self.panels = Panels(
            header=Header(self.session, self.layers.undo, self.layers.redo, [self._project, palette.total()]),
            palette=palette,
            prompt=Prompt(),
            canvas=CanvasPanel(),
            run=RunPanel(),
            gallery=Gallery(),
            report=Report(),
        )
        self._export = ExportPanel(self.session, flush=self.layers.flush)
        self.queue = QueuePanel(self.session)
        # What the user waits for goes before what runs in the background.
        self.worker.loading.connect(self.queue.hold)
        for ended in (self.worker.done, self.worker.failed, self.worker.cancelled):
            ended.connect(lambda *_: self.queue.go())
        self.arrange = ArrangePanel(
            {name: find_tissue(name) for name in tissue_files()}, structure=(models_dir() / "structure").is_dir()
        )
        self._tools = LayerTools(napari_viewer, self.layers)
        self._arrange()

        self.generate = Generate(
            self.session, self.worker, self.live, self.layers, self.messages, self.panels.run.setState, self
        )
        self.arranging = Arranging(self.session, self.arrange, self.layers, self.messages, self)
        self._binding = Binding(self.session, self.panels, self.layers, self.generate, self.messages)
        self.layers.project_opened.connect(self._on_project_opened)
        self.panels.report.placeAsked.connect(self._look_at)
        self._shortcuts()
        # What is made for a session comes into no other one.
        self._recover.leaving.connect(self.generate.cancel)
        self._recover.leaving.connect(self.queue.leave_session)
        self._recover.leaving.connect(self.layers.flush)
        self._recover.restored.connect(self.generate.show_tile)
        self._recover.begin()
        self._watch = ClosingWatch(self)
        self._watch.closing.connect(self.shutdown)
        self._background.run(_get_ready, lambda _nothing: None, lambda _error: None)

    def minimumSizeHint(self) -> QSize:
        """Wide enough for all that is in it."""
        return super().minimumSizeHint().expandedTo(QSize(WIDTH, 0))

    def shutdown(self) -> None:
        """End what runs, write the session and let go of the viewer. Comes by itself when the dock closes."""
        if self._closed:
            return
        self._closed = True
        # Each part has its turn, even if one before it stumbles; the last registered is the first.
        with ExitStack() as stack:
            stack.callback(self._background.close)
            stack.callback(self._recover.close)
            # Brings strokes in the masks to the session, before that is written for the last time.
            stack.callback(self.layers.close)
            stack.callback(self._tools.let_go)
            stack.callback(self._binding.close)
            stack.callback(self.arranging.close)
            stack.callback(self.live.close)
            stack.callback(self._export.stop_and_wait, 0)
            stack.callback(self.queue.close_batch, 0)
            stack.callback(self.worker.stop_and_wait, 0)
            stack.callback(self._turns.close)
            stack.callback(self._keys.close)

    def _arrange(self) -> None:
        panels = self.panels
        self._tabs = QTabWidget()
        self._tabs.setObjectName("tabs")
        self._tabs.setStyleSheet("QTabBar::tab { padding: 4px 2px; }")
        self._tabs.setUsesScrollButtons(False)
        # As high as the window leaves it; what it would like best is not asked, or a small screen would have to scroll.
        self._tabs.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        self._tabs.setMinimumHeight(TABS_HEIGHT)
        self._tabs.tabBar().setElideMode(Qt.TextElideMode.ElideRight)
        for name, widget in (
            ("Tiles", panels.gallery),
            ("Settings", _stacked(panels.run)),
            ("Canvas", _stacked(_tile_fold(panels.canvas, self._tools), self.arrange)),
            ("Report", panels.report),
            ("Queue", self.queue),
            ("Export", self._export),
        ):
            self._tabs.addTab(_scrolled(widget, margin=4), name)

        # Needed all the time, so always in sight: classes, prompt, Generate; the tabs have the rest of the height.
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(6, 2, 6, 2)
        column.setSpacing(6)
        for widget in (panels.header, panels.palette, panels.prompt, panels.run.action()):
            column.addWidget(widget)
        column.addWidget(self._tabs, 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(4)
        outer.addWidget(self.messages)
        outer.addWidget(_scrolled(inside), 1)
        add_tooltips(self)

    def _shortcuts(self) -> None:
        # The focus is on the canvas most of the time, and the dock may float in a window of its own.
        self._keys = WindowKeys(self)
        self._keys.add("Ctrl+Return", self._toggle)
        self._keys.add("Ctrl+Enter", self._toggle)
        self._keys.add("Esc", self.generate.cancel)
        # Esc belongs to others while there is nothing to cancel.
        self._keys.set_enabled("Esc", False)
        self.generate.runningChanged.connect(lambda running: self._keys.set_enabled("Esc", running))

    def _toggle(self) -> None:
        # A seed or size that is still being typed counts.
        finish_typing()
        self.generate.toggle()

    def _on_project_opened(self, path: str) -> None:
        self._project.open(Path(path))

    def _look_at(self, row: float, col: float) -> None:
        self._viewer.scene.camera.center = (row, col)


def _get_ready() -> None:
    """Import what the first nucleus needs, so that its click is not the one that waits."""
    import scipy.spatial  # noqa: F401


def _tile_fold(*widgets: QWidget) -> Fold:
    """What concerns the tile as a whole: seldom needed, so folded away."""
    fold = Fold("Size, turn, jitter", _stacked(*widgets))
    fold.heading().setObjectName("fold_canvas")
    fold.setStyleSheet(STYLE)
    return fold


def _stacked(*widgets: QWidget) -> QWidget:
    """Widgets one below the other, no higher than they need."""
    stack = QWidget()
    column = QVBoxLayout(stack)
    column.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        column.addWidget(widget)
    column.addStretch(1)
    return stack


class _Scrolled(QScrollArea):
    """Scrolls up and down alone, so it is never narrower than what is in it: a larger font makes the dock wider."""

    def minimumSizeHint(self) -> QSize:
        least = super().minimumSizeHint()
        if self.widget() is not None:
            least.setWidth(max(least.width(), self.widget().minimumSizeHint().width()))
        return least

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)


def _scrolled(widget: QWidget, margin: int = 0) -> QScrollArea:
    area = _Scrolled()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidgetResizable(True)
    widget.setContentsMargins(margin, margin, margin, margin)
    area.setWidget(widget)
    return area
