"""A quick engine without a model, tiles out of layouts, and a folder that looks like a model."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from napari_cosynth.classes import BUNDLED, NucleusClass, Taxonomy
from napari_cosynth.layout import Layout
from napari_cosynth.produced import produced_nuclei
from napari_cosynth.quality import layout_report
from napari_cosynth.request import Order, SynthesisRequest
from napari_cosynth.session import Session
from napari_cosynth.tile import SyntheticTile

NO_SCREEN = (
    sys.platform == "linux"
    and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    and shutil.which("Xvfb") is None
)
"""Qt would end the whole process: widgets are drawn in memory then, and what needs napari's window is left out."""
if NO_SCREEN:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
collect_ignore = (
    [
        "arrange/test_arrange_in_window.py",
        "layers/test_layers_in_window.py",
        "queue/test_queue_in_dock.py",
        "test_dock.py",
        "test_walk.py",
    ]
    if NO_SCREEN
    else []
)

TWO = Taxonomy(
    classes=(
        NucleusClass(name="unspecified", color="#808080", key="U"),
        NucleusClass(name="inflammatory", color="#ff0000", key="X"),
    )
)
"""Classes of another model."""


def pytest_report_header() -> str:
    """Say what is left out."""
    return f"no screen and no Xvfb: {', '.join(collect_ignore)} left out; install xvfb" if NO_SCREEN else ""


def instances_of(layout: Layout, radius: float = 5.0) -> np.ndarray:
    """int32 (H, W): a disk at each point, labelled by its number; the later one lies on top."""
    instances = np.zeros((layout.height, layout.width), np.int32)
    for number, (row, col) in enumerate(layout.centroids, start=1):
        top, left = max(0, int(row - radius) - 1), max(0, int(col - radius) - 1)
        window = instances[top : int(row + radius) + 2, left : int(col + radius) + 2]
        rows, cols = np.indices(window.shape)
        window[np.hypot(rows + top - row, cols + left - col) <= radius] = number
    return instances


def image_of(instances: np.ndarray, seed: int = 0, noise: float = 8.0) -> np.ndarray:
    """uint8 (H, W, 3): purple nuclei on pink, with grain."""
    grain = np.random.default_rng(seed).normal(0, noise, (*instances.shape, 1))
    color = np.where((instances > 0)[..., None], (110, 70, 150), (225, 170, 200))
    return np.clip(color + grain, 0, 255).astype(np.uint8)


def tile_of_order(order: Order, misses: int = 0, **facts) -> SyntheticTile:
    """The quick engine's tile: the same order, the same tile. The last ``misses`` points get no nucleus."""
    layout = order.layout
    instances = instances_of(layout)
    instances[instances > len(layout) - misses] = 0
    class_of = dict(enumerate(layout.class_ids.tolist(), start=1))
    nuclei = produced_nuclei(instances, class_of, len(layout))
    request = SynthesisRequest(
        layout=layout,
        prompt=order.prompt,
        seed=order.seed,
        steps=order.steps,
        guidance=order.guidance,
        layout_guidance=order.layout_guidance,
        model=order.model or "none",
        model_hash="0" * 16,
    )
    table = np.array([0, *(layout.class_ids + 1)], np.uint8)
    return SyntheticTile(
        **{
            "image": image_of(instances, order.seed),
            "semantic": table[instances],
            "instances": instances,
            "nuclei": nuclei,
            "request": request,
            "report": layout_report(layout, nuclei),
            **facts,
        }
    )


class FakeEngine:
    """Stands in for `synthesis.make`.

    Parameters
    ----------
    delay
        Seconds that each step takes, and loading.
    steps
        Steps of every tile; those of the order if None.
    misses
        Points of each tile that get no nucleus.
    fail_at
        Step before which ``error`` is raised: 1 is the first, 0 while loading, None never.
    error
        What is raised.

    Every order it got stands in ``orders``; ``closed`` counts the runs that were cancelled in the middle,
    ``running`` those that go on.
    """

    def __init__(self) -> None:
        self.delay = 0.0
        self.steps: int | None = 4
        self.misses = 0
        self.fail_at: int | None = None
        self.error: BaseException = RuntimeError("the engine broke")
        self.orders: list[Order] = []
        self.closed = 0
        self.running = 0

    def __call__(self, order: Order) -> Iterator:
        from napari_cosynth.synthesis import Finished, Loading, Preview, Started

        self.orders.append(order)
        self.running += 1
        try:
            yield Loading()
            self._work(0)
            steps = self.steps or order.steps
            tile = tile_of_order(order, self.misses)
            yield Started(steps)
            for step in range(1, steps + 1):
                self._work(step)
                image = image_of(tile.instances, order.seed, noise=8 + 60 * (1 - step / steps))
                yield Preview(step, steps, image, tile.instances if step % 2 == 0 else None)
            yield Finished(tile)
        except GeneratorExit:
            self.closed += 1
            raise
        finally:
            self.running -= 1

    def _work(self, step: int) -> None:
        time.sleep(self.delay)
        if step == self.fail_at:
            raise self.error


@pytest.fixture(autouse=True)
def own_settings(tmp_path_factory) -> None:
    """No test reads or writes the user's own settings."""
    # Not above: what napari sets up for Qt has to be there first, or widgets come out larger.
    from qtpy.QtCore import QSettings

    folder = tmp_path_factory.mktemp("settings")
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(folder))


@pytest.fixture
def fake_engine() -> FakeEngine:
    """A quick engine; set its knobs before it runs."""
    return FakeEngine()


@pytest.fixture(scope="session")
def make_layout():
    """``make_layout(n, size=256, seed=0)``: n points that lie apart, classes by turns.

    ``scattered=True``: in cells that another seed does not choose; without it layouts of two seeds are variants of one.
    """

    def make(n: int = 12, size: int = 256, seed: int = 0, scattered: bool = False, **facts) -> Layout:
        rng = np.random.default_rng(seed)
        side = size // 9 if scattered else max(1, int(np.ceil(n**0.5)))
        pitch = size / side
        cells = np.stack(np.divmod(rng.permutation(side**2)[:n] if scattered else np.arange(n), side), axis=1)
        jitter = rng.uniform(-0.2, 0.2, (n, 2))
        return Layout(
            centroids=(cells + 0.5 + jitter) * pitch - 0.5,
            class_ids=np.arange(n) % len(BUNDLED),
            height=size,
            width=size,
            **facts,
        )

    return make


@pytest.fixture(scope="session")
def make_made_tile():
    """``make_made_tile(layout, misses=0, prompt="", seed=0, **facts)``: the quick engine's tile of a layout.

    ``facts`` are fields of `SyntheticTile`: ``verdict``, ``edited``, ...
    """

    def make(layout: Layout, misses: int = 0, prompt: str = "colon, H&E", seed: int = 0, **facts) -> SyntheticTile:
        return tile_of_order(Order(layout=layout, prompt=prompt, seed=seed), misses, **facts)

    return make


@pytest.fixture
def tile_named(make_layout, make_made_tile):
    """``tile_named("nest-00007")``: a tile of 64 px with the seed 1007; another one for another number."""

    def tile(name: str) -> SyntheticTile:
        seed = int(name.split("-")[1])
        return make_made_tile(make_layout(6, 64, seed=seed), seed=1000 + seed)

    return tile


@pytest.fixture
def batches(tile_named):
    """Batches without a model, as the queue starts them."""
    from fake_batch import Batches

    return Batches(tile_named)


@pytest.fixture
def plan_file(tmp_path) -> Path:
    """A plan of the six tiles that the fake batches make."""
    from fake_batch import PLAN

    path = tmp_path / "plan.toml"
    path.write_text(PLAN.format(layouts=6), encoding="utf-8")
    return path


@pytest.fixture
def model_dir(tmp_path) -> Path:
    """A folder that tells about a model as a real one does, with weights that hold nothing."""
    return write_model(tmp_path / "own-model")


def write_model(folder: Path, taxonomy=BUNDLED, **index) -> Path:
    (folder / "unet").mkdir(parents=True)
    (folder / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"")
    content = {"_class_name": "CoSynthPipeline", "taxonomy": taxonomy.model_dump(mode="json")} | index
    (folder / "model_index.json").write_text(json.dumps(content), encoding="utf-8")
    (folder / "prompt_terms.json").write_text(json.dumps({"colon": 9, "dense": 20, "h&e": 5}), encoding="utf-8")
    (folder / "README.md").write_text("---\nlicense: mit\n---\n\n# own\n\nA model of *ours*.\n", encoding="utf-8")
    return folder


@pytest.fixture
def session() -> Session:
    """An empty one."""
    return Session()


@pytest.fixture
def viewer(qapp):
    """napari's model of a viewer, without a window."""
    from napari.components import ViewerModel

    return ViewerModel()


@pytest.fixture
def said() -> list[str]:
    """What the layers told the user."""
    return []


@pytest.fixture
def layers(viewer, session, said):
    """The layers of the session in the viewer, which they see wrapped, as napari gives it to a plugin."""
    from napari.utils._proxies import PublicOnlyProxy

    from napari_cosynth.widgets.layers.layers import Layers

    made = Layers(PublicOnlyProxy(viewer), session)
    made.message.connect(said.append)
    yield made
    made.close()


@pytest.fixture(scope="session")
def turn_wheel():
    """Turn the mouse wheel a notch over a widget."""
    from qtpy.QtCore import QPoint, QPointF, Qt
    from qtpy.QtGui import QWheelEvent
    from qtpy.QtWidgets import QApplication

    def turn(widget):
        at = widget.rect().center()
        event = QWheelEvent(
            QPointF(at),
            QPointF(widget.mapToGlobal(at)),
            QPoint(),
            QPoint(0, -120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(widget, event)

    return turn
