"""Locked nuclei in the dock: they are there after closing, and whatever places nuclei leaves them where they are."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtWidgets import QPushButton

from napari_cosynth.widgets.dock import CoSynthDock

WAIT = 20_000


@pytest.fixture
def open_dock(qtbot, fake_engine, tmp_path, monkeypatch):
    """``open_dock()``: a dock over a viewer without a window."""
    monkeypatch.setenv("NAPARI_COSYNTH_SESSIONS", str(tmp_path / "sessions"))
    docks = []

    def make():
        docks.append(CoSynthDock(ViewerModel(), engine=fake_engine))
        qtbot.addWidget(docks[-1])
        docks[-1].show()
        return docks[-1]

    yield make
    for dock in docks:
        dock.shutdown()


def click(dock, name):
    dock.findChild(QPushButton, name).click()


@pytest.mark.parametrize("place", ["jitter", "suggest"])
def test_nuclei_locked_before_closing_stay_after_it(open_dock, make_layout, qtbot, place):
    dock = open_dock()
    dock.session.set_layout(make_layout(9), "Open sample")
    dock.session.set_layout(dock.session.layout.reclass(range(9), 0), "Change class")
    dock._viewer.layers["nuclei"].selected_data = {1, 4}
    click(dock, "lock_selected")
    before = dock.session.layout
    dock.close()
    again = open_dock()
    qtbot.waitUntil(lambda: len(again.session.layout) == 9, timeout=WAIT)
    assert again.findChild(QPushButton, "unlock_all").text() == "Unlock all (2)"
    symbols = [symbol.value for symbol in again._viewer.layers["nuclei"].symbol]
    assert np.flatnonzero(np.array(symbols) == "diamond").tolist() == [1, 4]
    click(again, place)
    qtbot.waitUntil(lambda: again.session.layout != before, timeout=WAIT)
    places = set(map(tuple, again.session.layout.centroids.tolist()))
    assert set(map(tuple, before.centroids[[1, 4]].tolist())) <= places
    assert again.session.locked.mask(again.session.layout).sum() == 2
