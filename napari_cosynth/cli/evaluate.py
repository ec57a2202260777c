"""`napari-cosynth evaluate`: how true and how realistic a model's tiles are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress
from rich.table import Table

from napari_cosynth.cli.outcome import console, outcome

TILES = {"quick": 40, "full": 240}


def evaluate(
    data: Annotated[list[Path], typer.Option(help="Folder of labelled tiles; give it again for more.")],
    out: Annotated[Path, typer.Option(help="Folder for report.html, report.json and the made tiles.")],
    model: Annotated[str | None, typer.Option(help="Name of a bundled model or a model folder.")] = None,
    split: Annotated[str, typer.Option(help="Split that the model has not seen.")] = "val",
    full: Annotated[bool, typer.Option("--full", help="240 tiles in place of 40.")] = False,
    tiles: Annotated[int | None, typer.Option(min=4, help="Another number of tiles.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, max=200)] = None,
    guidance: Annotated[float | None, typer.Option(min=0, max=20)] = None,
    layout_guidance: Annotated[float | None, typer.Option(min=0, max=20)] = None,
    device: Annotated[str | None, typer.Option()] = None,
    dtype: Annotated[str | None, typer.Option()] = None,
    threads: Annotated[int | None, typer.Option(min=1)] = None,
    segmenter: Annotated[Path | None, typer.Option(help="Segmenter folder; the bundled one if left out.")] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
) -> None:
    """Measure a model on the layouts and captions of real tiles.

    A segmenter that never sees the generated labels judges whether they are true
    of the image, between a ceiling (real tiles) and a floor (shuffled pairs).
    Realism is measured in a named feature space, by stains, sharpness and nuclear
    shapes, and by a classifier that tells made from real. A run that was stopped
    goes on where it was. The page holds real tissue: do not publish it.

    Example

        napari-cosynth evaluate --data my_tiles --out report
    """
    with outcome():
        from napari_cosynth.data.dataset import read_dataset
        from napari_cosynth.evaluation.evaluate import Evaluated
        from napari_cosynth.evaluation.evaluate import evaluate as evaluation
        from napari_cosynth.evaluation.making import MakingSettings
        from napari_cosynth.evaluation.report import headline_rows, write_report

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
        real = [tile for folder in data for tile in read_dataset(folder, split)]
        if not real:
            raise ValueError(f"no tile of the split {split!r} in {', '.join(map(str, data))}; name another --split")
        out.mkdir(parents=True, exist_ok=True)
        limit = tiles or TILES["full" if full else "quick"]
        with Progress(console=console, transient=True) as bar:
            task = bar.add_task("reading")
            for event in evaluation(real, settings, out, limit, segmenter):
                if isinstance(event, Evaluated):
                    write_report(event.evaluation, event.real, event.made, out)
                    result = event.evaluation
                else:
                    bar.update(task, description=event.name, completed=event.done, total=event.total)
        table = Table("figure", "made", "real", "ratio", title=f"{result.model}, {result.tiles} tiles")
        for row in headline_rows(result):
            table.add_row(*row)
        console.print(table)
        console.print(f"{out / 'report.html'}", highlight=False)
