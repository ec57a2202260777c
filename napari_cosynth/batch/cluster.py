"""Workers on other machines: a Dask cluster that somebody has started.

A task is a few tiles; it looks which of them are there before it makes any, so
one that Dask runs again, after its worker died, repeats nothing that was
finished. The workers read the work from the batch's own place, so tasks are small.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from napari_cosynth.batch.making import Maker, Outcome
from napari_cosynth.batch.measure import measured_tile
from napari_cosynth.batch.storage import Storage, open_storage
from napari_cosynth.batch.work import Work, former_work
from napari_cosynth.synthesis import RequestError, SynthesisError

CONNECT_SECONDS = 30
TILES_A_TASK = 8
"""At most: less than a scheduler notices, and little to make again when a worker dies."""
TASKS_A_WORKER = 4
"""Waiting tasks for each worker at least, so that all end at about the same time."""
ATTEMPTS = 2
"""Times that a tile is handed to Dask, which itself tries again when a worker dies: then alone, not with others."""


_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""Of ``malloc.h``."""


class ClusterError(RequestError):
    """A cluster that cannot be used; the message says why and what to do."""


class Cluster:
    """A running Dask cluster; a context that lets go of it.

    Parameters
    ----------
    address
        Of its scheduler, such as "tcp://10.0.0.1:8786".
    storage
        Where the work lies and the tiles go; the workers must reach it too.

    Raises
    ------
    ClusterError
        If dask.distributed is not installed, or no scheduler answers.
    """

    def __init__(self, address: str, storage: Storage) -> None:
        try:
            from distributed import Client
        except ImportError as error:
            raise ClusterError(
                f"--scheduler needs dask.distributed ({error}); install it with, in a clone: "
                'pip install ".[distributed]"'
            ) from error
        if not storage.shared:
            raise ClusterError(f"--out {storage.url} is of this process alone; give a place that all workers reach")
        try:
            self._client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:  # distributed's own errors of connecting are OSErrors
            raise ClusterError(
                f"no Dask scheduler answers at {address} ({error}); give the address that it printed, such as "
                "tcp://10.0.0.1:8786"
            ) from error
        self._url = storage.url

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    @property
    def workers(self) -> int:
        """Worker processes at the moment; there may be none yet."""
        return len(self._client.nthreads())

    def measured_tile(self, work: Work, first: int, *, written: bool = True) -> float | None:
        """Seconds of one tile on one of the workers, model loaded; None if there is no worker yet.

        Parameters
        ----------
        written
            False if the work does not lie in its place, so that the worker must be sent it.

        Raises
        ------
        SynthesisError
            If the worker cannot use the model.
        """
        if not self.workers:
            return None
        key = f"cosynth-measure-{uuid.uuid4().hex}"
        call = (_measure, work.fingerprint) if written else (_measure_sent, work.model_dump_json())
        future = self._client.submit(call[0], self._url, call[1], first, key=key, pure=False)
        try:
            return future.result()
        except SynthesisError:
            raise
        except Exception as error:
            raise ClusterError(
                f"a worker of the cluster cannot make a tile: {type(error).__name__}: {error}"
            ) from error

    def run(self, work: Work, indices: Sequence[int]) -> Iterator[Outcome]:
        """Make the tiles at these indices of the work's jobs; one outcome for each, the sooner the better."""
        from distributed import as_completed

        run_id = uuid.uuid4().hex[:8]
        size = max(1, min(TILES_A_TASK, len(indices) // (TASKS_A_WORKER * max(self.workers, 1))))
        size = max(size, min(work.batch_size, len(indices)))
        tries: dict[str, tuple[list[int], int]] = {}
        number = itertools.count()

        def submit(some: list[int], attempt: int) -> Any:
            key = f"cosynth-{run_id}-{next(number)}"
            tries[key] = (some, attempt)
            return self._client.submit(_make, self._url, work.fingerprint, some, key=key, pure=False)

        pieces = [list(indices[start : start + size]) for start in range(0, len(indices), size)]
        futures = as_completed([submit(piece, 1) for piece in pieces], loop=self._client.loop)
        try:
            for future in futures:
                some, attempt = tries.pop(future.key)
                if future.status == "finished":
                    yield from future.result()
                elif self._client.status != "running":
                    raise ClusterError("the connection to the scheduler is lost; the same command goes on")
                elif attempt < ATTEMPTS:
                    for index in some:
                        futures.add(submit([index], attempt + 1))
                else:
                    error = future.exception() if future.status == "error" else "its result was lost"
                    reason = f"its workers failed again and again: {error}"
                    yield from (Outcome(work.jobs[index].name, "failed", reason) for index in some)
                future.release()
        finally:
            self._client.cancel([future for future in futures.futures], force=True)


# A worker may run several tasks at once, but one model fills its processor or GPU.
_one_at_a_time = threading.Lock()


def _keep_freed_memory() -> None:
    """Let the allocator keep what is freed, as it does by itself.

    Dask's nanny has glibc give it back at once; then each layer of the network gets
    fresh pages from the kernel, which makes a tile half as expensive again.
    """
    if "MALLOC_TRIM_THRESHOLD_" not in os.environ:
        return
    with suppress(AttributeError, OSError, TypeError):  # another C library than glibc
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, 32 << 20)  # the most that glibc takes
        mallopt(_M_TRIM_THRESHOLD, 512 << 20)


@lru_cache(maxsize=1)
def _maker(url: str, fingerprint: str) -> Maker:
    """The worker's maker; it keeps the model for all tasks of a batch."""
    storage = open_storage(url)
    work = former_work(storage)
    if work is None or work.fingerprint != fingerprint:
        raise ClusterError(f"a worker does not see this batch in {url}; give a place that all workers share as --out")
    return _loaded(work, storage)


def _loaded(work: Work, storage: Storage) -> Maker:
    _keep_freed_memory()
    maker = Maker(work, storage)
    maker.load()
    return maker


def _make(url: str, fingerprint: str, indices: list[int]) -> list[Outcome]:
    with _one_at_a_time:
        maker = _maker(url, fingerprint)
        return list(maker.make([maker.work.jobs[i] for i in indices], look=True))


def _measure(url: str, fingerprint: str, first: int) -> float | None:
    with _one_at_a_time:
        maker = _maker(url, fingerprint)
        return measured_tile(maker, maker.work.jobs[first:])


def _measure_sent(url: str, work_json: str, first: int) -> float | None:
    with _one_at_a_time:
        maker = _loaded(Work.model_validate_json(work_json), open_storage(url))
        return measured_tile(maker, maker.work.jobs[first:])
