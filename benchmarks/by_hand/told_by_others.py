"""Are the tiles of one model harder to tell from real ones than another's? A classifier of other windows judges both.

    python benchmarks/by_hand/told_by_others.py --data DIR [--data DIR ...] --out kept --other MODEL
        [--model MODEL] [--learned 240] [--judged 24]

The AUC of sixty windows differs by some hundredths from seed to seed. So classifiers learn to tell the
tiles of ``--model`` from real ones, on windows whose layouts hold every nucleus, and judge those of
groups that they have not seen: first as that model makes them, then as ``--other`` does, of the same
noise. The change of the score, over the difference of the first model's tiles and the real ones, has a
standard error of some per cent. It goes one way only: beyond the real tiles is no better than before
them, so read a large change together with the figures of an evaluation.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table

from napari_cosynth.classes import BUNDLED
from napari_cosynth.data.dataset import mark_partial, read_dataset
from napari_cosynth.evaluation.features import EfficientNetLite0
from napari_cosynth.evaluation.linear import LinearClassifier
from napari_cosynth.evaluation.making import KeptTiles, MakingSettings, made_samples
from napari_cosynth.evaluation.sample import Sample, real_samples

FOLDS, DEALS = 5, 4


def main(
    data: Annotated[list[Path], typer.Option(help="Folder of labelled tiles; give it again for more.")],
    out: Annotated[Path, typer.Option(help="Where made tiles are kept.")],
    other: Annotated[str, typer.Option(help="The model that may be better.")],
    model: Annotated[
        str | None, typer.Option(help="The one that it is held against; the bundled one if left out.")
    ] = None,
    partial: Annotated[list[str] | None, typer.Option(help="SOURCE whose labels leave nuclei out.")] = None,
    split: Annotated[str, typer.Option(help="Split of the windows.")] = "val",
    learned: Annotated[int, typer.Option(min=24, help="Windows that the first model makes.")] = 240,
    judged: Annotated[int, typer.Option(min=8, help="The first of them, which the other makes too.")] = 24,
    threads: Annotated[int | None, typer.Option(min=1)] = None,
) -> None:
    """Make the tiles, and judge those of both models."""
    if threads is not None:
        torch.set_num_threads(threads)
    tiles = mark_partial([t for folder in data for t in read_dataset(folder, split)], partial or [])
    real = real_samples(tiles, BUNDLED, limit=learned)
    keep = {name: KeptTiles(MakingSettings(model=name, threads=threads), out) for name in (model, other)}
    space = EfficientNetLite0()
    of_real, of_made = (_features(space, side) for side in (real, made_samples(real, keep[model])))
    of_other = _features(space, made_samples(real[:judged], keep[other]))

    groups = np.array([s.origin for s in real])
    whole = np.array([s.coverage == "complete" for s in real])
    scores = np.zeros((3, judged))
    names, rng = np.unique(groups), np.random.default_rng(0)
    for _ in range(DEALS):
        fold = dict(zip(rng.permutation(names), np.arange(len(names)) % FOLDS, strict=True))
        of_window = np.array([fold[group] for group in groups])
        for number in range(FOLDS):
            taught, unseen = (of_window != number) & whole, np.flatnonzero(of_window[:judged] == number)
            vectors = {space.name: np.concatenate([of_real[taught], of_made[taught]])}
            classifier = LinearClassifier(vectors, np.repeat([False, True], taught.sum()))
            if len(unseen):
                sides = (side[unseen] for side in (of_real, of_made, of_other))
                scores[:, unseen] += [classifier.scores({space.name: side}) / DEALS for side in sides]

    gap = (scores[1] - scores[0]).mean()
    changed = (scores[2] - scores[1]) / gap
    table = Table("windows", "score real", "made", "by the other", "change over the gap")
    error = changed.std(ddof=1) / len(changed) ** 0.5
    means = (f"{mean:.2f}" for mean in scores.mean(axis=1))
    table.add_row(str(judged), *means, f"{changed.mean():+.3f} (standard error {error:.3f})")
    Console().print(table)


def _features(space: EfficientNetLite0, samples: Iterable[Sample]) -> np.ndarray:
    return space.features([sample.image for sample in samples])


if __name__ == "__main__":
    typer.run(main)
