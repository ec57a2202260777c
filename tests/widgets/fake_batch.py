"""A batch without a model, driven event by event from the test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from napari_cosynth.batch.local import Prepared
from napari_cosynth.batch.making import Outcome
from napari_cosynth.batch.measure import Setup
from napari_cosynth.batch.run import Done, Made, Ready, Total
from napari_cosynth.tile_files import write_tile

PLAN = """
[tiles]
size = [64, 64]
[[group]]
name = "nest"
tissue = "colon"
layouts = {layouts}
prompts = ["colon, H&E"]
"""


class FakeBatch:
    """Stands in for `BatchProcess`: makes the tiles of a folder that are not there, each when it is let.

    ``allow(n)`` lets it finish n more tiles; ``verdicts`` and ``failing`` say what becomes of a tile's name.
    """

    def __init__(self, names: list[str], tile: Callable, folder: Path, only_measure: bool) -> None:
        self.names, self.tile, self.folder, self.only_measure = names, tile, folder / "tiles", only_measure
        self.verdicts: dict[str, str] = {}
        self.failing: dict[str, str] = {}
        self.error: Exception | None = None
        self.wishes: list[str] = []
        self.stopped = threading.Event()
        self._allowed = threading.Semaphore(0)
        self.seconds = 40.0

    def allow(self, tiles: int) -> None:
        for _ in range(tiles):
            self._allowed.release()

    def hold(self) -> None:
        self.wishes.append("hold")

    def go(self) -> None:
        self.wishes.append("go")

    def stop(self) -> None:
        self.wishes.append("stop")
        self.stopped.set()
        self._allowed.release()

    def events(self) -> Iterator:
        self.folder.mkdir(parents=True, exist_ok=True)
        left = [name for name in self.names if not (self.folder / f"{name}.json").exists()]
        yield Total(1, len(self.names), len(self.names), len(self.names) - len(left))
        if self.error is not None:
            raise self.error
        if left:
            yield Ready(Prepared(Setup(2, 1, 1), 1.5, self.seconds))
        if self.only_measure:
            return
        for done, name in enumerate(left, start=1):
            self._allowed.acquire()
            if self.stopped.is_set():
                return
            outcome = self._made(name)
            yield Made(outcome, done, len(left), 1.0)
        states = {"there": len(self.names) - len(left), "made": len(left)}
        yield Done(states, (), {}, 1.0)

    def _made(self, name: str) -> Outcome:
        if name in self.failing:
            return Outcome(name, "failed", self.failing[name])
        verdict = self.verdicts.get(name, "undecided")
        write_tile(self.tile(name).with_verdict(verdict), self.folder, name)
        return Outcome(name, "rejected" if verdict == "rejected" else "made")


class Batches:
    """Makes fake batches of ``n`` tiles; they stand in ``made``, and ``prepare`` is called with each new one."""

    def __init__(self, tile: Callable) -> None:
        self.made: list[FakeBatch] = []
        self.n = 6
        self.prepare: Callable[[FakeBatch], object] = lambda batch: None
        self._tile = tile

    def __call__(self, plan: Path, out: str, only_measure: bool) -> FakeBatch:
        names = [f"nest-{i:05d}" for i in range(1, self.n + 1)]
        self.made.append(FakeBatch(names, self._tile, Path(out), only_measure))
        self.prepare(self.made[-1])
        return self.made[-1]
