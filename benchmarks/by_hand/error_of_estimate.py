"""How good one estimate of the network is, by place on the path and by size of detail.

    python benchmarks/by_hand/error_of_estimate.py --data DIR [--data DIR ...] --model DIR [--model DIR ...]

Real tiles with their labels are brought to a place on the path, with the same noise for each model, and the
network says once what the clean image is. Nothing is sampled, so a few windows tell models apart
whose tiles no classifier could: the ratio of two models' errors is known to half a per cent.

"True" is how much of the estimate's detail is there: the slope of the real image on the estimate within
a band of periods. An estimate with the least squared error has 1 everywhere (what is left of the
error goes with nothing that was known); below 1 it shows detail that it cannot know.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from masked_windows import clean_tile, masked_windows
from rich.console import Console
from rich.table import Table

from napari_cosynth.evaluation.making import layout_of, noise_seed
from napari_cosynth.evaluation.sample import Sample
from napari_cosynth.model.conditioning import COMPLETE, layout_condition
from napari_cosynth.model.detail import detail_of
from napari_cosynth.model.pipeline import CoSynthPipeline
from napari_cosynth.model.unet import IMAGE_CHANNELS, SIGMA_DATA
from napari_cosynth.model.zoo import find_model, load

PLACES = (0.1, 0.3, 0.41, 0.52, 0.63, 0.75, 0.88, 0.95)
PERIODS = (16, 8, 4)
"""px; bands between them, and what is finer than the last."""


def main(
    data: Annotated[list[Path], typer.Option(help="Folder of labelled tiles; give it again for more.")],
    model: Annotated[list[str], typer.Option(help="Give it again for more; each is compared with the first.")],
    split: Annotated[str, typer.Option(help="Split of the windows.")] = "val",
    tiles: Annotated[int, typer.Option(min=2, help="Windows of 256 px with masks of all nuclei.")] = 40,
    dtype: Annotated[str, typer.Option(help="Precision of the network.")] = "bfloat16",
    threads: Annotated[int | None, typer.Option(min=1)] = None,
) -> None:
    """Measure each model's estimates of the same noisy tiles."""
    if threads is not None:
        torch.set_num_threads(threads)
    real = masked_windows(data, split, tiles)
    first = None
    for name in model:
        pipe = load(find_model(name), dtype=dtype)
        measured = [_measured(pipe, sample) for sample in real]
        errors = np.array([errors for errors, _ in measured])
        products = np.sum([products for _, products in measured], axis=0)
        first = errors if first is None else first
        logs = np.log(errors / first)
        names = [f"{a} to {b} px" for a, b in zip(PERIODS, PERIODS[1:], strict=False)] + [f"below {PERIODS[-1]} px"]
        table = Table("place", "error", "of the first model's", *(f"true, {band}" for band in names))
        for i, place in enumerate(PLACES):
            ratio = f"{np.exp(logs[:, i].mean()):.3f} ± {logs[:, i].std() / len(real) ** 0.5:.3f}"
            true = (f"{cross / own:.2f}" for cross, own in products[i])
            table.add_row(f"{place:.2f}", f"{errors[:, i].mean():.4f}", ratio, *true)
        Console().print(f"{name}, {len(real)} windows")
        Console().print(table)


@torch.inference_mode()
def _measured(pipe: CoSynthPipeline, sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """Errors of the image at each place, over c_out^2 as in training, and by band (places, bands, 2).

    The latter are the estimate's product with the real image, and with itself.
    """
    unet, layout = pipe.unet, layout_of(sample)
    x = clean_tile(pipe, sample)
    condition = layout_condition(layout.centroids, layout.class_ids, len(pipe.taxonomy), sample.image.shape[:2])
    condition = torch.from_numpy(condition)[None].to(unet.dtype)
    text, mask = pipe.text_encoder.encode([sample.caption])
    chance = torch.Generator().manual_seed(noise_seed(0, sample.name))
    known, state = torch.ones_like(condition[:, :1]), torch.tensor([COMPLETE])
    image, errors, products = x[:, :IMAGE_CHANNELS], [], []
    for place in PLACES:
        z = place * x + (1 - place) * torch.randn(x.shape, generator=chance)
        given = (z.to(unet.dtype), torch.tensor([place]), condition, known, state, text.to(unet.dtype), mask)
        estimate = unet(*given, detail_of(image)).continuous[:, :IMAGE_CHANNELS]
        c_out2 = ((1 - place) * SIGMA_DATA) ** 2 / ((place * SIGMA_DATA) ** 2 + (1 - place) ** 2)
        errors.append(((estimate - image) ** 2).mean().item() / c_out2)
        products.append(_by_band(estimate, image))
    return np.array(errors), np.array(products)


def _by_band(estimate: torch.Tensor, image: torch.Tensor) -> list[tuple[float, float]]:
    """Of each band of periods: the estimate's product with the image, and with itself."""
    height, width = image.shape[-2:]
    frequency = torch.hypot(torch.fft.fftfreq(height)[:, None], torch.fft.fftfreq(width)[None])
    made, real = torch.fft.fft2(estimate), torch.fft.fft2(image)
    ends = [1 / period for period in PERIODS] + [1.0]
    bands = [(frequency >= low) & (frequency < high) for low, high in zip(ends, ends[1:], strict=False)]
    own, cross = made.abs() ** 2, (made.conj() * real).real
    return [(cross[..., band].sum().item(), own[..., band].sum().item()) for band in bands]


if __name__ == "__main__":
    typer.run(main)
