"""Whether the words of a structure prompt act: layouts with a word, without one, and with its opposite.

    python benchmarks/structure_words.py [--structure DIR] [--seeds 60]

Counts and seeds are the same in each row, so only the prompt differs. For each
word the number that it should raise (`napari_cosynth.structure.arrangements`),
its mean over the seeds, and the 95 % interval (bootstrap over seeds) of the
difference. Then the time of a layout of 150 nuclei, processor seconds of one thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table

from napari_cosynth.layouts.pattern import Pattern, pattern_of_layout
from napari_cosynth.structure import arrangements as measured
from napari_cosynth.structure.generator import StructureGenerator
from napari_cosynth.suggest import structure_generator, suggest_layout

Number = Callable[[dict[str, np.ndarray], Pattern], float]
"""What a word should raise, from the places of each class and the whole pattern."""


@dataclass(frozen=True)
class Case:
    """A word, its opposite, and what it should raise."""

    word: str
    opposite: str
    what: str
    number: Number
    tissue: str
    counts: dict[str, int]


_NEST = {"neoplastic": 30, "inflammatory": 24}
_MIXED = {"neoplastic": 24, "connective": 24}
CASES = (
    Case(
        "gland",
        "sheet of epithelium",
        "closure of the best ring",
        lambda of, p: measured.ring_likeness(of["epithelial"], p.points, p.size),
        "colon",
        {"epithelial": 30, "connective": 10, "inflammatory": 4},
    ),
    Case(
        "lymphoid aggregate",
        "scattered lymphocytes",
        "lymphocytes within 20 um of one",
        lambda of, p: measured.crowding(of["inflammatory"]),
        "colon",
        {"neoplastic": 30, "inflammatory": 18},
    ),
    Case(
        "tumour nest",
        "tumour-infiltrating lymphocytes",
        "purity of the tumour's neighbours",
        lambda of, p: measured.purity(of["neoplastic"], p.points),
        "breast",
        _NEST,
    ),
    Case(
        "tumour nest with a rim of lymphocytes",
        "tumour border",
        "lymphocytes around the tumour",
        lambda of, p: measured.surrounding(of["neoplastic"], of["inflammatory"]),
        "breast",
        _NEST,
    ),
    Case(
        "band of stroma",
        "stroma",
        "slimness of the stroma",
        lambda of, p: measured.slimness(of["connective"]),
        "breast",
        {"neoplastic": 36, "connective": 12},
    ),
    Case(
        "tumour border",
        "tumour surrounded by stroma",
        "parted by a straight line",
        lambda of, p: measured.parted(of["neoplastic"], of["connective"]),
        "breast",
        _MIXED,
    ),
)


def main(
    structure: Annotated[Path | None, typer.Option(help="Generator; the bundled one if left out.")] = None,
    seeds: Annotated[int, typer.Option(min=10)] = 60,
) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    generator = structure_generator(structure)
    table = Table("word", "should raise", "with it", "without", "opposite", "difference to the opposite", "to none")
    for case in CASES:
        prompts = (case.word, "", case.opposite)
        values = {p: np.array([_value(case, p, s, generator) for s in range(seeds)]) for p in prompts}
        means = [f"{values[p].mean():.2f}" for p in prompts]
        gains = [_interval(values[case.word] - values[other]) for other in (case.opposite, "")]
        table.add_row(f"{case.word} / {case.opposite}", case.what, *means, *gains)
    console = Console(width=160)
    console.print(table)
    spent = []
    for seed in range(5):
        began = time.process_time()
        counts = {"neoplastic": 80, "inflammatory": 40, "connective": 30}
        suggest_layout("breast", counts, prompt="tumour nest", seed=seed, height=512, width=512, generator=generator)
        spent.append(time.process_time() - began)
    console.print(f"150 nuclei on 512 x 512 px: {np.median(spent):.2f} s")


def _value(case: Case, prompt: str, seed: int, generator: StructureGenerator) -> float:
    # Through `densities`, so that the generator draws where there is no word, too.
    density = generator.densities(prompt, case.counts, seed=seed)
    layout = suggest_layout(case.tissue, case.counts, seed=seed, density=density)
    classes = tuple(dict.fromkeys(layout.names))
    pattern = pattern_of_layout(layout, classes)
    of = {name: pattern.points[pattern.marks == i] for i, name in enumerate(classes)}
    return case.number(of, pattern)


def _interval(gains: np.ndarray) -> str:
    rng = np.random.default_rng(0)
    means = gains[rng.integers(len(gains), size=(2000, len(gains)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return f"{gains.mean():+.2f} ({low:+.2f} to {high:+.2f})"


if __name__ == "__main__":
    typer.run(main)
