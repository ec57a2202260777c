"""How many processes, threads and tiles at a time are fastest here: measured, not guessed.

A trial makes real tiles of the plan with a few steps and throws them away.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_cosynth.batch.jobs import Job
from napari_cosynth.batch.making import Maker, Stopped
from napari_cosynth.request import SynthesisRequest
from napari_cosynth.tile import SyntheticTile
from napari_cosynth.tile_files import write_tile

TRIAL_STEPS = 2
WORTH_IT = 1.05
"""A larger batch must give at least so many times the throughput: it costs memory and reproducibility."""
MAX_BATCH = {"cpu": 8}
_MAX_BATCH_ELSEWHERE = 64
GB_A_PROCESS = 1.0
"""What a worker process with the bundled model takes at 256 px, in GB."""


@dataclass(frozen=True)
class Setup:
    """How a machine is used: worker processes, threads of each, tiles that each makes together."""

    workers: int = 1
    threads: int = 1
    batch_size: int = 1

    def __str__(self) -> str:
        processes = "one process" if self.workers == 1 else f"{self.workers} processes"
        each = f"{self.threads} thread{'s' if self.threads > 1 else ''}" + (" each" if self.workers > 1 else "")
        return f"{processes} with {each}, {self.batch_size} tile{'s' if self.batch_size > 1 else ''} at a time"


def usable_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def most_workers(device: str) -> int:
    """Worker processes that are worth trying: one a core as far as memory goes; one for a GPU."""
    if device != "cpu":
        return 1
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    except (AttributeError, OSError, ValueError):
        return usable_cores()
    return max(1, min(usable_cores(), int(free / GB_A_PROCESS)))


def first_requests(maker: Maker, jobs: Sequence[Job], n: int) -> list[SynthesisRequest]:
    """Requests to try with: of the first jobs whose layouts can be drawn, again and again if they are few."""
    found: list[SynthesisRequest] = []
    for job in jobs[: 4 * n + 20]:
        try:
            found.append(maker.request(job))
        except ValueError:
            continue
        if len(found) == n:
            break
    return [found[i % len(found)] for i in range(n)] if found else []


def measured_tile(maker: Maker, jobs: Sequence[Job]) -> float | None:
    """Seconds of one tile, from noise to files; None if it fails: then the batch says so at that tile."""
    requests = first_requests(maker, jobs, 1)
    if not requests:
        return None
    try:
        maker.together([_short(requests[0], 1)])  # the first forward pass of a process prepares a lot
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            write_tile(maker.together(requests)[0], Path(folder), "tile")
    except Stopped:
        raise
    except Exception:
        return None
    return time.perf_counter() - start


def trial(maker: Maker, jobs: Sequence[Job], size: int) -> float | None:
    """Seconds a tile, if ``size`` are made together with `TRIAL_STEPS` steps; None if that cannot be."""
    try:
        requests = [_short(request) for request in first_requests(maker, jobs, size)]
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            for i, tile in enumerate(maker.together(requests)):
                write_tile(tile, Path(folder), f"tile-{i}")
    except Stopped:
        raise
    except Exception:
        return None
    return (time.perf_counter() - start) / size


def best_batch(seconds_of: Callable[[int], float | None], device: str) -> tuple[int, float]:
    """The batch size, a power of two, with the least seconds a tile; and those.

    Parameters
    ----------
    seconds_of
        Tries a batch size; None if it cannot be made.
    """
    best, least = 1, seconds_of(1) or np.inf
    size = 2
    while size <= MAX_BATCH.get(device.split(":")[0], _MAX_BATCH_ELSEWHERE):
        seconds = seconds_of(size)
        if seconds is None or seconds * WORTH_IT > least:
            break
        best, least, size = size, seconds, 2 * size
    return best, least


def difference(maker: Maker, jobs: Sequence[Job], setup: Setup) -> str:
    """How a tile of this set-up differs from one made alone with one thread, in a few steps; in words."""
    requests = first_requests(maker, jobs, setup.batch_size)
    together = [r.model_copy(update={"threads": setup.threads}) for r in map(_short, requests)]
    alone = _short(requests[0]).model_copy(update={"threads": 1})
    a, b = maker.together(together)[0], maker.together([alone])[0]
    return in_words(a, b)


def in_words(a: SyntheticTile, b: SyntheticTile) -> str:
    """How two tiles of one request differ; empty if they do not."""
    grey = int(np.abs(a.image.astype(int) - b.image).max())
    labels = float(np.mean((a.instances != b.instances) | (a.semantic != b.semantic)))
    return f"up to {grey} of 255 grey levels and {labels:.2%} of the label pixels" if grey or labels else ""


def chunks(indices: Sequence[int], size: int) -> Iterator[list[int]]:
    """Pieces of a sequence."""
    for start in range(0, len(indices), size):
        yield list(indices[start : start + size])


def _short(request: SynthesisRequest, steps: int = TRIAL_STEPS) -> SynthesisRequest:
    return request.model_copy(update={"steps": min(steps, request.steps)})
