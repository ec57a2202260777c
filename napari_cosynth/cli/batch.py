"""`napari-cosynth batch`: a plan becomes layouts, tiles and a data set, on one machine or many."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from napari_cosynth.cli.left_out import print_left_out
from napari_cosynth.cli.outcome import FAILURE, console, errors, note, outcome, ready_out, say
from napari_cosynth.cli.work_bar import work_bar
from napari_cosynth.counted import counted
from napari_cosynth.duration import duration
from napari_cosynth.synthesis import SynthesisError

if TYPE_CHECKING:
    from napari_cosynth.batch.run import Done, Made, Ready, Total

_SHOWN = 10
_LINE_EVERY = 60.0
"""Seconds between two lines of progress where there is no terminal, such as in a job's log."""


def batch(
    plan: Annotated[Path, typer.Argument(metavar="PLAN.toml", help="What to make; see sample_data/batch.toml.")],
    out: Annotated[str, typer.Option(help="Folder, or fsspec URL such as s3://bucket/batch.")] = "batch",
    deterministic: Annotated[
        bool,
        typer.Option("--deterministic", help="The same tiles, bit for bit, on any number of workers: batches of one."),
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Worker processes here; measured if left out.", show_default=False)
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads of each worker; measured if left out.", show_default=False)
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Tiles made together; measured if left out.", show_default=False)
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1 or mps; the fastest if left out.")] = None,
    dtype: Annotated[str | None, typer.Option(help="float32 or bfloat16; the faster if left out.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler, such as tcp://10.0.0.1:8786; see docs/batch.md.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check, measure and say the total; make nothing.")] = False,
) -> None:
    """Make the tiles of a plan: tissues, prompts and class mixes become layouts, tiles and a data set.

    The plan is checked and its total said before it starts. OUT gets `tiles/` (as
    `synth` writes them), `dataset/` (if the plan has an [export] table), and
    `failures.json`: a tile that fails is listed and does not stop the rest.

    Killed or stopped, the same command goes on: names and seeds follow from the
    plan alone, and a tile is finished when its record is there.

    Exit codes: 0 done, 2 wrong input, 1 failure, also of single tiles.

    **Examples**

    `napari-cosynth batch sample_data/batch.toml --out my_batch --dry-run`

    `napari-cosynth batch plan.toml --out my_batch --deterministic --workers 8`

    `napari-cosynth batch plan.toml --out s3://bucket/my_batch --scheduler tcp://10.0.0.1:8786`
    """
    with outcome("stopped; finished tiles are kept, and the same command goes on"):
        from napari_cosynth.batch.local import Wishes
        from napari_cosynth.batch.plan import read_plan
        from napari_cosynth.batch.run import Done, Made, Options, Ready, Total, run_batch

        if deterministic and batch_size not in (None, 1):
            raise ValueError("--deterministic makes tiles one by one; leave out --batch-size")
        if scheduler is not None and workers is not None:
            raise ValueError("with --scheduler the cluster's own workers make the tiles; leave out --workers")
        wishes = Wishes(workers, threads, batch_size, deterministic)
        running = run_batch(read_plan(plan), out, Options(wishes, device, dtype, scheduler, dry_run))
        with work_bar("tiles") as bar:
            task = bar.add_task("measuring", total=None)
            said, left_out = time.monotonic(), ()
            for event in running:
                match event:
                    case Total():
                        _print_total(event)
                        if "://" not in out and not dry_run:
                            ready_out(Path(out))
                    case Ready():
                        _print_ready(event)
                    case Made():
                        bar.update(task, description="making", completed=event.done, total=event.total)
                        if not console.is_terminal and time.monotonic() - said > _LINE_EVERY:
                            said = time.monotonic()
                            _print_progress(event)
                    case Done():
                        done = event
                    case _:
                        left_out = event.left_out
                        bar.update(task, description=event.stage, completed=event.done, total=event.total or None)
        if dry_run:
            return
        print_left_out(left_out)
        _print_done(done, out)
        if done.dataset_fault:
            raise SynthesisError(f"there is no data set: {done.dataset_fault}")
        if done.failed:
            raise typer.Exit(FAILURE)


def _print_total(total: Total) -> None:
    parts = (counted(total.groups, "group"), counted(total.layouts, "layout"), counted(total.tiles, "tile"))
    there = f"; {total.there:,} are there, {total.left:,} to be made" if total.there else ""
    say(f"{', '.join(parts)}{there}")
    for text in total.notes:
        note(text)


def _print_ready(ready: Ready) -> None:
    prepared = ready.prepared
    for setup, seconds in prepared.tried:
        say(f"  tried: {setup}: {seconds:.2f} s a tile of few steps")
    how = str(prepared.setup) if ready.workers is None else f"{ready.workers} workers of the cluster"
    tile = prepared.tile_seconds
    one = "no tile could be measured" if tile is None else f"one tile takes {tile:.1f} s"
    about = "" if prepared.seconds is None else f"about {duration(prepared.seconds)}; "
    say(f"{about}{one}; {how}")
    if prepared.remark:
        note(f"tiles differ from those of --deterministic, after a few steps by {prepared.remark}")
    for text in ready.notes:
        note(text)


def _print_progress(made: Made) -> None:
    left = duration((made.total - made.done) / made.tiles_a_second)
    say(f"{made.done:,} of {made.total:,} tiles, {made.tiles_a_second:.2f} a second, {left} left")


def _print_done(done: Done, out: str) -> None:
    made = done.states.get("made", 0) + done.states.get("rejected", 0)
    parts = [f"{counted(made, 'tile')} made"]
    if made and done.seconds:
        parts[0] += f" in {duration(done.seconds)} ({made / done.seconds:.2f} a second)"
    for state, words in (("rejected", "below the gate"), ("there", "there before"), ("failed", "failed")):
        if done.states.get(state):
            parts.append(f"{done.states[state]:,} {words}")
    if len(done.makers) > 1:
        note("tiles were made in different ways, so last bits may differ between them:")
        for maker, count in done.makers.items():
            errors.print(f"  {counted(count, 'tile')}: {maker}", soft_wrap=True)
    if done.failed:
        table = Table("tile", "failed because")
        for failure in done.failed[:_SHOWN]:
            table.add_row(failure.name, failure.reason)
        if len(done.failed) > _SHOWN:
            table.add_row("...", f"{len(done.failed) - _SHOWN:,} more in failures.json")
        errors.print(table)
    say(f"{out}: {', '.join(parts)}")
