"""At which scale made tiles are told from real ones: the same classifier on tiles that have lost their detail.

    python benchmarks/by_hand/told_by_scale.py --data DIR [--data DIR ...] --out kept [--model DIR] [--tiles 60]

Tiles are made small and large again, by 2, 4 and 8, so that only what is coarser is left. Where the
AUC is near 0.5, stain, white space and structure of that size are those of real tissue; the scale
at which it rises says what the model has yet to learn.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from skimage.transform import resize

from napari_cosynth.classes import BUNDLED
from napari_cosynth.data.dataset import read_dataset
from napari_cosynth.evaluation.discriminator import real_versus_made
from napari_cosynth.evaluation.features import EfficientNetLite0
from napari_cosynth.evaluation.making import KeptTiles, MakingSettings, made_samples
from napari_cosynth.evaluation.sample import real_samples

FACTORS = (1, 2, 4, 8)


def main(
    data: Annotated[list[Path], typer.Option(help="Folder of labelled tiles; give it again for more.")],
    out: Annotated[Path, typer.Option(help="Where made tiles are kept.")],
    model: Annotated[str | None, typer.Option(help="Of the tiles; the bundled one if left out.")] = None,
    split: Annotated[str, typer.Option(help="Split of the held-out windows.")] = "val",
    tiles: Annotated[int, typer.Option(min=12, help="Held-out windows of 256 px.")] = 60,
    deals: Annotated[int, typer.Option(min=1, help="How often the windows are dealt to folds.")] = 8,
    threads: Annotated[int | None, typer.Option(min=1)] = None,
) -> None:
    """Make the tiles, and tell them from real ones at each scale."""
    real = real_samples([t for folder in data for t in read_dataset(folder, split)], BUNDLED, limit=tiles)
    made = list(made_samples(real, KeptTiles(MakingSettings(model=model, threads=threads), out)))
    groups = [s.origin for s in real]
    space = EfficientNetLite0()
    table = Table("detail lost below, px", f"AUC ({space.name})", f"lowest and highest of {deals} deals")
    for factor in FACTORS:
        features = [{space.name: space.features([_coarse(s.image, factor) for s in side])} for side in (real, made)]
        told = real_versus_made(*features, groups, groups, n_deals=deals, n_bootstraps=0)
        table.add_row(str(factor), f"{told.auc.value:.3f}", f"{told.lowest_deal:.3f} {told.highest_deal:.3f}")
    Console().print(table)


def _coarse(image: np.ndarray, factor: int) -> np.ndarray:
    """uint8 (H, W, 3) without the detail that an image smaller by ``factor`` cannot show."""
    if factor == 1:
        return image
    height, width = image.shape[:2]
    small = resize(image.astype(np.float32), (height // factor, width // factor), anti_aliasing=True)
    return np.clip(np.rint(resize(small, (height, width), order=1)), 0, 255).astype(np.uint8)


if __name__ == "__main__":
    typer.run(main)
