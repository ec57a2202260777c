"""`napari-cosynth train`: a joint model from labelled tiles."""

from __future__ import annotations

import os
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_cosynth.classes import BUNDLED
from napari_cosynth.cli.outcome import outcome, ready_out, say
from napari_cosynth.cli.sources import note_unknown_classes, source_weights, training_tiles
from napari_cosynth.cli.train_bar import TrainingBar
from napari_cosynth.cli.train_clock import TrainingClock
from napari_cosynth.cli.train_course import FACT_OF, asked_facts, changes, given_facts
from napari_cosynth.request import MAX_SEED

if TYPE_CHECKING:
    from napari_cosynth.data.labelled import LabelledTile

PRECISIONS = ("bf16", "fp16", "no")
PROCESSES, DISTANCES = ("joint", "labels-first"), ("interior", "centroid")


def train(
    ctx: typer.Context,
    data: Annotated[list[Path], typer.Option(help="Folder of labelled tiles; give it again for more.")],
    out: Annotated[Path, typer.Option(help="Folder of the run: checkpoint, previews and the model folder.")],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from OUT's checkpoint, with the options of then.")
    ] = False,
    init: Annotated[
        str | None, typer.Option(help="Begin with the network and weights of this model, bundled or a folder.")
    ] = None,
    minutes: Annotated[float | None, typer.Option(min=0, help="Stop after so many minutes.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Stop at this step.")] = None,
    crop: Annotated[int, typer.Option(help="Side of a crop, px, a multiple of 16 from 64 on.")] = 128,
    batch_size: Annotated[int, typer.Option(min=1, help="Crops a step and process.")] = 8,
    learning_rate: Annotated[float, typer.Option(min=0, help="After the warm-up.")] = 5e-4,
    warmup: Annotated[int, typer.Option(min=0, help="Steps over which the learning rate rises from 0.")] = 400,
    decay: Annotated[
        int | None, typer.Option(min=1, help="Let the learning rate fall to 0 over so many steps, then stop.")
    ] = None,
    decay_minutes: Annotated[
        float | None, typer.Option(min=0, help="Let the learning rate fall to 0 over the last of the --minutes.")
    ] = None,
    ema: Annotated[float, typer.Option(min=0, max=1, help="Decay of the weights' average, below 1.")] = 0.999,
    channels: Annotated[
        str, typer.Option(help="Width of each level of a new network, multiples of 32.")
    ] = "64,128,256,256",
    blocks: Annotated[int, typer.Option(min=1, help="Blocks a level of a new network.")] = 1,
    attention_blocks: Annotated[
        int | None,
        typer.Option(min=1, help="At the coarsest level of a new network; with --init as many or more than it has."),
    ] = None,
    refinements: Annotated[
        str | None,
        typer.Option(help="Further blocks of each level on the way up, such as 2,3,1,0; as for --attention-blocks."),
    ] = None,
    process: Annotated[str, typer.Option(help="Of a new network: joint, or labels-first.")] = "joint",
    distance: Annotated[str, typer.Option(help="Map that a new network makes: interior, or centroid.")] = "interior",
    weight: Annotated[list[str] | None, typer.Option(help="SOURCE=FACTOR on a source's share of the crops.")] = None,
    partial: Annotated[
        list[str] | None, typer.Option(help="SOURCE whose labels leave nuclei out, whatever its table says.")
    ] = None,
    complete: Annotated[
        list[str] | None,
        typer.Option(
            help="SOURCE whose unmasked nuclei a segmenter outlines, and adds where its labels leave some out."
        ),
    ] = None,
    segmenter: Annotated[
        Path | None, typer.Option(help="Folder of the segmenter for --complete; the bundled one if left out.")
    ] = None,
    text_encoder: Annotated[Path | None, typer.Option(help="CLIP, PLIP or BERT folder in MiniLM's place.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Of crops, times and noise.")] = 0,
    precision: Annotated[str, typer.Option(help="bf16, fp16 (GPU only) or no.")] = "bf16",
    workers: Annotated[int, typer.Option(min=0, help="Processes that make crops.")] = 0,
    uses: Annotated[int, typer.Option(min=1, help="Steps that learn from each crop, turned and with other noise.")] = 1,
    perceptual: Annotated[float, typer.Option(min=0, help="Weight of the perceptual loss; 0 leaves it out.")] = 0.05,
    critic: Annotated[
        float, typer.Option(min=0, help="Weight of persuading a critic that learns beside; 0 leaves it out.")
    ] = 0,
    rehearsal: Annotated[
        float,
        typer.Option(
            min=0,
            help="Length of the gradient of rehearsals over that of all other losses, such as 1; 0 leaves them out.",
        ),
    ] = 0,
    preview_minutes: Annotated[float, typer.Option(min=0, help="Minutes between previews; 0 = none.")] = 20,
    checkpoint_minutes: Annotated[float, typer.Option(min=0.01, help="Minutes between checkpoints.")] = 5,
    compiled: Annotated[
        bool,
        typer.Option("--compile/--no-compile", help="Compile the network first: a minute or two, worth it on a GPU."),
    ] = False,
    cpu: Annotated[bool, typer.Option("--cpu", help="Stay on the CPU.")] = False,
) -> None:
    """Train a model that makes tiles like yours.

    DATA is a data set in this program's folder format, PanNuke, CoNIC or
    HoVer-Net, or a folder of several; each is a source, named after its folder.
    Tiles of the split "train" are used.

    OUT gets `checkpoint.pt`, `model/` (what `synth --model` takes) and
    `preview-STEP.png`: real tiles and labels beside made ones for the same points.
    Without --minutes, --steps or --decay it trains until Ctrl-C, which saves a
    checkpoint. A killed run goes on with `--resume` exactly where its checkpoint
    left it: options that are not given are as they were, and a learning rate that
    was falling falls on; --minutes, --decay-minutes, --steps, previews, checkpoints and
    --cpu are said with each start. --process and --distance are for comparison: labels made before their
    image, and the distance map of the paper. For several GPUs: `accelerate launch -m napari_cosynth.cli train ...`

    **Examples**

    `napari-cosynth train --data my_tiles --out run --minutes 60 --decay-minutes 20`

    `napari-cosynth train --data my_tiles --out run --resume --decay 5000`

    `napari-cosynth train --data my_tiles --out run --init cosynth-nuclei --learning-rate 1e-4`
    """
    with outcome(f"stopped; go on with --resume from the last checkpoint in {out}, if there is one"):
        weights, widths = source_weights(weight or []), _widths(channels)
        further = None if refinements is None else _counts(refinements)
        if crop < 64 or crop % 16:
            raise ValueError(f"--crop {crop} is not a multiple of 16 from 64 on; for example --crop 128")
        if precision not in PRECISIONS:
            raise ValueError(f"--precision {precision!r} is not one of {', '.join(PRECISIONS)}")
        _check_variant(process, distance, resume or init is not None)
        _check_fall(decay, decay_minutes, minutes)

        from napari_cosynth.data.crops import CropSampler
        from napari_cosynth.data.dataset import mark_partial
        from napari_cosynth.model.segmenter_folder import segmenter_hash
        from napari_cosynth.model.text import TextEncoder
        from napari_cosynth.training import run_facts, run_folder
        from napari_cosynth.training.loop import TrainingSettings
        from napari_cosynth.training.loop import train as training
        from napari_cosynth.training.recorded import recorded_details

        run_folder.check_run(out, resume)
        start = run_folder.finished_steps(out) if resume else 0
        # Where several processes train together, one of them writes and talks.
        main = os.environ.get("RANK", "0") == "0"
        facts = asked_facts(
            ctx,
            FACT_OF,
            channels=widths,
            refinements=further,
            weight=weights,
            partial=partial or [],
            complete=complete or [],
        )
        every_s = checkpoint_minutes * 60
        facts["settings"] = TrainingSettings(**facts["settings"], checkpoint_every_s=every_s).model_dump()
        # A run that goes on has its own.
        facts["details"] = None
        if resume:
            facts, changed = run_facts.resumed(out, facts, given_facts(ctx, FACT_OF))
            for line in changes(ctx, FACT_OF, changed, trained=start > 0):
                if main:
                    say(line)
        settings = TrainingSettings(**facts["settings"])
        # A fall that time will bring takes the place of one that the run was stopped on.
        settings = run_folder.with_decay(settings if decay_minutes is None else settings.plateau(), start, decay)
        facts["settings"] = settings.model_dump()
        ends = [] if settings.falls_until is None else [settings.falls_until]
        # A fall that is asked for ends the run; one that goes on may be stopped before.
        last_step = min([*ends, steps] if steps is not None and decay is None else ends, default=None)
        if last_step is not None and start >= last_step:
            raise ValueError(f"{out} is at step {start} already; give --steps a higher number than {last_step}")
        outliner = None if facts["segmenter_folder"] is None else Path(facts["segmenter_folder"])
        tiles = mark_partial(training_tiles(data), facts["partial"])
        if main:
            note_unknown_classes(tiles, BUNDLED)
        tiles = _completed(tiles, facts["complete"], outliner)
        if facts["complete"]:
            facts["segmenter"] = segmenter_hash(outliner)
            if resume and segmenter is None:
                _check_outliner(run_facts.read_facts(out).get("segmenter"), facts["segmenter"])
        sampler = CropSampler(tiles, BUNDLED, facts["crop"], settings.seed, facts["weights"])
        words = facts["text_encoder"]
        encoder = TextEncoder.default() if words is None else TextEncoder.from_folder(Path(words))
        if not start:
            facts["details"] = recorded_details(sampler.tiles)
        network = run_folder.network_of(
            out, resume, facts["init"], encoder=encoder, taxonomy=BUNDLED, **facts.pop("network")
        )
        if network.config.process == "labels-first" and settings.batch_size % 2:
            raise ValueError(
                f"--batch-size {settings.batch_size}: labels-first needs an even one, for labels and image in turn"
            )
        ready_out(out)
        if main:
            run_facts.write_facts(out, network, facts, resumed_at=start if resume else None)

        def export(preview_of: CropSampler | None) -> Path:
            return run_folder.export_run(out, network, encoder, BUNDLED, facts["details"], preview_of)

        world = int(os.environ.get("WORLD_SIZE", "1"))
        clock, previewed = TrainingClock(minutes, decay_minutes), time.monotonic()
        with (
            TrainingBar(start, last_step, clock.seconds, settings.batch_size * world, main) as bar,
            closing(training(network, encoder, sampler, settings, out, resume, cpu)) as run,
        ):
            step = next(run)
            while True:
                bar.show(step)
                if step.saved and main:
                    due = preview_minutes and time.monotonic() - previewed > preview_minutes * 60
                    export(sampler if due else None)
                    previewed = time.monotonic() if due else previewed
                over, fall_steps = clock.tell(step.step - start)
                if fall_steps is not None:
                    settings = settings.falling(step.step, fall_steps)
                    last_step = min(settings.falls_until, steps or settings.falls_until)
                    facts["settings"] = settings.model_dump()
                    if main:
                        run_facts.write_facts(out, network, facts, resumed_at=step.step)
                        say(f"{step.step} the learning rate falls until step {settings.falls_until}")
                if over or (last_step is not None and step.step >= last_step):
                    break
                step = run.send(settings)
        if main:
            made = export(sampler if preview_minutes else None)
            say(f"{made}: try it with  napari-cosynth synth LAYOUT --model {made}")


def _check_variant(process: str, distance: str, begun: bool) -> None:
    for option, value, known in (("--process", process, PROCESSES), ("--distance", distance, DISTANCES)):
        if value not in known:
            raise ValueError(f"{option} {value!r} is not one of {', '.join(known)}")
        if begun and value != known[0]:
            raise ValueError(
                f"{option} {value}: --resume and --init take what the network was begun with; leave it out"
            )


def _check_fall(decay: int | None, decay_minutes: float | None, minutes: float | None) -> None:
    if decay_minutes is None:
        return
    if decay is not None:
        raise ValueError("--decay and --decay-minutes: the learning rate falls by steps or by time; give one of them")
    if minutes is None or decay_minutes > minutes:
        raise ValueError(
            f"--decay-minutes {decay_minutes:g} is the last part of --minutes; give --minutes {decay_minutes:g} or more"
        )


def _check_outliner(before: str | None, now: str) -> None:
    if before not in (None, now):
        raise ValueError(
            f"--complete: the points were outlined by the segmenter {before} so far, and this one is {now}; give the "
            "folder of one with --segmenter"
        )


def _completed(tiles: list[LabelledTile], sources: list[str], segmenter: Path | None) -> list[LabelledTile]:
    if not sources:
        if segmenter is not None:
            raise ValueError("--segmenter is for --complete SOURCE; give a source, or leave the segmenter out")
        return tiles
    from napari_cosynth.data.dataset import change_sources
    from napari_cosynth.model.segmenter_folder import load_segmenter
    from napari_cosynth.training.completion import completed

    network = load_segmenter(segmenter)
    return change_sources(tiles, sources, lambda tile: completed(tile, network))


def _widths(text: str) -> tuple[int, ...]:
    widths = _numbers(text)
    if widths is None or any(width == 0 or width % 32 for width in widths):
        raise ValueError(f"--channels {text!r} are not multiples of 32 parted by commas, such as 64,128,256,256")
    return widths


def _counts(text: str) -> tuple[int, ...]:
    counts = _numbers(text)
    if counts is None:
        raise ValueError(f"--refinements {text!r} are not whole numbers parted by commas, such as 2,3,1,0")
    return counts


def _numbers(text: str) -> tuple[int, ...] | None:
    """Whole numbers from 0 on, parted by commas; None if it is anything else."""
    parts = [p.strip() for p in text.split(",")]
    return tuple(int(p) for p in parts) if all(p.isascii() and p.isdigit() for p in parts) else None
