"""`napari-cosynth evaluate`: how true and how realistic a model's tiles are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress
from rich.table import Table

from napari_cosynth.classes import BUNDLED
from napari_cosynth.cli.outcome import console, outcome, ready_out, say
from napari_cosynth.cli.sources import note_unknown_classes
from napari_cosynth.request import MAX_SEED
from napari_cosynth.writing import write_together

if TYPE_CHECKING:
    from napari_cosynth.evaluation.evaluate import Evaluated

TILES = {"quick": 40, "full": 240}
EDITS = {"quick": 8, "full": 24}
PROMPTS = {"quick": 6, "full": 12}
"""Layouts that edits and prompts are tried on."""


def evaluate(
    data: Annotated[list[Path] | None, typer.Option(help="Folder of labelled tiles; give it again for more.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for report.html, report.json and the made tiles.")] = None,
    model: Annotated[str | None, typer.Option(help="Name of a bundled model or a model folder.")] = None,
    split: Annotated[str, typer.Option(help="Split that the model has not seen.")] = "val",
    full: Annotated[bool, typer.Option("--full", help="240 tiles in place of 40, and prompts.")] = False,
    tiles: Annotated[int | None, typer.Option(min=12, help="Another number of tiles.")] = None,
    prompts: Annotated[
        bool | None, typer.Option("--prompts/--no-prompts", help="Try prompts; with --full unless refused.")
    ] = None,
    partial: Annotated[
        list[str] | None,
        typer.Option(help="Source whose labels leave nuclei out, though it does not say so; give it again for more."),
    ] = None,
    reader_study: Annotated[Path | None, typer.Option(help="Write a blinded reading into this folder.")] = None,
    score_reader_study: Annotated[
        Path | None, typer.Option(help="Score a blinded reading, and do nothing else.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, max=200, help="Steps of the sampler, as for `synth`.")] = None,
    guidance: Annotated[float | None, typer.Option(min=0, max=20, help="Weight of the prompt, as for `synth`.")] = None,
    layout_guidance: Annotated[
        float | None, typer.Option(min=0, max=20, help="Weight of the points, as for `synth`.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1 or mps; the fastest if left out.")] = None,
    dtype: Annotated[str | None, typer.Option(help="float32 or bfloat16; the faster if left out.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of the CPU, as for `synth`.")] = None,
    segmenter: Annotated[Path | None, typer.Option(help="Segmenter folder; the bundled one if left out.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Of the windows that are chosen, and of noise.")] = 0,
) -> None:
    """Measure a model on the layouts and captions of real tiles.

    A segmenter that never sees the generated labels judges whether they are true
    of the image, between a ceiling (real tiles) and a floor (shuffled pairs).
    Realism is measured in a named feature space, by stains, sharpness and nuclear
    shapes, and by a classifier that tells made from real; then what an edit and
    what a prompt change, and what a tile costs. A run that was stopped goes on
    where it was. The page holds real tissue: do not publish it.

    A reader study is a folder of numbered tiles, real and made, with a sheet for
    readers in `readers/` and the key in `key/`.

    Examples

        napari-cosynth evaluate --data my_tiles --out report

        napari-cosynth evaluate --data my_tiles --out report --full --reader-study study

        napari-cosynth evaluate --score-reader-study study
    """
    with outcome("stopped; made tiles are kept, the same command goes on from there"):
        if score_reader_study is not None:
            _score(score_reader_study)
            return
        if not data or out is None:
            raise ValueError("give the real tiles by --data FOLDER and a folder for the report by --out FOLDER")
        from napari_cosynth.data.dataset import mark_partial, read_dataset
        from napari_cosynth.evaluation.evaluate import Evaluated
        from napari_cosynth.evaluation.evaluate import evaluate as evaluation
        from napari_cosynth.evaluation.making import MakingSettings
        from napari_cosynth.evaluation.reader_study import refuse_taken
        from napari_cosynth.evaluation.report import write_report

        settings = MakingSettings(
            model=model,
            steps=steps,
            guidance=guidance,
            layout_guidance=layout_guidance,
            device=device,
            dtype=dtype,
            threads=threads,
            seed=seed,
        )
        if reader_study is not None:
            refuse_taken(reader_study)
        real = [tile for folder in data for tile in read_dataset(folder, split)]
        if not real:
            raise ValueError(f"no tile of the split {split!r} in {', '.join(map(str, data))}; name another --split")
        real = mark_partial(real, partial or ())
        note_unknown_classes(real, BUNDLED)
        ready_out(out)
        size = "full" if full else "quick"
        running = evaluation(
            real,
            settings,
            out,
            tiles or TILES[size],
            segmenter,
            edits=EDITS[size],
            prompts=PROMPTS[size] if (full if prompts is None else prompts) else 0,
            train_tiles=(tile for folder in data for tile in read_dataset(folder, "train")),
        )
        with Progress(console=console, transient=True) as bar:
            task = bar.add_task("reading")
            for event in running:
                if isinstance(event, Evaluated):
                    evaluated = event
                else:
                    bar.update(task, description=event.name, completed=event.done, total=event.total)
        write_report(evaluated, out)
        _show(evaluated)
        say(f"{out / 'report.html'}")
        if reader_study is not None:
            _write_study(evaluated, reader_study, seed)


def _show(evaluated: Evaluated) -> None:
    """Print what fits into the terminal; the page has the rest."""
    from napari_cosynth.evaluation.sections import sections

    evaluation = evaluated.evaluation
    say(f"{evaluation.model}, {evaluation.tiles} tiles")
    wider = 0
    for section in sections(evaluation):
        title = section.title
        for header, rows in section.tables:
            # As wide as the longest word: else numbers are cut where others could be broken.
            widths = [
                max(len(word) for cell in column for word in cell.split() or [""])
                for column in zip(header, *rows, strict=True)
            ]
            if sum(widths) + 3 * len(widths) + 1 > console.width:
                wider += 1
                continue
            table = Table(title=title, title_justify="left")
            for name, width in zip(header, widths, strict=True):
                table.add_column(name, min_width=width)
            for row in rows:
                table.add_row(*row)
            console.print(table)
            title = None
    if wider:
        say(f"tables that are wider than the terminal, only on the page: {wider}")


def _write_study(evaluated: Evaluated, folder: Path, seed: int) -> None:
    from napari_cosynth.evaluation.reader_study import KEY, READERS, unpaired, write_study

    n = write_study(*unpaired(evaluated.real, evaluated.made), folder, seed)
    say(f"{folder / READERS}: {n} tiles and the sheet; keep {folder / KEY} from the readers")


def _score(folder: Path) -> None:
    from napari_cosynth.evaluation.reader_score import score_study
    from napari_cosynth.evaluation.reader_study import KEY, READERS

    score = score_study(folder / READERS, folder / KEY)
    place = (folder / KEY).with_name("score.json")
    write_together({place: (score.model_dump_json(indent=2) + "\n").encode()})
    table = Table("reader", "accuracy", "AUC", "made taken for real", "real taken for made")
    for reader in score.readers:
        shares = f"{reader.made_taken_for_real:.0%}", f"{reader.real_taken_for_made:.0%}"
        table.add_row(reader.reader, str(reader.accuracy), f"{reader.auc:.3f}", *shares)
    table.title = f"{score.real} real and {score.made} made tiles; 0.5 = cannot tell"
    console.print(table)
    say(f"{place}")
