"""The cards' pictures: drawn when a card is first seen, a few at a time, and kept."""

from __future__ import annotations

import time
from collections import OrderedDict

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal
from qtpy.QtGui import QImage, QPixmap

from napari_cosynth.snapshot import Entry
from napari_cosynth.tile import SyntheticTile
from napari_cosynth.widgets.gallery.thumbnail import fitted, thumbnail

_KEPT = 400
"""Pictures kept: 28 MB at 132 px."""
_WAITING = 60
"""More than any screen shows at once; what was scrolled past long ago is not drawn."""
_SLICE_S = 0.012
"""Of each turn of the event loop, so that scrolling stays smooth."""


class Thumbnails(QObject):
    """Pictures by entry. A verdict does not change a picture; other labels do."""

    ready = Signal(str)
    """Key of an entry whose picture can be had now."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._kept: OrderedDict[str, tuple[tuple[int, ...], SyntheticTile, QPixmap]] = OrderedDict()
        self._waiting: dict[str, tuple[Entry, int, float]] = {}
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._draw_some)

    def pixmap(self, entry: Entry, side: int, ratio: float = 1.0) -> QPixmap | None:
        """The picture if it is drawn; else it will be soon, and an outdated one is given until then.

        Parameters
        ----------
        side
            Of the square that it fits into, in px of the screen's own measure.
        ratio
            Device pixels for each of those.
        """
        kept = self._kept.get(entry.key)
        if kept and kept[0] == _stamp(entry.tile, side, ratio):
            self._kept.move_to_end(entry.key)
            return kept[2]
        self._waiting.pop(entry.key, None)
        self._waiting[entry.key] = (entry, side, ratio)
        if len(self._waiting) > _WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._timer.start()
        return kept[2] if kept else None

    def _draw_some(self) -> None:
        until = time.monotonic() + _SLICE_S
        while self._waiting and time.monotonic() < until:
            # The last asked for is what is seen now.
            key, (entry, side, ratio) = self._waiting.popitem()
            pixmap = _pixmap(thumbnail(entry.tile, *fitted(entry.tile, round(side * ratio))), ratio)
            # The tile is kept too: while it lives, nothing else gets the ids of its arrays.
            self._kept[key] = (_stamp(entry.tile, side, ratio), entry.tile, pixmap)
            self._kept.move_to_end(key)
            self.ready.emit(key)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        if not self._waiting:
            self._timer.stop()


def _stamp(tile: SyntheticTile, side: int, ratio: float) -> tuple[int, ...]:
    """Equal for tiles that look alike: a decided tile shares its arrays with the undecided one."""
    return id(tile.image), id(tile.instances), id(tile.semantic), side, round(ratio * 100)


def _pixmap(picture: np.ndarray, ratio: float) -> QPixmap:
    height, width = picture.shape[:2]
    picture = np.ascontiguousarray(picture)
    pixmap = QPixmap.fromImage(QImage(picture.data, width, height, 3 * width, QImage.Format.Format_RGB888))
    pixmap.setDevicePixelRatio(ratio)
    return pixmap
