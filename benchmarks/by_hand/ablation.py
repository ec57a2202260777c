"""Variants of the model at equal compute: the process, and the distance map.

    python benchmarks/by_hand/ablation.py --data DIR [--data DIR ...] --out FOLDER --steps 2000

Each variant is a small network that is trained from scratch on the same crops in
the same order (`napari-cosynth train`), and measured on the same held-out tiles
with the same number of passes through the network for a tile (`napari-cosynth
evaluate`). Labels first shares its crops and its sampler's steps out between
labels and image. What is finished is not done again. First, without any network:
the distance maps of real labels, turned back into instances.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from napari_cosynth.classes import BUNDLED
from napari_cosynth.data.dataset import read_dataset
from napari_cosynth.evaluation.agreement import pooled_scores, tally_of
from napari_cosynth.evaluation.bootstrap import Sums, estimates
from napari_cosynth.evaluation.sample import Sample, Segmentation, real_samples
from napari_cosynth.model.instances import decode
from napari_cosynth.model.targets import DISTANCES, DistanceTarget, class_target, joint_tile
from napari_cosynth.training.run_folder import finished_steps
from napari_cosynth.writing import write_together

VARIANTS = {
    "joint, interior distance": (),
    "labels first, interior distance": ("--process", "labels-first"),
    "joint, centroid distance": ("--distance", "centroid"),
}
FIGURES = {
    "agreement PQ": ("agreement", "made", "pq"),
    "PQ of real tiles": ("agreement", "ceiling", "pq"),
    "agreement AJI": ("agreement", "made", "aji"),
    "points with a nucleus, F1": ("agreement", "made", "layout", "f1"),
    "class as asked": ("agreement", "made", "layout", "class_accuracy"),
    "KID, all tiles": ("likeness", "realism", "kernel_distance", "all_tiles"),
    "high-frequency energy, made / real": ("texture", "high_frequency_energy"),
    "AUC made or real": ("likeness", "discriminator", "auc"),
}
NOISE = 0.1
"""Standard deviation of the error put on the distance maps, of their range 0 to 1."""


def main(
    data: Annotated[list[Path], typer.Option(help="Folder of labelled tiles; give it again for more.")],
    out: Annotated[Path, typer.Option(help="Folder for runs, reports and ablation.json.")],
    steps: Annotated[int, typer.Option(min=1, help="Training steps of each variant.")] = 2000,
    batch_size: Annotated[int, typer.Option(min=2)] = 8,
    crop: Annotated[int, typer.Option(min=64, help="Side of a training crop, px.")] = 128,
    channels: Annotated[str, typer.Option(help="Width of each level.")] = "32,64,128,128",
    tiles: Annotated[int, typer.Option(min=12, help="Held-out tiles to measure on.")] = 24,
    learning_rate: Annotated[float, typer.Option(min=0, help="After the warm-up.")] = 1e-3,
    perceptual: Annotated[float, typer.Option(min=0, help="Weight of the perceptual loss; 0 = squared error.")] = 0,
    precision: Annotated[str, typer.Option(help="Of training: bf16 or no.")] = "no",
    partial: Annotated[list[str] | None, typer.Option()] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
) -> None:
    """Train, measure, print a table, write ablation.json."""
    out.mkdir(parents=True, exist_ok=True)
    sources = [part for folder in data for part in ("--data", str(folder))]
    sources += [part for name in partial or () for part in ("--partial", name)]
    result: dict = {"steps": steps, "batch size": batch_size, "crop": crop, "channels": channels}
    result |= {"learning rate": learning_rate, "perceptual": perceptual, "tiles": tiles, "seed": seed}
    result["there and back"] = there_and_back(data, tiles)
    result["variants"] = {}
    for name, options in VARIANTS.items():
        folder = out / name.replace(", ", "-").replace(" ", "-")
        done = finished_steps(folder)
        if done < steps:
            resume = ("--resume",) if done else options
            size = ("--channels", channels, "--batch-size", batch_size, "--crop", crop, "--precision", precision)
            objective = ("--learning-rate", learning_rate, "--perceptual", perceptual)
            length = ("--steps", steps, "--seed", seed, "--preview-minutes", 0, "--checkpoint-minutes", 2)
            call("train", *sources, "--out", folder, *length, *size, *objective, *resume)
        report = folder / "report" / "report.json"
        if not report.is_file():
            measured = ("--model", folder / "model", "--out", report.parent, "--tiles", tiles, "--no-prompts")
            call("evaluate", *sources, *measured, "--seed", seed, "--dtype", "float32")
        figures = json.loads(report.read_text())
        result["variants"][name] = {title: figure(figures, path) for title, path in FIGURES.items()}
        write_together({out / "ablation.json": (json.dumps(result, indent=2) + "\n").encode()})
    show(result)


def call(*arguments: object) -> None:
    """Run a command of the program; its failure ends this one."""
    subprocess.run([sys.executable, "-m", "napari_cosynth.cli", *map(str, arguments)], check=True)


def figure(report: dict, path: tuple[str, ...]) -> str:
    """A figure of a report with its interval, as text."""
    value = report
    for key in path:
        value = value[key]
    if not isinstance(value, dict):
        return f"{value:.3f}"
    if value["value"] is None:
        return "not measurable"
    interval = "" if value["low"] is None else f" ({value['low']:.3f}-{value['high']:.3f})"
    return f"{value['value']:.3f}{interval}"


def there_and_back(data: list[Path], tiles: int) -> dict[str, dict[str, str]]:
    """PQ and AJI of real labels turned into maps and decoded again, exact and with noise on the distance.

    Also what the interior map has more than the centroid map, paired over groups of tiles.
    """
    found = [t for folder in data for t in read_dataset(folder, "val") if t.instances is not None]
    samples = real_samples([t for t in found if t.coverage == "complete"], BUNDLED, limit=tiles)
    rows = {}
    for noise in (0.0, NOISE):
        tallies: list[dict[str, float]] = [{} for _ in samples]
        for name, target in DISTANCES.items():
            rng = np.random.default_rng(0)
            for sample, tally in zip(samples, tallies, strict=True):
                of_map = tally_of(sample, decoded(sample, target, noise, rng), BUNDLED)
                tally |= {f"{name}/{key}": value for key, value in of_map.items()}

        def scores(sums: Sums) -> dict[str, np.ndarray]:
            parts = {}
            for name in DISTANCES:
                own = {k.removeprefix(f"{name}/"): v for k, v in sums.items() if k.startswith(f"{name}/")}
                parts[name] = pooled_scores(own, BUNDLED)
            both = {f"{name} {key}": parts[name][key] for name in DISTANCES for key in ("pq", "aji")}
            return both | {f"difference {k}": parts["interior"][k] - parts["centroid"][k] for k in ("pq", "aji")}

        found_scores = estimates(tallies, [s.origin for s in samples], scores)
        for name in (*DISTANCES, "difference"):
            pq, aji = (str(found_scores[f"{name} {key}"]) for key in ("pq", "aji"))
            rows[f"{name}, noise {noise:g}"] = {"PQ": pq, "AJI": aji}
    return rows


def decoded(sample: Sample, target: DistanceTarget, noise: float, rng: np.random.Generator) -> Segmentation:
    """Instances made of a sample's own distance map, class maps and points."""
    distance = target(sample.instances, None)
    distance = np.clip(distance + rng.normal(0, noise, distance.shape), 0, 1).astype(np.float32)
    classes = class_target(sample.instances, sample.class_of, BUNDLED)
    labels = decode(joint_tile(sample.image, distance, classes, BUNDLED), sample.points, BUNDLED)
    return labels.instances, labels.class_of


def show(result: dict) -> None:
    """Print both tables."""
    for part, title in (("there and back", "Real labels to distance map and back"), ("variants", "Made tiles")):
        rows = result[part]
        table = Table("", *rows, title=title)
        for name in next(iter(rows.values())):
            table.add_row(name, *(row[name] for row in rows.values()))
        Console().print(table)


if __name__ == "__main__":
    typer.run(main)
