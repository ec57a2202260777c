"""`napari-cosynth downstream`: what made tiles add to the training of a segmenter."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from napari_cosynth.classes import BUNDLED
from napari_cosynth.cli.outcome import console, outcome, ready_out, say
from napari_cosynth.cli.sources import note_unknown_classes
from napari_cosynth.cli.work_bar import work_bar

if TYPE_CHECKING:
    from napari_cosynth.data.labelled import LabelledTile
    from napari_cosynth.evaluation.downstream.outcome import Downstream


def downstream(
    data: Annotated[list[Path], typer.Option(help="Folder of labelled tiles; give it again for more.")],
    out: Annotated[Path, typer.Option(help="Folder for the report, the trials and the made tiles.")],
    model: Annotated[str | None, typer.Option(help="Name of a bundled model or a model folder.")] = None,
    synthetic: Annotated[
        Path | None, typer.Option(help="Folder of made tiles, as `export` writes it; left out: they are made here.")
    ] = None,
    real: Annotated[
        str, typer.Option(help="Numbers of real tiles (windows of 256 px), parted by commas; all = --most.")
    ] = "8,32,all",
    most: Annotated[int, typer.Option(min=1, help='Real tiles that "all" means at most.')] = 128,
    seeds: Annotated[int, typer.Option(min=1, help="Repetitions, each with real tiles of its own.")] = 3,
    steps: Annotated[int, typer.Option(min=1, help="Training steps with the real tiles alone.")] = 1000,
    longer: Annotated[float, typer.Option(min=1, help="So many times more in all other arms.")] = 2.0,
    added: Annotated[int, typer.Option(min=1, help="Tiles made or pasted for each real one.")] = 3,
    most_added: Annotated[int, typer.Option(min=1, help="Tiles made or pasted at most.")] = 48,
    chosen_classes: Annotated[
        bool | None,
        typer.Option(
            "--chosen-classes/--no-chosen-classes",
            help="Whether made tiles teach the classes that the model chose where a point states none; not by default.",
        ),
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Crops a step.")] = 4,
    channels: Annotated[str, typer.Option(help="Width of each level of the segmenter.")] = "16,32,64,64",
    tiles: Annotated[int, typer.Option(min=2, help="Held-out windows to measure on.")] = 96,
    split: Annotated[str, typer.Option(help="Split to measure on.")] = "val",
    partial: Annotated[
        list[str] | None, typer.Option(help="SOURCE whose labels leave nuclei out, whatever its table says.")
    ] = None,
    sampler_steps: Annotated[int | None, typer.Option(min=1, max=200, help="Steps of the model for a tile.")] = None,
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda, cuda:1 or mps, for the model; the fastest if left out.")
    ] = None,
    dtype: Annotated[
        str | None, typer.Option(help="float32 or bfloat16, of the model; the faster if left out.")
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of the CPU, as for `synth`.")] = None,
) -> None:
    """Train a segmenter with and without made tiles, and compare on tissue that none has seen.

    For each number N of real tiles and each seed a small segmenter is trained
    anew four times: on the N tiles; on the same for longer; with nuclei of the N
    tiles pasted into each other beside them; with made tiles beside them. The
    last three take the same number of steps. Made tiles follow the layouts of
    the N tiles, those layouts with moved points, and layouts drawn with the same
    counts; prompts come from the N tiles. The model itself saw more tiles when it
    was trained: this is not learning from N tiles alone.

    OUT gets `downstream.json`, `downstream.html` and a file for each trial. A run
    that was stopped goes on where it was. Only tiles with masks of all nuclei count.

    **Examples**

    `napari-cosynth downstream --data my_tiles --out gain`

    `napari-cosynth downstream --data my_tiles --out gain --real 8,32 --seeds 5 --steps 3000`

    `napari-cosynth downstream --data my_tiles --out gain --synthetic exported`
    """
    with outcome("stopped; finished trials are kept, the same command goes on from there"):
        sizes, widths = _sizes(real), _widths(channels)
        if synthetic is not None and chosen_classes is not None:
            raise ValueError(
                "--chosen-classes and --no-chosen-classes are for tiles that are made here; "
                "those of --synthetic stay as they are: leave it out"
            )

        from napari_cosynth.data.dataset import read_dataset
        from napari_cosynth.evaluation.downstream.experiment import downstream as experiment
        from napari_cosynth.evaluation.downstream.outcome import Downstream
        from napari_cosynth.evaluation.downstream.settings import DownstreamSettings
        from napari_cosynth.evaluation.downstream.table import write_downstream
        from napari_cosynth.evaluation.making import MakingSettings

        settings = DownstreamSettings(
            real=sizes,
            seeds=seeds,
            steps=steps,
            longer=longer,
            most=most,
            added_per_real=added,
            most_added=most_added,
            chosen_classes=bool(chosen_classes),
            batch_size=batch_size,
            channels=widths,
            tiles=tiles,
            making=MakingSettings(model=model, steps=sampler_steps, device=device, dtype=dtype, threads=threads),
        )
        ready = [] if synthetic is None else list(read_dataset(synthetic))
        parts = [_tiles(data, "train", partial), _tiles(data, split, partial)]
        note_unknown_classes([tile for part in (*parts, ready) for tile in part], BUNDLED)
        ready_out(out)
        with work_bar("pieces") as bar:
            task = bar.add_task("reading", total=None)
            for event in experiment(*parts, settings, out, ready):
                if isinstance(event, Downstream):
                    done = event
                    write_downstream(done, out)
                else:
                    bar.update(task, description=event.name, completed=event.done, total=event.total)
        _show(done)
        say(f"{out / 'downstream.html'}")


def _tiles(data: list[Path], split: str, partial: list[str] | None) -> list[LabelledTile]:
    from napari_cosynth.data.dataset import mark_partial, read_dataset

    tiles = [tile for folder in data for tile in read_dataset(folder, split)]
    if not tiles:
        raise ValueError(f"no tile of the split {split!r} in {', '.join(map(str, data))}; see their tiles.csv")
    named = {tile.source for tile in tiles}
    return mark_partial(tiles, [source for source in partial or () if source in named])


def _show(done: Downstream) -> None:
    from napari_cosynth.evaluation.downstream import table

    for title, header, rows in (
        ("Scores", table.SCORE_HEADER, table.score_rows(done)),
        ("Gains", table.GAIN_HEADER, table.gain_rows(done)),
        ("Classes", table.CLASS_HEADER, table.class_rows(done)),
        ("The paper's gains", ("data set", "Dice", "AJI"), table.paper_rows(done)),
    ):
        shown = Table(*header, title=title)
        for row in rows:
            shown.add_row(*row)
        console.print(shown)
    for line in table.notes(done):
        say(line)


def _sizes(text: str) -> tuple[int | str, ...]:
    sizes = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    if not all(s == "all" or (s.isascii() and s.isdigit() and int(s) > 0) for s in sizes):
        raise ValueError(f'--real {text!r} are not numbers above 0 or "all", parted by commas, such as 8,32,all')
    return tuple(s if s == "all" else int(s) for s in sizes)


def _widths(text: str) -> tuple[int, ...]:
    parts = [p.strip() for p in text.split(",")]
    if not all(p.isascii() and p.isdigit() and int(p) > 0 for p in parts):
        raise ValueError(f"--channels {text!r} are not numbers above 0 parted by commas, such as 16,32,64,64")
    return tuple(int(p) for p in parts)
