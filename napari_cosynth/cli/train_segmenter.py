"""`napari-cosynth train-segmenter`: a network that finds nuclei in an image alone, from labelled tiles."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from napari_cosynth.classes import BUNDLED
from napari_cosynth.cli.outcome import outcome, ready_out, say
from napari_cosynth.cli.sources import note_unknown_classes, source_weights, training_tiles
from napari_cosynth.cli.train_course import SEGMENTER_FACT_OF, asked_facts, changes, given_facts
from napari_cosynth.cli.work_bar import work_bar
from napari_cosynth.request import MAX_SEED

PRECISIONS = ("bf16", "float32")
_LINE_EVERY = 100


def train_segmenter(
    ctx: typer.Context,
    data: Annotated[list[Path], typer.Option(help="Folder of labelled tiles; give it again for more.")],
    out: Annotated[Path, typer.Option(help="Folder of the run: checkpoint and the segmenter's folder.")],
    resume: Annotated[bool, typer.Option("--resume", help="Go on from OUT's checkpoint.")] = False,
    steps: Annotated[
        int, typer.Option(min=1, help="Steps of eight crops; the learning rate falls to 0 at the last.")
    ] = 4000,
    weight: Annotated[list[str] | None, typer.Option(help="SOURCE=FACTOR on a source's share of the crops.")] = None,
    partial: Annotated[
        list[str] | None, typer.Option(help="SOURCE whose labels leave nuclei out, whatever its table says.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Of the first weights and the crops.")] = 0,
    precision: Annotated[
        str, typer.Option(help="bf16, or float32: faster on processors without bf16 arithmetic.")
    ] = "bf16",
    threads: Annotated[int | None, typer.Option(min=1, help="Of the processor; all if left out.")] = None,
) -> None:
    """Train a segmenter: a judge for `evaluate --segmenter`, or one that outlines for `train --complete`.

    Tiles of the split "train" that have masks are used. One that outlines what a
    model learns from should not be the one that judges the model: train two, with
    different seeds.

    OUT gets `checkpoint.pt`, `run.json` and `model/`. A killed run goes on with
    --resume: options that are not given are as they were. Half an hour on one core
    is enough.

    **Examples**

    `napari-cosynth train-segmenter --data my_tiles --out outliner --steps 2200 --seed 7`

    `napari-cosynth train --data my_tiles --data my_points --out run --complete my_points --segmenter outliner/model`
    """
    with outcome(f"stopped; go on with --resume from the last checkpoint in {out}, if there is one"):
        weights = source_weights(weight or [])
        if precision not in PRECISIONS:
            raise ValueError(f"--precision {precision!r} is not one of {', '.join(PRECISIONS)}")

        import torch

        from napari_cosynth.data.dataset import mark_partial
        from napari_cosynth.evaluation.segmenter_training import SegmenterSettings, segmenter_sampler
        from napari_cosynth.evaluation.segmenter_training import train_segmenter as training
        from napari_cosynth.model.segmenter import Segmenter
        from napari_cosynth.model.segmenter_folder import save_segmenter
        from napari_cosynth.training import run_facts, run_folder

        run_folder.check_run(out, resume)
        start = run_folder.finished_steps(out) if resume else 0
        facts = asked_facts(ctx, SEGMENTER_FACT_OF, weight=weights, partial=partial or [])
        facts["settings"] = SegmenterSettings(**facts["settings"]).model_dump()
        if resume:
            facts, changed = run_facts.resumed(out, facts, given_facts(ctx, SEGMENTER_FACT_OF))
            for line in changes(ctx, SEGMENTER_FACT_OF, changed, trained=start > 0):
                say(line)
        settings = SegmenterSettings(**facts["settings"])
        if start >= settings.steps:
            raise ValueError(f"{out} is at step {start} already; give --steps a higher number")
        tiles = mark_partial(training_tiles(data), facts["partial"])
        note_unknown_classes(tiles, BUNDLED)
        sampler = segmenter_sampler(tiles, BUNDLED, settings, facts["weights"])
        if threads is not None:
            torch.set_num_threads(threads)
        torch.manual_seed(settings.seed)
        network = Segmenter(taxonomy=BUNDLED.model_dump(mode="json"))
        ready_out(out)
        run_facts.write_facts(out, network, facts, resumed_at=start if resume else None)
        with work_bar("steps") as bar, closing(training(network, sampler, settings, out, resume)) as run:
            task = bar.add_task("training", total=settings.steps, completed=start)
            for step in run:
                bar.update(task, completed=step.step)
                if step.step % _LINE_EVERY == 0:
                    errors = f"distance {step.distance:.4f} class {step.classes:.4f}"
                    say(f"{step.step} steps, {step.seconds:.0f} s, {errors}")
        save_segmenter(network, out / run_folder.MODEL)
        say(f"{out / run_folder.MODEL}: for  evaluate --segmenter  or  train --complete SOURCE --segmenter")
