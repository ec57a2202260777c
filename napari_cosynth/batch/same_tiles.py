"""Whether the tiles that are there are those that a plan would make, by the last run's plan or their own records."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from napari_cosynth.batch.jobs import Job, attempt_seed, draw_layout
from napari_cosynth.batch.measure import chunks
from napari_cosynth.batch.plan import PlanError
from napari_cosynth.batch.storage import TILES, Storage
from napari_cosynth.batch.work import Work
from napari_cosynth.layout import Layout
from napari_cosynth.quality import layout_report
from napari_cosynth.request import SynthesisRequest
from napari_cosynth.tile_files import TileFileError, nuclei_of, read_record

_AT_ONCE = 16
"""Records read together: in a bucket each takes its time."""

Fact = tuple[str, Any, Any]
"""What it is about, how it was, how it is."""


def refuse_other(former: Work | None, work: Work, there: Sequence[Job], storage: Storage) -> None:
    """Refuse to go on where tiles of the same names would look different.

    Tiles that the last run's plan had are compared by the two plans, so nothing
    is read. Of the others, left by a run before it, each record is.

    Parameters
    ----------
    former
        The last run's, if it is known.
    there
        The finished tiles.

    Raises
    ------
    PlanError
        Naming the first difference.
    """
    known = {} if former is None else {job.name: job for job in former.jobs}
    shared = [job for job in there if job.name in known]
    others = [job for job in there if job.name not in known]
    facts = _by_plans(former, work, shared, known) if shared else iter(())
    different = next((fact for fact in facts if fact[1] != fact[2]), None)
    different = different or next((fact for fact in _by_records(work, others, storage) if fact[1] != fact[2]), None)
    if different:
        key, a, b = different
        raise PlanError(
            f"{storage.url} holds {len(there)} tiles of another plan: {key} was {a!r} and is {b!r}. "
            "Give another --out, or the plan as it was (groups, layouts, files, prompts and variants may be added)"
        )


def _by_plans(former: Work, work: Work, there: Sequence[Job], known: dict[str, Job]) -> Iterator[Fact]:
    old, new = former.plan, work.plan
    yield "the model", former.model_hash, work.model_hash
    yield from _pairs("[tiles]", old.tiles, new.tiles, but=("model",))
    yield from _pairs("[gate]", old.gate, new.gate)
    groups, new_groups = ({g.name: g for g in plan.group} for plan in (old, new))
    for name in dict.fromkeys(job.group for job in there):
        if name in groups:
            skip = ("layouts", "files", "prompts", "variants", "tissue")
            yield from _pairs(f'[[group]] "{name}"', groups[name], new_groups[name], but=skip)
            if former.tissues.get(name) != work.tissues.get(name):
                yield f'[[group]] "{name}" tissue', groups[name].tissue, new_groups[name].tissue
    for job in there:
        before, now = (w.layouts.get(job.group, {}).get(job.layout) for w in (former, work))
        if before is not None and now is not None:
            yield from _layouts(job, before, now)
    for job in there:
        before = known[job.name]
        yield f"prompts (of {job.name})", before.prompt, job.prompt
        yield f"seed (of {job.name})", before.seed, job.seed


def _by_records(work: Work, there: Sequence[Job], storage: Storage) -> Iterator[Fact]:
    def read(path: Path) -> bytes:
        return storage.read(path.as_posix())

    def record(job: Job) -> tuple[Path, SynthesisRequest, dict[str, Any]] | None:
        path = Path(TILES, f"{job.name}.json")
        with suppress(TileFileError):  # the export lists it
            return path, *read_record(path, read)
        return None

    drawn: set[str] = set()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for some in chunks(range(len(there)), 16 * _AT_ONCE):
            jobs = [there[i] for i in some]
            for job, found in zip(jobs, pool.map(record, jobs), strict=True):
                if found is not None:
                    yield from _by_record(work, job, *found)
                    if job.group not in drawn:
                        yield from _layouts(job, found[1].layout, _layout(work, job))
                    if job.group in work.tissues:
                        # Drawing takes long, and what layouts are drawn from is the same for the whole group.
                        drawn.add(job.group)


def _by_record(work: Work, job: Job, path: Path, request: SynthesisRequest, record: dict[str, Any]) -> Iterator[Fact]:
    plan, layout = work.plan, request.layout
    yield "the model", request.model_hash, work.model_hash
    yield "[tiles] size", (layout.height, layout.width), plan.tiles.size
    for key, value in plan.tiles.preset._asdict().items():
        yield f"[tiles] {key}", getattr(request, key), value
    yield f"prompts (of {job.name})", request.prompt, job.prompt
    if request.seed not in (attempt_seed(job, attempt) for attempt in range(1, plan.gate.attempts + 1)):
        yield f"seed (of {job.name})", request.seed, job.seed
    with suppress(TileFileError):
        passes = plan.gate.passes(layout_report(layout, nuclei_of(path, record)))
        words = {True: "rejected", False: "good enough"}
        yield f"{job.name} by the [gate]", words[record.get("verdict") == "rejected"], words[not passes]


def _layout(work: Work, job: Job) -> Layout | None:
    """The layout that a tile would be made of; None if it cannot be drawn."""
    if job.group in work.layouts:
        return work.layouts[job.group][job.layout]
    group = next(g for g in work.plan.group if g.name == job.group)
    try:
        return draw_layout(group, work.tissues[job.group], work.plan.tiles.size, job.layout_seed, work.taxonomy)
    except ValueError:
        return None


def _layouts(job: Job, before: Layout, now: Layout | None) -> Iterator[Fact]:
    if before != now:
        yield f'[[group]] "{job.group}" layout {job.layout}', _points(before), None if now is None else _points(now)


def _points(layout: Layout) -> str:
    """Short, and another one for any other layout."""
    digest = hashlib.sha256(layout.model_dump_json().encode()).hexdigest()[:8]
    return f"{len(layout)} nuclei ({digest})"


def _pairs(place: str, old: BaseModel, new: BaseModel, but: Sequence[str] = ()) -> Iterator[Fact]:
    keys = (key for key in type(old).model_fields if key not in but)
    return ((f"{place} {key}", getattr(old, key), getattr(new, key)) for key in keys)
