"""How far two segmenters agree with each other on real tiles, and each with the people who labelled them.

    python benchmarks/by_hand/two_segmenters.py --data DIR [--data DIR ...] --other FOLDER [--tiles 60]

The ceiling of `evaluate` is the agreement of a segmenter with people's labels.
What people draw is not all in the image: borders differ by hand and by data set,
and nuclei are left out. A network's labels of the same tiles show how much of
the distance to 1 that is. Train the other one with `napari-cosynth
train-segmenter`; FOLDER is its `model`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from napari_cosynth.classes import BUNDLED
from napari_cosynth.data.dataset import mark_partial, read_dataset
from napari_cosynth.evaluation.agreement import agreement
from napari_cosynth.evaluation.sample import real_samples
from napari_cosynth.model.segmenter_folder import load_segmenter


def main(
    data: Annotated[list[Path], typer.Option(help="Folder of labelled tiles; give it again for more.")],
    other: Annotated[Path, typer.Option(help="Folder of the other segmenter.")],
    segmenter: Annotated[Path | None, typer.Option(help="Folder of the judge; the bundled one if left out.")] = None,
    partial: Annotated[list[str] | None, typer.Option(help="SOURCE whose labels leave nuclei out.")] = None,
    split: Annotated[str, typer.Option(help="Split that neither has seen.")] = "val",
    tiles: Annotated[int, typer.Option(min=2, help="Windows of 256 px.")] = 60,
    seed: Annotated[int, typer.Option(min=0)] = 0,
) -> None:
    """Segment the windows with complete masks twice, and compare."""
    real = mark_partial([tile for folder in data for tile in read_dataset(folder, split)], partial or ())
    windows = [s for s in real_samples(real, BUNDLED, limit=tiles, seed=seed) if s.masked and s.coverage == "complete"]
    judge, second = (load_segmenter(folder).segment([s.image for s in windows]) for folder in (segmenter, other))
    drawn = [replace(s, instances=found[0], class_of={}) for s, found in zip(windows, second, strict=True)]
    table = Table("labels", "segmented by", "PQ", "AJI", "Dice", title=f"{len(windows)} windows with complete masks")
    for labels, by, samples, found in (
        ("people", "judge", windows, judge),
        ("people", "the other", windows, second),
        ("the other", "judge", drawn, judge),
    ):
        scores = agreement(samples, found, BUNDLED)
        table.add_row(labels, by, str(scores.pq), str(scores.aji), str(scores.dice))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
