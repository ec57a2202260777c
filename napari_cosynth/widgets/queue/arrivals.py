"""Arrivals: finished tiles of a batch come into the gallery, a few at a time, the newest of them.

A session holds its tiles in memory and writes each of them for recovery, so a
batch of thousands must not come in whole: newer tiles take the place of older
ones that nobody has touched. All tiles stay in the batch's folder.

Measured with 500 tiles of 256 px and 90 nuclei: 315 MB of memory, 64 MB of
recovery files; 5 s of one core beside the GUI thread to write them once, 10 ms
for each change after that, 4 s to bring them back. Taking in 8 holds the GUI
thread for 5 ms at most.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable
from pathlib import Path

from qtpy.QtCore import QObject, QTimer

from napari_cosynth.session import Session
from napari_cosynth.tile import SyntheticTile
from napari_cosynth.tile_files import TileFileError, read_tile
from napari_cosynth.widgets.work.background import Background

MOST = 500
"""Tiles of batches that a gallery takes at most."""
USUAL = 200
EVERY_MS = 1000
AT_ONCE = 8
"""Tiles that are read in one go: a quarter of a second beside the GUI thread, which shares Python with it."""

_log = logging.getLogger(__name__)


class Arrivals(QObject):
    """Reads tiles in the background and has the session take them in."""

    def __init__(self, session: Session, most: int = USUAL, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._most = most
        # Filled by the batch's thread: what is pushed out would have had to leave the gallery at once.
        self._waiting: deque[Path] = deque(maxlen=MOST)
        self._seen: set[Path] = set()
        self._came: dict[str, SyntheticTile] = {}
        self._background = Background(self)
        self._reading = False
        self._taking = True
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self._read_some)

    @property
    def taking(self) -> bool:
        """False once the session is another one than that for which the tiles were made."""
        return self._taking

    def begin(self) -> None:
        """A batch begins or goes on: its tiles are for the session of now."""
        self._taking = True

    def stop(self) -> None:
        """The session is about to become another one: nothing comes until a batch begins anew."""
        self._taking = False
        self._timer.stop()
        self._waiting.clear()
        self._seen.clear()
        self._came.clear()

    def most(self) -> int:
        """How many untouched tiles of batches the gallery has at most."""
        return self._most

    def setMost(self, most: int) -> None:
        """Take more or fewer, 0 to `MOST`; tiles that are too many leave."""
        self._most = most
        self._take([])

    def offer(self, record: Path) -> None:
        """A tile is finished; this is its record. From any thread."""
        if self._taking and self._most and record not in self._seen:
            self._seen.add(record)
            self._waiting.append(record)

    def offer_those_in(self, folder: Path) -> None:
        """Offer the newest tiles that lie in a batch's folder of tiles, if it is there."""
        most = self._most

        def offer(records: list[Path]) -> None:
            for record in records:
                self.offer(record)
            self.poke()

        records = (path for path in folder.glob("*.json") if not path.name.startswith("."))
        self._background.run(lambda: newest(records, most), offer, self._on_not_read)

    def poke(self) -> None:
        """Look soon what was offered."""
        if self._waiting and not self._reading and not self._timer.isActive():
            self._timer.start()

    def close(self) -> None:
        """Nothing comes any more."""
        self._timer.stop()
        self._waiting.clear()
        self._background.close()

    def _read_some(self) -> None:
        while len(self._waiting) > self._most:
            self._waiting.popleft()
        records = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
        if records:
            self._reading = True
            self._background.run(lambda: _read(records), self._on_read, self._on_not_read)

    def _on_read(self, tiles: list[SyntheticTile]) -> None:
        self._reading = False
        self._take(tiles if self._taking else [])
        self.poke()

    def _on_not_read(self, error: Exception) -> None:
        self._reading = False
        _log.error("finished tiles did not reach the gallery", exc_info=error)
        self.poke()

    def _take(self, tiles: list[SyntheticTile]) -> None:
        there = {entry.key: entry.tile for entry in self._session.entries}
        # Whatever the user did to a tile, if only to accept it, has made another object of it.
        self._came = {key: tile for key, tile in self._came.items() if there.get(key) is tile}
        # A batch that goes on offers what a session that was brought back has already.
        seeds = {tile.request.seed: key for key, tile in there.items()}
        new = []
        for tile in tiles:
            key = seeds.get(tile.request.seed)
            if key is None or there[key].request != tile.request:
                new.append(tile)
            elif there[key].verdict == tile.verdict and not there[key].edited:
                self._came.setdefault(key, there[key])
        too_many = len(self._came) + len(new) - self._most
        current = self._session.current
        untouched = [key for key in self._came if current is None or key != current.key]
        leaving = untouched[: max(0, too_many)]
        if new or leaving:
            keys = self._session.take_in(new, instead_of=leaving)
            self._came |= dict(zip(keys, new, strict=True))


def newest(records: Iterable[Path], most: int) -> list[Path]:
    """The records that were written last, the oldest of them first."""
    dated = sorted((path.stat().st_mtime_ns, path) for path in records)
    return [path for _, path in dated[-most:]] if most else []


def _read(records: list[Path]) -> list[SyntheticTile]:
    tiles = []
    for record in records:
        try:
            tiles.append(read_tile(record))
        except (OSError, TileFileError) as error:  # somebody took it away; the others still come
            _log.warning("a finished tile cannot be read: %s", error)
    return tiles
