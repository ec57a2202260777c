"""From which place on the path on made tiles are told from real ones: a linear classifier on noisy tiles.

    python benchmarks/by_hand/told_by_place.py --data DIR [--data DIR ...] --out kept [--model DIR] [--tiles 240]

Real and made tiles get the noise of each of the sampler's steps. What they are told apart by in spite of
it takes shape at that step or before. Means and spreads of a trained eye's features over crops of 128 px
are compared, learned on every second group and measured on the others. The eye is that of the perceptual
loss, so the extra `train` is needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from napari_cosynth.classes import BUNDLED
from napari_cosynth.data.dataset import read_dataset
from napari_cosynth.evaluation.making import KeptTiles, MakingSettings, made_samples
from napari_cosynth.evaluation.sample import real_samples
from napari_cosynth.model.path import noise_levels
from napari_cosynth.model.unet import SIGMA_DATA
from napari_cosynth.presets import STANDARD
from napari_cosynth.training.perception import TrainedEye

CROP = 128
SHRINKAGE = 0.05
"""Of the features' covariance: there are not many more crops than features."""


def main(
    data: Annotated[list[Path], typer.Option(help="Folder of labelled tiles; give it again for more.")],
    out: Annotated[Path, typer.Option(help="Where made tiles are kept.")],
    model: Annotated[str | None, typer.Option(help="Of the tiles; the bundled one if left out.")] = None,
    split: Annotated[str, typer.Option(help="Split of the windows.")] = "val",
    tiles: Annotated[int, typer.Option(min=12, help="Windows of 256 px.")] = 240,
    threads: Annotated[int | None, typer.Option(min=1)] = None,
) -> None:
    """Make the tiles, and tell them from real ones at each place on the path."""
    if threads is not None:
        torch.set_num_threads(threads)
    real = real_samples([t for folder in data for t in read_dataset(folder, split)], BUNDLED, limit=tiles)
    made = list(made_samples(real, KeptTiles(MakingSettings(model=model, threads=threads), out)))
    names = sorted({s.origin for s in real})
    learned = np.repeat([names.index(s.origin) % 2 == 0 for s in real], (256 // CROP) ** 2)
    eye = TrainedEye()
    table = Table("place on the path", "noise over tile", "AUC of crops of unseen groups")
    for place in (1 - noise_levels(STANDARD.steps)[1:]).tolist():
        seen = [_features(eye, [s.image for s in side], place) for side in (real, made)]
        features, is_made = np.concatenate(seen), np.repeat([False, True], len(learned))
        first, others = np.tile(learned, 2), np.tile(~learned, 2)
        discriminant = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=SHRINKAGE)
        told = make_pipeline(StandardScaler(), discriminant).fit(features[first], is_made[first])
        auc = roc_auc_score(is_made[others], told.decision_function(features[others]))
        table.add_row(f"{place:.3f}", f"{(1 - place) / (place * SIGMA_DATA):.2f}", f"{auc:.3f}")
    Console().print(table)


@torch.no_grad()
def _features(eye: TrainedEye, images: list[np.ndarray], place: float) -> np.ndarray:
    """float64 (crops, d) means and spreads of the eye's features of the noisy crops, image after image."""
    chance, rows = torch.Generator().manual_seed(0), []
    for image in images:
        tile = torch.from_numpy(image.transpose(2, 0, 1).astype(np.float32)) / 127.5 - 1
        crops = tile.unfold(1, CROP, CROP).unfold(2, CROP, CROP).permute(1, 2, 0, 3, 4).reshape(-1, 3, CROP, CROP)
        noisy = place * crops + (1 - place) * torch.randn(crops.shape, generator=chance)
        # As large as tiles are: noise alone would be beyond all that the eye has seen.
        noisy *= SIGMA_DATA / ((place * SIGMA_DATA) ** 2 + (1 - place) ** 2) ** 0.5
        rows.append(torch.cat([_summary(features) for features in eye(noisy)], dim=1))
    return torch.cat(rows).double().numpy()


def _summary(features: Tensor) -> Tensor:
    return torch.cat([features.mean((2, 3)), features.std((2, 3))], dim=1)


if __name__ == "__main__":
    typer.run(main)
