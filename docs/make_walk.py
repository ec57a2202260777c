"""Make the pictures of the two-minute walk: drives the real window by mouse and keys, with the bundled model.

    python docs/make_walk.py

Without a screen: ``xvfb-run -a -s "-screen 0 1366x768x24" python docs/make_walk.py``
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import napari
from PIL import Image
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QTabWidget

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent / "tests" / "widgets"))

from hands import CTRL, Hands  # noqa: E402

SIZE = (1366, 768)
COLOURS = 256
"""Of the pictures' palette: a third of the bytes. Maximum coverage keeps rare colours, the means after it the greys."""

TUMOUR = [(58, 86), (66, 112), (80, 136), (104, 150), (130, 152), (154, 140), (170, 118), (172, 92)]
TUMOUR += [(160, 68), (138, 54), (112, 50), (84, 62)]
LYMPHOCYTES = [(30, 30), (22, 60), (34, 200), (50, 222), (80, 214), (104, 232), (130, 216), (206, 40), (224, 66)]
LYMPHOCYTES += [(216, 96), (232, 130), (208, 160), (226, 196), (196, 214), (160, 226), (24, 112), (18, 150), (60, 190)]


def main() -> None:
    """Walk, and take a picture at each station."""
    with tempfile.TemporaryDirectory() as sessions:
        os.environ["NAPARI_COSYNTH_SESSIONS"] = sessions
        viewer = napari.Viewer(show=True)
        viewer.window._qt_window.resize(*SIZE)
        _, dock = viewer.window.add_plugin_dock_widget("napari-cosynth", "CoSynth")
        at = Hands(viewer, dock)
        at.until(lambda: QApplication.activeWindow() is not None, 20)
        at.settle(1)
        for note in viewer.window._qt_window.findChildren(napari._qt.dialogs.qt_notification.NapariQtNotification):
            note.close()
        walk(at)
        viewer.close()


def walk(at: Hands) -> None:
    """The stations, in the order of the README."""
    session = at.dock.session
    at.press("class_neoplastic")
    for place in TUMOUR:
        at.click(*place)
    at.key(Qt.Key.Key_I)
    for place in LYMPHOCYTES[:-5]:
        at.click(*place)
    picture(at, 1)

    for place in LYMPHOCYTES[-5:]:
        at.click(*place)
    at.write("prompt", "colon adenocarcinoma, H&E, 40x, gland with dense lymphocytes")
    at.settle(0.5)
    picture(at, 2)

    session.set_settings(session.settings.but(variants=4))
    at.key(Qt.Key.Key_Return, CTRL)
    at.until(lambda: at.dock.generate.running, 10)
    at.until(lambda: len(session.entries) == 1 and at.viewer.layers["instances"].data.any(), 600)
    at.settle(3)
    picture(at, 3)
    at.until(lambda: not at.dock.generate.running, 900)
    at.settle(1)
    picture(at, 4)

    cards = at.find("cards")
    cards.setFocus()
    for key in (Qt.Key.Key_A, Qt.Key.Key_Left, Qt.Key.Key_A, Qt.Key.Key_Left, Qt.Key.Key_R):
        at.key(key, on=cards)
    tab(at, "Report")
    picture(at, 5)
    tab(at, "Export")
    at.settle(2)
    picture(at, 6)

    tab(at, "Canvas")
    tissue = at.find("tissue")
    tissue.setCurrentIndex(next(i for i in range(tissue.count()) if tissue.itemText(i).startswith("Colon,")))
    at.find("nuclei_total").setValue(45)
    before = session.layout
    at.press("suggest")
    at.until(lambda: session.layout != before, 120)
    session.set_settings(session.settings.but(variants=1))
    at.key(Qt.Key.Key_Return, CTRL)
    at.until(lambda: len(session.entries) == 5 and not at.dock.generate.running, 600)
    at.settle(1)
    picture(at, 7)


def tab(at: Hands, name: str) -> None:
    """Bring a tab to the front."""
    tabs = at.dock.findChild(QTabWidget, "tabs")
    tabs.setCurrentIndex(next(i for i in range(tabs.count()) if tabs.tabText(i) == name))
    at.settle(0.5)


def picture(at: Hands, number: int) -> None:
    """Write ``walk-NUMBER.png`` of the whole window."""
    at.settle(0.3)
    path = DOCS / f"walk-{number}.png"
    at.viewer.window._qt_window.grab().save(str(path))
    Image.open(path).convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=3).save(path, optimize=True)
    print(path)


if __name__ == "__main__":
    main()
