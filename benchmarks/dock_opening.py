"""Time that the dock takes to open in a napari that is open already.

    xvfb-run -a python benchmarks/dock_opening.py

Wanted: under 1 s. napari's first layer of any kind makes it load pandas and
pint; that is done before, since it is not the dock's time.
"""

from __future__ import annotations

import os
import tempfile
import time


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NAPARI_COSYNTH_SESSIONS"] = folder
        wall, worked = measure()
    print(f"{os.cpu_count()} processors, load average {os.getloadavg()[0]:.1f}")
    print(f"the dock opens in {wall:.2f} s (wanted: under 1), {worked:.2f} s of them processor time")


def measure() -> tuple[float, float]:
    """Seconds from the import to the shown dock: by the clock, and of the GUI thread's processor time."""
    import napari
    import numpy as np
    from qtpy.QtWidgets import QApplication

    viewer = napari.Viewer()
    viewer.add_points(np.zeros((1, 2)), features={"class": ["a"]})
    QApplication.processEvents()
    began = time.perf_counter(), time.thread_time()
    from napari_cosynth.widgets.dock import CoSynthDock

    viewer.window.add_dock_widget(CoSynthDock(viewer), name="CoSynth")
    QApplication.processEvents()
    ended = time.perf_counter(), time.thread_time()
    viewer.close()
    return ended[0] - began[0], ended[1] - began[1]


if __name__ == "__main__":
    main()
