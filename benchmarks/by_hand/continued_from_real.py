"""Where on the path made tiles part from real ones: real tiles made anew from there.

    python benchmarks/by_hand/continued_from_real.py --data DIR [--data DIR ...] [--model DIR] [--place 0.5 ...]

Real tiles with their labels are brought to a place t on the path, z = t x + (1 - t) e, and the sampler goes
on from there. All that came before is then right, so what the results are told from the real tiles by was
made wrong after t. The more steps, the nearer a sampler is to what the network says: where that is
right, more steps cannot make tiles easier to tell.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from diffusers.schedulers.scheduling_utils import SchedulerMixin
from masked_windows import clean_tile, masked_windows
from rich.console import Console
from rich.table import Table
from torch import Tensor

from napari_cosynth.evaluation.discriminator import real_versus_made
from napari_cosynth.evaluation.features import EfficientNetLite0
from napari_cosynth.evaluation.making import layout_of, noise_seed
from napari_cosynth.evaluation.sample import Sample
from napari_cosynth.evaluation.tile_statistics import tile_statistics
from napari_cosynth.model.path import noise_levels
from napari_cosynth.model.pipeline import CoSynthPipeline
from napari_cosynth.model.surround import inner
from napari_cosynth.model.targets import image_of
from napari_cosynth.model.zoo import find_model, load
from napari_cosynth.presets import STANDARD


class Continued(CoSynthPipeline):
    """Begins at a tile with noise, not at the noise."""

    levels: np.ndarray
    """Noise level before each step."""
    clean: Tensor
    """(1, C, H, W): the tile."""

    def _begun(self, noise: Tensor) -> Tensor:
        level = self.levels[0]
        return (1 - level) * self.clean + level * inner(noise)

    def _scheduler(self, steps: int) -> SchedulerMixin:
        scheduler = super()._scheduler(steps)
        scheduler.set_timesteps(sigmas=self.levels, device=self.unet.device)
        scheduler.set_begin_index(0)
        return scheduler


def main(
    data: Annotated[list[Path], typer.Option(help="Folder of labelled tiles; give it again for more.")],
    model: Annotated[str | None, typer.Option(help="The bundled one if left out.")] = None,
    split: Annotated[str, typer.Option(help="Split of the windows.")] = "val",
    tiles: Annotated[int, typer.Option(min=12, help="Windows of 256 px with masks of all nuclei.")] = 60,
    place: Annotated[list[float] | None, typer.Option(help="Where to begin, 0 to 1; give it again for more.")] = None,
    steps: Annotated[int, typer.Option(min=1, help="Of a whole path, from which those after the place are.")] = (
        STANDARD.steps
    ),
    dtype: Annotated[str, typer.Option(help="Precision of the network.")] = "bfloat16",
    threads: Annotated[int | None, typer.Option(min=1)] = None,
) -> None:
    """Make the tiles anew from each place, and tell them from real ones."""
    if threads is not None:
        torch.set_num_threads(threads)
    real = masked_windows(data, split, tiles)
    pipe = Continued(**load(find_model(model), dtype=dtype).components)
    space, groups = EfficientNetLite0(), [s.origin for s in real]

    def blocks(images: list[np.ndarray]) -> dict[str, np.ndarray]:
        return {space.name: space.features(images), "statistics": np.stack([tile_statistics(i) for i in images])}

    ours = blocks([s.image for s in real])
    table = Table("from", "steps", "AUC", space.name, "statistics", "shift of mean features, squared")
    for begin in place or [0.75, 0.5, 0.3, 0.0]:
        pipe.levels = _levels(begin, steps)
        theirs = blocks([_continued(pipe, sample) for sample in real])
        aucs = [
            real_versus_made(*({n: side[n] for n in names} for side in (ours, theirs)), groups, groups, n_bootstraps=0)
            for names in (list(ours), *([name] for name in ours))
        ]
        shift = np.square(theirs[space.name].mean(0) - ours[space.name].mean(0)).sum()
        told = (f"{told.auc.value:.3f}" for told in aucs)
        table.add_row(f"{begin:.2f}", str(len(pipe.levels)), *told, f"{shift:.1f}")
    Console().print(f"{len(real)} windows")
    Console().print(table)


def _levels(begin: float, steps: int) -> np.ndarray:
    """The sampler's noise levels from a place on; a step shorter than 0.02 is left to the one before it."""
    levels = noise_levels(steps)
    return np.concatenate([[1 - begin], levels[levels < 1 - begin - 0.02]])


def _continued(pipe: Continued, sample: Sample) -> np.ndarray:
    """uint8 (H, W, 3): the sample's tile, made anew from where its levels begin."""
    noise = pipe.draw_noise(sample.image.shape[:2], [torch.Generator().manual_seed(noise_seed(0, sample.name))])
    pipe.clean = clean_tile(pipe, sample)
    for step in pipe.denoise([layout_of(sample)], [sample.caption], noise, len(pipe.levels)):
        tile = step.joint
    return image_of(tile[0].numpy())


if __name__ == "__main__":
    typer.run(main)
