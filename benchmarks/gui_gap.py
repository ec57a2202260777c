"""Longest gap of the event loop while the bundled model is loaded and while tiles are made, in a real window.

    xvfb-run -a python benchmarks/gui_gap.py [--tiles N]

A timer of 5 ms ticks in the GUI thread; the longest time between two ticks is
what a user feels as a hang. Wanted: at most 1 s while the model loads, 100 ms
during a run. The gaps include whatever else the machine does meanwhile; the
processor time of the GUI thread within the longest one does not.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable

TICK_MS = 5
WANTED_MS = {"load": 1000.0, "run": 100.0}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tiles", type=int, default=2, help="tiles made once the model is loaded")
    arguments = parser.parse_args()
    # The measurement must neither find nor leave a session of the user's.
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NAPARI_COSYNTH_SESSIONS"] = folder
        gaps, steps = measure(arguments.tiles)
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} processors, load average {load:.1f}, {steps} steps made")
    for name, (gap, worked) in gaps.items():
        wanted = WANTED_MS[name]
        print(f"{name:5} longest gap {gap:6.0f} ms (wanted: {wanted:.0f}), GUI thread's own work in it {worked:.0f} ms")


def measure(tiles: int) -> tuple[dict[str, tuple[float, float]], int]:
    """Longest gaps and the work in them, ms, while the model loads and while tiles are made; and the steps made."""
    import napari
    from qtpy.QtCore import QTimer

    from napari_cosynth.resources import samples
    from napari_cosynth.widgets.dock import CoSynthDock

    viewer = napari.Viewer()
    dock = CoSynthDock(viewer)
    viewer.window.add_dock_widget(dock, name="CoSynth")
    sample = samples()[0]
    dock.session.edit("Open sample", layout=sample.layout(), prompt=sample.prompt)
    last = (time.perf_counter(), time.thread_time())
    worst = (0.0, 0.0)

    def tick() -> None:
        nonlocal last, worst
        now = (time.perf_counter(), time.thread_time())
        worst = max(worst, (1000 * (now[0] - last[0]), 1000 * (now[1] - last[1])))
        last = now

    timer = QTimer()
    timer.timeout.connect(tick)
    timer.start(TICK_MS)
    steps: list[int] = []
    dock.worker.preview.connect(lambda preview: steps.append(preview.step))
    began: list[int] = []
    dock.worker.started.connect(lambda *numbers: began.append(1))
    _until(2.0, lambda: False)

    def longest(done: Callable[[], bool]) -> tuple[float, float]:
        nonlocal worst
        worst = (0.0, 0.0)
        _until(600.0, done)
        return worst

    dock.generate.generate()
    gaps = {"load": longest(lambda: bool(began))}
    first = longest(lambda: not dock.worker.running)
    dock.session.set_settings(dock.session.settings.but(variants=tiles))
    dock.generate.generate()
    gaps["run"] = max(first, longest(lambda: not dock.worker.running))
    if dock.messages.texts():
        raise SystemExit(f"the run failed: {dock.messages.texts()}")
    viewer.close()
    return gaps, len(steps)


def _until(seconds: float, done: Callable[[], bool]) -> None:
    """Let the event loop run as napari does."""
    from qtpy.QtCore import QEventLoop, QTimer

    loop, watch = QEventLoop(), QTimer()
    watch.timeout.connect(lambda: done() and loop.quit())
    watch.start(20)
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()


if __name__ == "__main__":
    main()
