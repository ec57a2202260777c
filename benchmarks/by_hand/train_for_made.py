"""Real training tiles in the place of made ones: how near a perfect model could come to held-out tiles.

    python benchmarks/by_hand/train_for_made.py --data DIR [--data DIR ...] [--tiles 60] [--draws 4]

What a model learned from is other patients' tissue than what it is measured on.
As many windows of each source are taken from the split "train" as the held-out
ones have, several times over, and are held against these as `evaluate` holds
made tiles against them.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from napari_cosynth.classes import BUNDLED
from napari_cosynth.data.dataset import read_dataset
from napari_cosynth.evaluation.discriminator import real_versus_made
from napari_cosynth.evaluation.features import EfficientNetLite0
from napari_cosynth.evaluation.realism import realism_of_features
from napari_cosynth.evaluation.sample import Sample, real_samples
from napari_cosynth.evaluation.tile_statistics import tile_statistics


def main(
    data: Annotated[list[Path], typer.Option(help="Folder of labelled tiles; give it again for more.")],
    split: Annotated[str, typer.Option(help="Split of the held-out windows.")] = "val",
    tiles: Annotated[int, typer.Option(min=12, help="Held-out windows of 256 px.")] = 60,
    draws: Annotated[int, typer.Option(min=1, help="How often training windows are drawn.")] = 4,
) -> None:
    """Measure each draw like the tiles of a model."""
    held_out, train = ([t for folder in data for t in read_dataset(folder, name)] for name in (split, "train"))
    real = real_samples(held_out, BUNDLED, limit=tiles)
    space = EfficientNetLite0()
    ours, groups, sources = _blocks(real, space), [s.origin for s in real], [s.source for s in real]
    table = Table("draw", "KID", "real half", "Frechet", "real half", "AUC")
    for seed in range(draws):
        drawn = [
            sample
            for source, n in Counter(sources).items()
            for sample in real_samples([t for t in train if t.source == source], BUNDLED, limit=n, seed=seed)
        ]
        theirs = _blocks(drawn, space)
        features = ours[space.name], theirs[space.name]
        near = realism_of_features(*features, groups, feature_space=space.name, real_strata=sources)
        told = real_versus_made(ours, theirs, groups, [s.origin for s in drawn])
        kid, frechet = near.kernel_distance, near.frechet_distance
        figures = f"{kid.made:.4f}", f"{kid.floor:.4f}", f"{frechet.made:.1f}", f"{frechet.floor:.1f}"
        table.add_row(str(seed), *figures, str(told.auc))
    Console().print(table)


def _blocks(samples: list[Sample], space: EfficientNetLite0) -> dict[str, np.ndarray]:
    images = [s.image for s in samples]
    return {space.name: space.features(images), "statistics": np.stack([tile_statistics(i) for i in images])}


if __name__ == "__main__":
    typer.run(main)
