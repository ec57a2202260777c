"""One machine: which processes, threads and batches make a plan's tiles soonest, and the making.

One process with all threads is what `synth` does. Several processes with one
thread each spend no time waiting for each other, but each holds the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from napari_cosynth.batch.control import Control
from napari_cosynth.batch.jobs import Job
from napari_cosynth.batch.making import Maker, Outcome
from napari_cosynth.batch.measure import (
    Setup,
    best_batch,
    chunks,
    difference,
    measured_tile,
    most_workers,
    trial,
    usable_cores,
)
from napari_cosynth.batch.pool import Pool, begin_importing
from napari_cosynth.batch.storage import Storage
from napari_cosynth.batch.work import Work

LONG = 120.0
"""Seconds of work from which on trying set-ups pays."""


@dataclass(frozen=True)
class Wishes:
    """What the user decides about the machine; None: measured.

    With ``deterministic``, threads are 1 and batches of one tile, so that no tile
    depends on how many workers there are.
    """

    workers: int | None = None
    threads: int | None = None
    batch_size: int | None = None
    deterministic: bool = False


@dataclass(frozen=True)
class Prepared:
    """What was measured before the start.

    Parameters
    ----------
    setup
        The fastest, or as wished.
    tile_seconds
        Of one tile, made alone in one process; None if it could not be measured.
    seconds
        Estimated, of all that is to be made.
    tried
        Seconds a tile of each set-up that was tried, in short trials.
    remark
        How tiles differ from those of ``deterministic``; empty if they do not, or it was not looked at.
    """

    setup: Setup
    tile_seconds: float | None
    seconds: float | None
    tried: tuple[tuple[Setup, float], ...] = ()
    remark: str = ""


class Local:
    """This machine's workers for one work; a context that ends them.

    Parameters
    ----------
    work
        With a device.
    control
        Followed between two steps.
    """

    def __init__(self, work: Work, storage: Storage, wishes: Wishes, control: Control | None = None) -> None:
        self._work, self._storage, self._wishes = work, storage, wishes
        self._control = control or Control()
        self._pool: Pool | None = None
        self._maker: Maker | None = None
        self.setup = Setup()

    def __enter__(self) -> Local:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def prepare(self, indices: Sequence[int]) -> Prepared:
        """Measure a tile, choose the set-up, start the workers.

        Parameters
        ----------
        indices
            Of the tiles to be made, in the work's jobs.

        Raises
        ------
        SynthesisError
            If the model cannot be loaded or a process not be started.
        Stopped
            If the control called the work off.
        """
        wishes, device = self._wishes, self._work.device or "cpu"
        most = min(wishes.workers or most_workers(device), len(indices))
        most = most if self._storage.shared else 1
        if wishes.workers and most > 1:
            begin_importing()
        decided = wishes.deterministic or (wishes.workers and wishes.batch_size)
        if wishes.deterministic:
            setup = Setup(most, wishes.threads or 1, 1)
        elif decided:
            setup = Setup(most, wishes.threads or max(1, usable_cores() // most), wishes.batch_size)
        else:
            setup = Setup(1, wishes.threads or usable_cores(), wishes.batch_size or 1)
        maker = self._new_maker(setup)
        maker.load()
        jobs = [self._work.jobs[i] for i in indices[:200]]
        tile = measured_tile(maker, jobs)
        all_seconds = None if tile is None else tile * len(indices)
        prepared = Prepared(setup, tile, all_seconds)
        if decided:
            prepared = replace(prepared, seconds=None if tile is None else all_seconds / most)
        elif all_seconds is not None and (all_seconds > LONG or wishes.workers):
            prepared = self._tried(prepared, maker, jobs, indices, most)
        self.setup = prepared.setup
        if self.setup.workers == 1:
            self._maker = self._new_maker(self.setup) if self.setup != setup else maker
            self.__exit__()
        elif self._pool is None:
            self._pool = self._new_pool(self.setup)
        return prepared

    def run(self, indices: Sequence[int]) -> Iterator[Outcome]:
        """Make the tiles at these indices; one outcome for each. Raises `Stopped` if the control says so."""
        pieces = chunks(indices, self.setup.batch_size)
        if self._pool is not None:
            yield from self._pool.run(pieces, self.setup.batch_size)
            return
        for piece in pieces:
            yield from self._maker.make([self._work.jobs[i] for i in piece])

    def _tried(self, prepared: Prepared, maker: Maker, jobs: list[Job], indices: Sequence[int], most: int) -> Prepared:
        """The set-up that was fastest in short trials; with the number of workers wished, if one is."""
        wishes, tried = self._wishes, {}
        alone = prepared.setup
        single = trial(maker, jobs, 1)

        def in_one(size: int) -> float | None:
            seconds = single if size == 1 else trial(maker, jobs, size)
            tried[replace(alone, batch_size=size)] = seconds
            return seconds

        if most == 1 or wishes.workers in (None, 1):
            self._try(in_one)
        if most > 1:
            threads = wishes.threads or max(1, usable_cores() // most if wishes.workers else 1)
            several = Setup(most, threads, 1)
            self._pool = self._new_pool(several)

            def in_several(size: int) -> float | None:
                seconds = self._pool.trial(size, indices[0])
                tried[replace(several, batch_size=size)] = seconds and seconds / most
                return seconds

            self._try(in_several)
        measured = {setup: seconds for setup, seconds in tried.items() if seconds}
        if not measured:
            return prepared
        best = min(measured, key=measured.__getitem__)
        seconds = prepared.seconds if single is None else prepared.seconds * measured[best] / single
        remark = difference(maker, jobs, best) if best.threads > 1 or best.batch_size > 1 else ""
        return Prepared(best, prepared.tile_seconds, seconds, tuple(measured.items()), remark)

    def _try(self, seconds_of: Callable[[int], float | None]) -> None:
        if self._wishes.batch_size:
            seconds_of(self._wishes.batch_size)
        else:
            best_batch(seconds_of, self._work.device or "cpu")

    def _new_maker(self, setup: Setup) -> Maker:
        return Maker(self._set_up(setup), self._storage, stop=self._control.asked_to_stop)

    def _new_pool(self, setup: Setup) -> Pool:
        return Pool(self._set_up(setup), self._storage.url, setup.workers, self._control)

    def _set_up(self, setup: Setup) -> Work:
        return self._work.set_up(threads=setup.threads, batch_size=setup.batch_size)
