"""Nuclei that an image shows and no label has: of made tiles of sparse layouts, and of real windows.

    python benchmarks/by_hand/unlabelled_nuclei.py [--model MODEL] [--points 6 --points 12] [--guidance 1 --guidance 2]
        [--data DIR ... --partial SOURCE]

A layout that is sparser than its tissue asks for what the model has hardly seen. The segmenter outlines each tile; its
nuclei of which less than a fifth lies under a label are counted, and the labels of which it sees less than a fifth.
Points are drawn at random, neoplastic and inflammatory in turn. With ``--data``, real windows whose masks are complete
are counted as well, by their number of nuclei: the segmenter errs there too, so hold made tiles against them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table

from napari_cosynth.classes import BUNDLED
from napari_cosynth.data.dataset import mark_partial, read_dataset
from napari_cosynth.evaluation.sample import real_samples
from napari_cosynth.layout import Layout
from napari_cosynth.model.segmenter import Segmenter
from napari_cosynth.model.segmenter_folder import load_segmenter
from napari_cosynth.synthesis import Finished, make_request, run
from napari_cosynth.tile import SyntheticTile

PROMPTS = (
    "colon adenocarcinoma, H&E, 40x",
    "breast carcinoma, H&E, 40x",
    "lung adenocarcinoma, H&E, dense lymphocytes",
)
SIDE, MARGIN = 256, 20
UNDER, LEAST_PX = 0.2, 60
"""Share of a nucleus that counts as labelled, or seen; and how large it is at least, px."""
BINS = (0, 8, 16, 30, 60, 10_000)


def main(
    model: Annotated[str | None, typer.Option(help="The bundled one if left out.")] = None,
    points: Annotated[list[int] | None, typer.Option(min=0, help="Nuclei placed: 6 and 12 if left out.")] = None,
    guidance: Annotated[list[float] | None, typer.Option(help="Of the layout: 1 and 2 if left out.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Tiles of each prompt.")] = 3,
    data: Annotated[list[Path] | None, typer.Option(help="Folder of labelled tiles, for real windows.")] = None,
    partial: Annotated[list[str] | None, typer.Option(help="SOURCE whose labels leave nuclei out.")] = None,
    threads: Annotated[int | None, typer.Option(min=1)] = None,
) -> None:
    """Make the tiles and count."""
    if threads is not None:
        torch.set_num_threads(threads)
    console, segmenter = Console(), load_segmenter(None)
    table = Table("points", "layout guidance", "tiles", "nuclei without label", "labels unseen")
    for n in points or (6, 12):
        for scale in guidance or (1.0, 2.0):
            counts = [
                amiss(tile.instances, segmenter.segment([tile.image])[0][0])
                for k, prompt in enumerate(PROMPTS)
                for tile in made(n, k, prompt, scale, seeds, model)
            ]
            table.add_row(str(n), f"{scale:g}", str(len(counts)), *(f"{mean:.2f}" for mean in np.mean(counts, axis=0)))
    console.print(table)
    if data:
        console.print(real_windows(data, partial or [], segmenter))


def made(n: int, k: int, prompt: str, scale: float, seeds: int, model: str | None) -> Iterator[SyntheticTile]:
    """Tiles of random layouts of n points."""
    for seed in range(1, seeds + 1):
        centroids = np.random.default_rng([n, seed, k]).uniform(MARGIN, SIDE - MARGIN, (n, 2))
        layout = Layout(centroids=centroids, class_ids=[i % 2 for i in range(n)], height=SIDE, width=SIDE)
        request = make_request(layout, prompt, seed=seed, model=model, layout_guidance=scale)
        yield next(event.tile for event in run(request) if isinstance(event, Finished))


def amiss(labels: np.ndarray, seen: np.ndarray) -> tuple[int, int]:
    """Nuclei seen without a label, and labels unseen, of int (H, W) each."""
    without = sum((seen == i).sum() > LEAST_PX and (labels[seen == i] > 0).mean() < UNDER for i in ids_of(seen))
    return without, sum((seen[labels == i] > 0).mean() < UNDER for i in ids_of(labels))


def ids_of(instances: np.ndarray) -> np.ndarray:
    """Label ids without 0."""
    ids = np.unique(instances)
    return ids[ids > 0]


def real_windows(data: list[Path], partial: list[str], segmenter: Segmenter) -> Table:
    """The same counts of `val` windows, by how many nuclei they have."""
    tiles = mark_partial([t for folder in data for t in read_dataset(folder, "val")], partial)
    windows = [s for s in real_samples(tiles, BUNDLED, limit=240) if s.masked and s.coverage == "complete"]
    sizes = np.array([len(ids_of(s.instances)) for s in windows])
    counts = np.array([amiss(s.instances, segmenter.segment([s.image])[0][0]) for s in windows])
    table = Table("nuclei", "windows", "nuclei without label", "labels unseen")
    for low, high in zip(BINS, BINS[1:], strict=False):
        inside = (sizes >= low) & (sizes < high)
        if inside.any():
            means = (f"{mean:.2f}" for mean in counts[inside].mean(axis=0))
            table.add_row(f"{low} to {sizes[inside].max()}", str(inside.sum()), *means)
    return table


if __name__ == "__main__":
    typer.run(main)
