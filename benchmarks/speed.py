"""How fast a model makes tiles of 256 x 256 px on this machine, and how much memory that takes.

    python benchmarks/speed.py [--model DIR] [--threads 2] [--json FILE]

Run it on an idle machine: the load that it found is part of what it prints.
Dtypes take turns, so that a disturbance meets both and their ratio stays true.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from napari_cosynth.presets import DRAFT, STANDARD, Preset
from napari_cosynth.resources import Sample, samples
from napari_cosynth.writing import write_together

if TYPE_CHECKING:
    from napari_cosynth.model.pipeline import CoSynthPipeline

SIDE = 256
DTYPES = ("float32", "bfloat16")
BATCHES = (1, 2, 4)


def main(
    model: Annotated[str | None, typer.Option(help="Bundled model or model folder.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads of the CPU.")] = 2,
    repeats: Annotated[int, typer.Option(min=1, help="Measurements of each figure; the median counts.")] = 5,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures here as well.")] = None,
) -> None:
    """Measure, print a table, write JSON."""
    sample = next(s for s in samples() if (s.height, s.width) == (SIDE, SIDE))
    figures: dict[str, Any] = {"load before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None}
    figures |= shell_figures(sample, model, threads)

    import torch

    from napari_cosynth.model import zoo

    torch.set_num_threads(threads)
    folder = zoo.find_model(model)
    pipes = {dtype: zoo.load(folder, "cpu", dtype) for dtype in DTYPES}
    layout = sample.layout()
    for name, preset in (("default", STANDARD), ("fast", DRAFT)):
        calls = {dtype: tile_call(pipe, layout, sample.prompt, preset) for dtype, pipe in pipes.items()}
        figures |= compared(f"seconds a tile, {name}", calls, repeats)
    seconds = compared("forward pass ms", {dtype: forward_call(pipe) for dtype, pipe in pipes.items()}, repeats)
    figures |= {key: value if "ratio" in key else round(value * 1000, 1) for key, value in seconds.items()}
    faster = min(DTYPES, key=lambda dtype: figures[f"seconds a tile, default, {dtype}"])
    for size in BATCHES:
        taken = median_seconds([batch_call(pipes[faster], layout, sample.prompt, size)], max(1, repeats // 2))[0]
        figures[f"tiles a second, batch {size}, {faster}"] = round(size / taken, 3)

    facts = {
        "model": folder.name,
        "hash": folder.hash,
        "parameters": sum(p.numel() for p in pipes[faster].unet.parameters()),
        "layout": f"{sample.name}, {len(layout)} points, {SIDE} x {SIDE} px",
        "threads": threads,
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "torch": torch.__version__,
    }
    show(facts, figures)
    if json_file is not None:
        write_together({json_file: (json.dumps({"facts": facts, "figures": figures}, indent=2) + "\n").encode()})


def shell_figures(sample: Sample, model: str | None, threads: int) -> dict[str, float | None]:
    """From shell prompt to files, on a machine that knows nothing yet and once more; and the peak memory of that."""
    command = [sys.executable, "-m", "napari_cosynth.cli", "synth", str(sample.path), "--prompt", sample.prompt]
    command += ["--threads", str(threads), "--device", "cpu", *(("--model", model) if model else ())]
    figures: dict[str, float | None] = {}
    with tempfile.TemporaryDirectory() as folder:
        # An empty cache: the first run measures which dtype is faster, as it does for a new user.
        environment = os.environ | {"NAPARI_COSYNTH_CACHE": folder}
        for name in ("first", "second"):
            start = time.perf_counter()
            subprocess.run([*command, "--out", folder], env=environment, check=True, stdout=subprocess.DEVNULL)
            figures[f"shell prompt to files s, {name} run"] = round(time.perf_counter() - start, 2)
    return figures | {"peak memory GB": children_peak_gb()}


def children_peak_gb() -> float | None:
    """Largest resident memory of the processes started so far; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return round(peak * (1 if sys.platform == "darwin" else 1024) / 1e9, 2)


def tile_call(pipe: CoSynthPipeline, layout: Any, prompt: str, preset: Preset) -> Callable[[], Any]:
    """Image and labels of one tile."""
    import torch

    return lambda: pipe(layout, prompt, *preset, generator=torch.Generator().manual_seed(0))


def batch_call(pipe: CoSynthPipeline, layout: Any, prompt: str, size: int) -> Callable[[], Any]:
    """A batch at default settings through `denoise`, labels left out."""
    import torch

    noise = pipe.draw_noise((SIDE, SIDE), [torch.Generator().manual_seed(i) for i in range(size)])
    return lambda: list(pipe.denoise([layout] * size, [prompt] * size, noise))


def forward_call(pipe: CoSynthPipeline) -> Callable[[], Any]:
    """One pass of the network on one tile."""
    import torch

    config, dtype = pipe.unet.config, pipe.unet.dtype
    inputs = (
        torch.zeros(1, 5 + config.n_classes, SIDE, SIDE, dtype=dtype),
        torch.zeros(1),
        torch.zeros(1, config.condition_channels, SIDE, SIDE, dtype=dtype),
        torch.ones(1, 1, SIDE, SIDE, dtype=dtype),
        torch.zeros(1, dtype=torch.long),
        torch.zeros(1, 16, config.text_channels, dtype=dtype),
        torch.ones(1, 16, dtype=torch.bool),
    )
    return torch.inference_mode()(lambda: pipe.unet(*inputs))


def compared(name: str, calls: dict[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """Median seconds of each dtype's call, and the first over the second."""
    first, second = taken = median_seconds(list(calls.values()), repeats)
    figures = {f"{name}, {dtype}": round(seconds, 4) for dtype, seconds in zip(calls, taken, strict=True)}
    return figures | {f"{name}, ratio {' / '.join(calls)}": round(first / second, 2)}


def median_seconds(calls: list[Callable[[], Any]], repeats: int) -> list[float]:
    """Median seconds of each call after a warm-up; the calls take turns."""
    taken: list[list[float]] = [[] for _ in calls]
    for turn in range(repeats + 1):
        for call, seconds in zip(calls, taken, strict=True):
            start = time.perf_counter()
            call()
            if turn:
                seconds.append(time.perf_counter() - start)
    return [statistics.median(seconds) for seconds in taken]


def show(facts: dict[str, Any], figures: dict[str, Any]) -> None:
    """Print facts and figures as a table."""
    table = Table("figure", "value", title=f"{facts['model']} ({facts['hash']})")
    for key, value in {k: v for k, v in facts.items() if k not in ("model", "hash")}.items():
        table.add_row(key, str(value))
    table.add_section()
    for key, value in figures.items():
        table.add_row(key, "unknown" if value is None else str(value))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
