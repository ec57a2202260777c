"""Worker processes on this machine.

Each holds the model and makes one chunk after another. A process that dies
takes nothing with it: what it had not finished goes to the others, tile by
tile, and a tile that kills its process twice is listed as failed.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any

from napari_cosynth.batch.control import Control
from napari_cosynth.batch.making import Maker, Outcome, Stopped
from napari_cosynth.batch.measure import trial
from napari_cosynth.batch.storage import open_storage
from napari_cosynth.batch.work import Work
from napari_cosynth.synthesis import SynthesisError

_PATIENCE = 20.0
"""Seconds that a worker gets to end its step before it is ended."""
_LOOKS_S = 0.1
"""Seconds after which the control is asked again while no tile is finished."""
_LIVES = 2
"""Processes that a tile may take with it before it counts as failed."""
_IMPORTED_ONCE = ("napari_cosynth.batch.pool", "napari_cosynth.model.zoo", "napari_cosynth.model.pipeline")
"""Where workers are forks of one process: what that one imports for all of them."""


class PoolError(SynthesisError):
    """Worker processes that cannot start; the message says why."""


@dataclass
class _Worker:
    process: BaseProcess
    conn: Connection
    chunk: list[int] = field(default_factory=list)
    """Indices of the tiles in hand that have no outcome yet."""


def begin_importing() -> None:
    """Let what workers have in common be imported beside what is done until they start."""
    if _context().get_start_method() != "forkserver":
        return
    from multiprocessing import forkserver, resource_tracker  # not on Windows

    resource_tracker.ensure_running()  # whatever was blocked before it starts is not after it
    # The server inherits this: Ctrl-C reaches all processes, and is the parent's to follow.
    former = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)


class Pool:
    """Worker processes for one work, started; a context that ends them.

    Parameters
    ----------
    control
        Followed while tiles are made, between two steps.

    Raises
    ------
    PoolError
        If one cannot load the model.
    """

    def __init__(self, work: Work, url: str, workers: int, control: Control | None = None) -> None:
        self._context = _context()
        self._work, self._url = work, url
        self._control, self._held = control or Control(), False
        self._workers: list[_Worker] = []
        begin_importing()
        try:
            self._workers = [self._started() for _ in range(workers)]
            for worker in self._workers:
                self._ready(worker)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def trial(self, size: int, index: int) -> float | None:
        """Seconds a tile of each worker while all try a batch of ``size``; None if one cannot.

        Parameters
        ----------
        index
            Of the first tile to try with.
        """
        for worker in self._workers:
            worker.conn.send(("try", size, index))
        answers = [self._answer(worker) for worker in self._workers]
        return None if None in answers else max(answers)

    def run(self, chunks: Iterable[list[int]], batch_size: int) -> Iterator[Outcome]:
        """Make the tiles of chunks of indices into the work's jobs; one outcome for each tile.

        Raises
        ------
        Stopped
            If the control called the work off.
        """
        waiting, deaths = deque(chunks), Counter()
        for worker in self._workers:
            worker.conn.send(("batch", batch_size))
        while True:
            self._follow_control()
            for worker in self._workers:
                if waiting and not worker.chunk and not self._held:
                    self._give(worker, waiting.popleft())
            busy = {worker.conn: worker for worker in self._workers if worker.chunk}
            if not busy and not waiting:
                return
            if not busy:  # held between two tiles
                time.sleep(_LOOKS_S)
            for conn in wait(list(busy), _LOOKS_S):
                worker = busy[conn]
                try:
                    outcome, index = conn.recv()
                except (EOFError, OSError):
                    yield from self._buried(worker, waiting, deaths)
                    self._replace(worker, batch_size)
                    continue
                worker.chunk.remove(index)
                yield outcome

    def close(self) -> None:
        """End all workers: at the end of their step, or by force if that takes too long."""
        for worker in self._workers:
            worker.conn.close()
        for worker in self._workers:
            worker.process.join(_PATIENCE)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
        self._workers = []

    def _follow_control(self) -> None:
        if self._control.stopped:
            raise Stopped
        if self._control.held != self._held:
            self._held = not self._held
            for worker in self._workers:
                self._send(worker, ("hold",) if self._held else ("go",))

    def _give(self, worker: _Worker, chunk: list[int]) -> None:
        worker.chunk = list(chunk)
        self._send(worker, ("make", chunk))

    def _send(self, worker: _Worker, message: tuple) -> None:
        try:
            worker.conn.send(message)
        except OSError:
            pass  # it died: reading from it says so

    def _buried(self, worker: _Worker, waiting: deque, deaths: Counter) -> Iterator[Outcome]:
        worker.process.join(_PATIENCE)
        for index in worker.chunk:
            deaths[index] += 1
            if deaths[index] < _LIVES:
                waiting.appendleft([index])
                continue
            code = worker.process.exitcode
            reason = f"its process died {_LIVES} times (exit code {code}); perhaps memory ran out: use fewer --workers"
            yield Outcome(self._work.jobs[index].name, "failed", reason)

    def _replace(self, worker: _Worker, batch_size: int) -> None:
        fresh = self._started()
        worker.conn.close()
        worker.process, worker.conn, worker.chunk = fresh.process, fresh.conn, []
        self._ready(worker)
        worker.conn.send(("batch", batch_size))
        if self._held:
            worker.conn.send(("hold",))

    def _started(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        arguments = (theirs, self._work.model_dump_json(), self._url, dict(os.environ))
        process = self._context.Process(target=_serve, args=arguments, daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _ready(self, worker: _Worker) -> None:
        fault = self._answer(worker)
        if fault:
            raise PoolError(fault)

    def _answer(self, worker: _Worker) -> Any:
        try:
            return worker.conn.recv()
        except (EOFError, OSError):
            worker.process.join(_PATIENCE)
            raise PoolError(
                f"a worker process ended by itself (exit code {worker.process.exitcode}); use fewer --workers"
            ) from None


def _context() -> BaseContext:
    """How workers start: on Linux as forks of a server that has done nothing but import, which takes many seconds and
    much memory for each process that does it by itself; elsewhere forks are not safe or not known."""
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_IMPORTED_ONCE))
    return context


def _serve(conn: Connection, work_json: str, url: str, environment: dict[str, str]) -> None:
    """A worker process: until the other end of its pipe closes, by whatever end the parent takes."""
    os.environ.update(environment)  # a fork of the server has those of the server's start
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which closes the pipe
    work = Work.model_validate_json(work_json)
    maker = Maker(work, open_storage(url), stop=lambda: _called_off(conn))
    try:
        try:
            maker.load()
            conn.send("")
        except Exception as error:
            conn.send(str(error) or type(error).__name__)
            return
        while True:
            match conn.recv():
                case "make", indices:
                    places = {work.jobs[i].name: i for i in indices}
                    for outcome in maker.make([work.jobs[i] for i in indices]):
                        conn.send((outcome, places[outcome.name]))
                case "try", size, index:
                    jobs = work.jobs[index : index + 200]
                    trial(maker, jobs, size)  # after it all workers come to the second one at about the same time
                    conn.send(trial(maker, jobs, size))
                case "batch", size:
                    maker.batch_size = size
                case ("hold",):
                    conn.recv()  # "go", or the end
    except (EOFError, OSError, Stopped):
        pass


def _called_off(conn: Connection) -> bool:
    """True if the other end is closed. A busy worker is sent nothing else but hold, and after it go."""
    try:
        while conn.poll():
            if conn.recv() == ("hold",):
                conn.recv()
    except (EOFError, OSError):
        return True
    return False
