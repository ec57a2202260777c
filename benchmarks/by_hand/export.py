"""Speed and memory of an export, by number of tiles and by format.

    python benchmarks/by_hand/export.py [--tiles 500 --tiles 5000] [--format coco ...]

Tiles of 256 px with 36 nuclei each are drawn and written as `synth` writes
them, then exported by a process of its own, whose peak memory is taken. It
stays flat if it does not grow with the number of tiles. Needs 1 MB of disk for
each tile and format.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from napari_cosynth.export import FORMATS
from napari_cosynth.layout import Layout
from napari_cosynth.produced import produced_nuclei
from napari_cosynth.quality import layout_report
from napari_cosynth.request import SynthesisRequest
from napari_cosynth.tile import SyntheticTile
from napari_cosynth.tile_files import write_tile

SIDE, SPACING, RADIUS = 256, 40, 9
DRAWN = 20


def main(
    tiles: Annotated[list[int] | None, typer.Option(help="Numbers of tiles.")] = None,
    formats: Annotated[list[str] | None, typer.Option("--format", help="Formats; all seven if left out.")] = None,
) -> None:
    """Measure and print."""
    print(f"{'tiles':>6}  {'format':10} {'tiles/s':>8} {'peak MB':>8}")
    context = get_context("spawn")  # a process of its own, whose memory holds nothing of this one
    for count in tiles or [500, 5000]:
        with tempfile.TemporaryDirectory() as folder:
            draw_tiles(count, Path(folder) / "tiles")
            for key in formats or FORMATS:
                with context.Pool(1) as pool:
                    seconds, peak = pool.apply(measure, (key, folder))
                print(f"{count:6}  {key:10} {count / seconds:8.1f} {peak:8.0f}", flush=True)


def measure(key: str, folder: str) -> tuple[float, float]:
    """Seconds of an export of the tiles in a folder, and the process's peak memory, MB."""
    from napari_cosynth.export.dataset import export
    from napari_cosynth.export.plan import folder_tiles

    began = time.perf_counter()
    for _ in export(folder_tiles(Path(folder) / "tiles"), [key], Path(folder) / key):
        pass
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return time.perf_counter() - began, kilobytes / 1024


def draw_tiles(count: int, folder: Path) -> None:
    """Write tiles of discs on noise; each has a seed of its own, every twentieth the same picture."""
    folder.mkdir()
    drawn = [draw_tile(seed) for seed in range(min(count, DRAWN))]
    for seed in range(count):
        tile = drawn[seed % DRAWN]
        request = tile.request.model_copy(update={"seed": seed})
        write_tile(replace(tile, request=request), folder, f"drawn-{seed:05d}")


def draw_tile(seed: int) -> SyntheticTile:
    """A tile with a nucleus at each of its points."""
    rng = np.random.default_rng(seed)
    rows, cols = np.indices((SIDE, SIDE))
    grid = np.stack(np.meshgrid(*[np.arange(28, SIDE - 20, SPACING)] * 2), axis=-1).reshape(-1, 2)
    points = grid + rng.uniform(-8, 8, grid.shape)
    layout = Layout(centroids=points, class_ids=rng.integers(0, 5, len(points)), height=SIDE, width=SIDE)
    away = np.hypot(rows[..., None] - points[:, 0], cols[..., None] - points[:, 1])
    instances = np.where(away.min(axis=-1) <= RADIUS, away.argmin(axis=-1) + 1, 0).astype(np.int32)
    nuclei = produced_nuclei(instances, dict(enumerate(layout.class_ids.tolist(), start=1)), len(layout))
    stained = np.where(instances[..., None] > 0, (90, 60, 140), (225, 180, 210))
    return SyntheticTile(
        image=np.clip(stained + rng.normal(0, 12, stained.shape), 0, 255).astype(np.uint8),
        semantic=np.array([0, *layout.class_ids + 1], np.uint8)[instances],
        instances=instances,
        nuclei=nuclei,
        request=SynthesisRequest(layout=layout, seed=seed, model="drawn", model_hash="0" * 16),
        report=layout_report(layout, nuclei),
    )


if __name__ == "__main__":
    typer.run(main)
