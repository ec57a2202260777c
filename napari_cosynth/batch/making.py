"""A worker's part: makes tiles of a batch and writes them. One at a time or several together.

It holds the model, loaded once, and knows nothing of other workers.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Literal

from napari_cosynth.batch.jobs import Job, attempt_seed, draw_layout
from napari_cosynth.batch.storage import TILES, Storage
from napari_cosynth.batch.work import Work
from napari_cosynth.layout import Layout
from napari_cosynth.request import SynthesisRequest
from napari_cosynth.synthesis import RequestError, is_out_of_memory, tile_of
from napari_cosynth.tile import SyntheticTile

if TYPE_CHECKING:
    from napari_cosynth.model.nearest_file import TrainingCheck
    from napari_cosynth.model.pipeline import CoSynthPipeline
    from napari_cosynth.model.zoo import ModelFolder


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


class Stopped(Exception):
    """The work was called off between two steps; nothing of the tile in hand is kept."""


@dataclass(frozen=True)
class Outcome:
    """What became of a tile.

    Parameters
    ----------
    state
        "made"; "rejected" if it is below the gate; "there" if it was already; or "failed".
    reason
        Why it failed.
    disk
        True if it failed because there is no room for it, so that others would fail too.
    maker
        What made it: versions, device, arithmetic.
    """

    name: str
    state: Literal["made", "rejected", "there", "failed"]
    reason: str = ""
    disk: bool = False
    maker: str = ""


class Maker:
    """Makes tiles of one work.

    Parameters
    ----------
    stop
        Asked between two steps; True calls the work off.
    """

    def __init__(self, work: Work, storage: Storage, stop: Callable[[], bool] = lambda: False) -> None:
        self.work = work
        self.batch_size = work.batch_size
        self._storage = storage
        self._stop = stop
        self._layout = lru_cache(maxsize=4)(self._drawn_or_own)

    @cached_property
    def _folder(self) -> ModelFolder:
        from napari_cosynth.model import zoo

        try:
            folder = zoo.find_model(self.work.model)
        except zoo.ModelError as error:
            raise RequestError(str(error)) from error
        if folder.hash != self.work.model_hash:
            raise RequestError(
                f"the model {self.work.model} has the hash {folder.hash} here, but {self.work.model_hash} where "
                "the batch was started; install the same version on all machines"
            )
        return folder

    @cached_property
    def _pipe(self) -> CoSynthPipeline:
        import torch

        from napari_cosynth.model import zoo

        torch.set_num_threads(self.work.threads)
        folder, device = self._folder, self.work.device or zoo.available_devices()[0]
        try:
            return zoo.load(folder, device, self.work.dtype or zoo.choose_dtype(folder, device))
        except zoo.ModelError as error:
            raise RequestError(str(error)) from error

    @cached_property
    def _check(self) -> TrainingCheck | None:
        from napari_cosynth.model.nearest_file import NearestError, training_check

        try:
            return training_check(self._folder.path)
        except NearestError as error:
            raise RequestError(str(error)) from error

    def load(self) -> None:
        """Load the model now, not at the first tile.

        Raises
        ------
        RequestError
            If it cannot be used here.
        """
        _ = self._pipe, self._check

    @cached_property
    def description(self) -> str:
        """What makes the tiles here, as far as it may change their last bits."""
        import torch

        threads = f"{self.work.threads} thread{'s' if self.work.threads > 1 else ''}"
        cpu = torch.backends.cpu.get_cpu_capability()
        return f"torch {torch.__version__}, {self._device} ({cpu}), {self._dtype}, {threads}"

    def make(self, jobs: Sequence[Job], *, look: bool = False) -> Iterator[Outcome]:
        """Make tiles and write them, ``batch_size`` at a time; one outcome for each, in any order.

        Parameters
        ----------
        look
            Pass over tiles that another worker has finished meanwhile.

        Raises
        ------
        Stopped
            If the work was called off.
        """
        todo: list[tuple[Job, SynthesisRequest]] = []
        for job in jobs:
            if look and self._storage.has(f"{TILES}/{job.name}.json"):
                yield Outcome(job.name, "there")
                continue
            try:
                todo.append((job, self.request(job)))
            except Exception as error:
                yield Outcome(job.name, "failed", _reason(error))
        best: dict[str, SyntheticTile] = {}
        for attempt in range(1, self.work.plan.gate.attempts + 1):
            last = attempt == self.work.plan.gate.attempts
            again = []
            for start in range(0, len(todo), self.batch_size):
                some = todo[start : start + self.batch_size]
                seeded = [request.with_seed(attempt_seed(job, attempt)) for job, request in some]
                for (job, request), made in zip(some, self._made_or_error(seeded), strict=True):
                    if isinstance(made, Exception):
                        yield Outcome(job.name, "failed", _reason(made))
                        continue
                    passes = self.work.plan.gate.passes(made.report)
                    if not passes:
                        best[job.name] = max(best.get(job.name, made), made, key=_worth)
                    if passes or last:
                        yield self._written(job, made if passes else best.pop(job.name), passes)
                    else:
                        again.append((job, request))
            todo = again

    def request(self, job: Job) -> SynthesisRequest:
        """The request of a job's first attempt.

        Raises
        ------
        ValueError
            If its layout cannot be drawn.
        """
        preset = self.work.plan.tiles.preset
        return SynthesisRequest(
            layout=self._layout(job.group, job.layout, job.layout_seed),
            prompt=job.prompt,
            seed=job.seed,
            **preset._asdict(),
            dtype=self._dtype,
            device=self._device,
            threads=self.work.threads,
            model=self.work.model,
            model_hash=self.work.model_hash,
        )

    def together(self, requests: Sequence[SynthesisRequest]) -> list[SyntheticTile]:
        """Tiles of requests that differ in layout, prompt and seed alone; alone each is the tile of `synthesis.run`.

        Raises
        ------
        Stopped
            If the work was called off.
        """
        import torch

        requests = [request.model_copy(update={"batch_size": len(requests)}) for request in requests]
        first, layouts = requests[0], [request.layout for request in requests]
        torch.set_num_threads(first.threads)
        generators = [torch.Generator().manual_seed(request.seed) for request in requests]
        noise = self._pipe.draw_noise((layouts[0].height, layouts[0].width), generators)
        settings = first.steps, first.guidance, first.layout_guidance
        for step in self._pipe.denoise(layouts, [request.prompt for request in requests], noise, *settings):
            joint = step.joint
            if self._stop():
                raise Stopped
        made = self._pipe.decode(joint, layouts)
        tiles = [tile_of(*parts) for parts in zip(requests, made.images, made.labels, strict=True)]
        if self._check is None:
            return tiles
        return [replace(tile, training_distance=self._check.distance(tile.image)) for tile in tiles]

    def _made_or_error(self, requests: list[SynthesisRequest]) -> list[SyntheticTile | Exception]:
        try:
            return list(self.together(requests))
        except Stopped:
            raise
        except Exception as error:
            if len(requests) == 1:
                return [error]
        # One tile's fault, or memory for fewer: the halves fare better.
        half = len(requests) // 2
        return self._made_or_error(requests[:half]) + self._made_or_error(requests[half:])

    def _written(self, job: Job, tile: SyntheticTile, passes: bool) -> Outcome:
        tile = tile if passes else replace(tile, verdict="rejected")
        try:
            self._storage.write_tile(tile, job.name, job.source)
        except Exception as error:
            if isinstance(error, OSError) and error.errno in _NO_ROOM:
                return Outcome(job.name, "failed", f"cannot be written: {error}; free some space", disk=True)
            return Outcome(job.name, "failed", _reason(error))
        maker = f"{self.description}, batch {tile.request.batch_size}"
        return Outcome(job.name, "made" if passes else "rejected", maker=maker)

    def _drawn_or_own(self, group: str, layout: str, seed: int) -> Layout:
        if group in self.work.layouts:
            return self.work.layouts[group][layout]
        plan = self.work.plan
        table = next(g for g in plan.group if g.name == group)
        return draw_layout(table, self.work.tissues[group], plan.tiles.size, seed, self.work.taxonomy)

    @property
    def _device(self) -> str:
        return str(self._pipe.unet.device)

    @property
    def _dtype(self) -> str:
        return str(self._pipe.unet.dtype).removeprefix("torch.")


def _worth(tile: SyntheticTile) -> int:
    """The best of several attempts: points that got the nucleus asked for, less nuclei that nobody asked for."""
    report = tile.report
    return report.found - len(report.other_class) - len(report.extra)


def _reason(error: Exception) -> str:
    if is_out_of_memory(error):
        return f"not enough memory ({error}); close other programs, use fewer workers, or make smaller tiles"
    expected = isinstance(error, ValueError | RequestError)
    return str(error) if expected else f"{type(error).__name__}: {error}"
