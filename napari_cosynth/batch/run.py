"""A batch from plan to data set: one generator for the command line and the dock.

Stopped or killed at any moment, the same call goes on: what is finished is told
by the files, what is to be made by the plan.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path

from napari_cosynth.batch.asked_dataset import refuse_dataset
from napari_cosynth.batch.cluster import Cluster
from napari_cosynth.batch.control import Control
from napari_cosynth.batch.finish import export_tiles, write_failures
from napari_cosynth.batch.local import Local, Prepared, Wishes
from napari_cosynth.batch.making import Outcome, Stopped
from napari_cosynth.batch.measure import Setup
from napari_cosynth.batch.plan import Plan
from napari_cosynth.batch.plan_faults import group_place
from napari_cosynth.batch.same_tiles import refuse_other
from napari_cosynth.batch.storage import Storage, finished, open_storage
from napari_cosynth.batch.work import Work, former_work, layouts_of, tissues_of, write_work
from napari_cosynth.data.terms import unknown_words
from napari_cosynth.export.dataset import Progress
from napari_cosynth.export.exporter import ExportError
from napari_cosynth.layout import Layout
from napari_cosynth.structure.unheard import unheard
from napari_cosynth.suggest import structure_generator
from napari_cosynth.synthesis import RequestError, SynthesisError, make_request


@dataclass(frozen=True)
class Options:
    """How a plan is carried out; nothing here changes which tiles come out.

    Parameters
    ----------
    wishes
        For this machine; of a cluster's workers only threads, batch_size and deterministic.
    device, dtype
        The fastest if None; "cpu" and "float32" if deterministic.
    scheduler
        Address of a Dask scheduler; None: this machine.
    dry_run
        Check and measure, and end before anything is written.
    """

    wishes: Wishes = Wishes()
    device: str | None = None
    dtype: str | None = None
    scheduler: str | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class Total:
    """What the plan comes to. ``there`` tiles are finished, ``left`` are to be made."""

    groups: int
    layouts: int
    tiles: int
    there: int
    notes: tuple[str, ...] = ()

    @property
    def left(self) -> int:
        """Tiles to be made."""
        return self.tiles - self.there


@dataclass(frozen=True)
class Ready:
    """Everything is measured and loaded; the first tile comes next. ``workers`` of a cluster, if it is one."""

    prepared: Prepared
    workers: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Made:
    """One more tile. ``done`` of ``total`` to be made."""

    outcome: Outcome
    done: int
    total: int
    tiles_a_second: float


@dataclass(frozen=True)
class Done:
    """The batch has ended.

    Parameters
    ----------
    states
        Number of tiles made, rejected, there and failed.
    failed
        Their outcomes.
    makers
        Tiles by what made them: if there are several, last bits may differ between tiles.
    dataset_fault
        Why there is no data set, though the plan has one; empty if there is.
    """

    states: dict[str, int]
    failed: tuple[Outcome, ...]
    makers: dict[str, int]
    seconds: float
    dataset_fault: str = ""


Event = Total | Ready | Made | Progress | Done


def run_batch(
    plan: Plan, out: str | Path, options: Options | None = None, control: Control | None = None
) -> Iterator[Event]:
    """Carry out a plan.

    Closing the generator stops it after the steps in hand; finished tiles stay.

    Parameters
    ----------
    out
        Folder or fsspec URL: gets ``tiles/``, ``dataset/``, ``batch.json`` and ``failures.json``.
    control
        Asked between two steps on this machine. A cluster ends when it says so, but is never held.

    Yields
    ------
    Total, Ready, Made for each tile, `export`'s Progress, Done. Without anything to make, no Ready.
    A dry run ends with Ready, or with Total.

    Raises
    ------
    PlanError
        If the plan needs what is not there, or ``out`` holds tiles of another one.
    SynthesisError, StorageError, OSError
        If it cannot be done or gone on with.
    Stopped
        If the control called it off; finished tiles stay.
    """
    options, control = options or Options(), control or Control()
    storage = open_storage(out)
    work, notes = _work(plan, options)
    former = former_work(storage)
    names = storage.names()
    there = [job for job in work.jobs if finished(names, job.name)]
    left = [i for i, job in enumerate(work.jobs) if not finished(names, job.name)]
    refuse_other(former, work, there, storage)
    yield Total(len(plan.group), plan.n_layouts, plan.n_tiles, len(there), notes)
    with nullcontext() if options.dry_run else storage.alone():
        yield from _carried_out(work, former, len(there), left, storage, options, control)


def _carried_out(
    work: Work,
    former: Work | None,
    there: int,
    left: list[int],
    storage: Storage,
    options: Options,
    control: Control,
) -> Iterator[Event]:
    """Everything after the total: the tiles of the indices ``left``, then the data set."""
    if not options.dry_run:
        storage.ready()
    elif not left:
        return
    failed: list[Outcome] = []
    states, makers = Counter(there=there), Counter()
    start = time.monotonic()
    if left:
        with ExitStack() as stack:
            start = time.monotonic()
            engine, work, ready = _engine(stack, work, storage, options, left, control)
            if former is not None and there and former.how() != work.how():
                note = (
                    f"the {there} finished tiles were made with {former.how()}, the others will be with "
                    f"{work.how()}; last bits may differ"
                )
                ready = Ready(ready.prepared, ready.workers, (*ready.notes, note))
            yield ready
            if options.dry_run:
                return
            write_work(storage, work)
            start = time.monotonic()
            try:
                for done, outcome in enumerate(engine(left), start=1):
                    states[outcome.state] += 1
                    makers.update([outcome.maker] if outcome.maker else ())
                    if outcome.state == "failed":
                        failed.append(outcome)
                    yield Made(outcome, done, len(left), done / (time.monotonic() - start))
                    if control.stopped:
                        raise Stopped
                    if outcome.disk:
                        raise SynthesisError(f"{outcome.name} {outcome.reason}; then the same command goes on")
            finally:
                write_failures(storage, failed)
    seconds, fault = time.monotonic() - start, ""
    if work.plan.export is not None:
        try:
            for progress in export_tiles(storage, work.jobs, work.plan.export):
                yield progress
                if control.asked_to_stop():
                    raise Stopped
        except ExportError as error:
            fault = str(error)
    yield Done(dict(states), tuple(failed), dict(makers), seconds, fault)


def _work(plan: Plan, options: Options) -> tuple[Work, tuple[str, ...]]:
    """The work on one process and thread, and what is to be said about the plan."""
    from napari_cosynth.model import zoo

    try:
        folder = zoo.find_model(plan.tiles.model)
    except zoo.ModelError as error:
        raise RequestError(f'[tiles], key "model": {error}') from error
    alike = options.wishes.deterministic
    device, dtype = options.device or ("cpu" if alike else None), options.dtype or ("float32" if alike else None)
    height, width = plan.tiles.size
    layout = Layout(height=height, width=width, taxonomy=folder.taxonomy)
    if options.scheduler is None:
        request = make_request(layout, model=plan.tiles.model, device=device, dtype=dtype)
        device, dtype = request.device, request.dtype
    else:
        # The workers' devices are theirs.
        request = make_request(layout, model=plan.tiles.model, device="cpu", dtype="float32")
    terms = folder.prompt_terms
    prompts = dict.fromkeys(prompt for group in plan.group for prompt in group.prompts)
    unseen = dict.fromkeys(word for prompt in prompts for word in (unknown_words(prompt, terms) if terms else ()))
    notes = [f"the model was never shown {', '.join(map(repr, unseen))}; do not expect an effect"] if unseen else []
    work = Work(
        plan=plan,
        tissues=tissues_of(plan, folder.taxonomy),
        layouts=layouts_of(plan, folder.taxonomy),
        model=request.model,
        model_hash=folder.hash,
        taxonomy=folder.taxonomy,
        device=device,
        dtype=dtype,
        threads=options.wishes.threads or 1,
        batch_size=1 if alike else options.wishes.batch_size or 1,
        deterministic=alike,
    )
    refuse_dataset(plan, work.tissues, work.layouts, work.taxonomy)
    return work, (*notes, *_unheard(work))


def _unheard(work: Work) -> Iterator[str]:
    """What of the groups' structure will have no effect."""
    for number, group in enumerate(work.plan.group, start=1):
        if group.structure.strip():
            asked = [name for name, n in (group.counts or group.mix or {}).items() if n]
            classes = asked or work.tissues[group.name].classes
            for sentence in unheard(group.structure, structure_generator(), classes):
                yield f'{group_place(number, group.name)}, key "structure": {sentence}'


def _engine(
    stack: ExitStack, work: Work, storage: Storage, options: Options, left: list[int], control: Control
) -> tuple[Callable[[list[int]], Iterator[Outcome]], Work, Ready]:
    """What makes tiles of indices, the work as it is done, and what was measured."""
    if options.scheduler is None:
        local = stack.enter_context(Local(work, storage, options.wishes, control))
        prepared = local.prepare(left)
        work = work.set_up(threads=local.setup.threads, batch_size=local.setup.batch_size)
        return local.run, work, Ready(prepared)
    cluster = stack.enter_context(Cluster(options.scheduler, storage))
    if not options.dry_run:
        write_work(storage, work)
    tile, workers = cluster.measured_tile(work, left[0], written=not options.dry_run), cluster.workers
    seconds = None if tile is None else tile * len(left) / max(workers, 1)
    notes = () if workers else ("the cluster has no worker yet; the batch begins when one comes",)
    prepared = Prepared(Setup(workers, work.threads, work.batch_size), tile, seconds)
    return lambda indices: cluster.run(work, indices), work, Ready(prepared, workers, notes)
