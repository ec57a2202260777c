"""Whether the words of a structure prompt act: layouts with a word, without one, and with its opposite.

    python benchmarks/structure_words.py [--structure DIR] [--seeds 60] [--real DIR ...]

Counts and seeds are the same in each row, so only the prompt differs. For each
word the number that it should raise (`napari_cosynth.structure.arrangements`),
its mean over the seeds, and the 95 % interval (bootstrap over seeds) of the
difference. Then the time of a layout of 150 nuclei, processor seconds of one thread.

With ``--real``, what the maps and the point process can carry at all, without
any network: windows of 64 um of labelled tiles, their true density maps given
to the point process, and the same number of the real points, of the layout
drawn from their maps, and of one drawn from even maps; for windows that show
the word's structure and for those that do not.
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

from napari_cosynth.classes import BUNDLED
from napari_cosynth.data.dataset import read_dataset
from napari_cosynth.layouts.pattern import Pattern, pattern_of_layout
from napari_cosynth.layouts.tissues import find_tissue
from napari_cosynth.structure import arrangements as measured
from napari_cosynth.structure.density_targets import CELL_UM, maps_of, smoothed
from napari_cosynth.structure.generator import CONTRAST, StructureGenerator, densities_of
from napari_cosynth.suggest import structure_generator, suggest_layout
from napari_cosynth.training.structure_windows import SIDES, StructureWindow, draw_windows

Number = Callable[[dict[str, np.ndarray], Pattern], float]
"""What a word should raise, from the places of each class and the whole pattern."""


@dataclass(frozen=True)
class Case:
    """A word, its opposite, what it should raise, and the names of the structures that it means."""

    word: str
    opposite: str
    what: str
    number: Number
    tissue: str
    counts: dict[str, int]
    meant: tuple[str, ...]


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
        ("gland", "glands"),
    ),
    Case(
        "lymphoid aggregate",
        "scattered lymphocytes",
        "lymphocytes within 20 um of one",
        lambda of, p: measured.crowding(of["inflammatory"]),
        "colon",
        {"neoplastic": 30, "inflammatory": 18},
        ("lymphoid aggregate",),
    ),
    Case(
        "tumour nest",
        "tumour-infiltrating lymphocytes",
        "purity of the tumour's neighbours",
        lambda of, p: measured.purity(of["neoplastic"], p.points),
        "breast",
        _NEST,
        ("tumour nest",),
    ),
    Case(
        "tumour nest with a rim of lymphocytes",
        "tumour border",
        "lymphocytes around the tumour",
        lambda of, p: measured.surrounding(of["neoplastic"], of["inflammatory"]),
        "breast",
        _NEST,
        ("rim of lymphocytes around tumour",),
    ),
    Case(
        "band of stroma",
        "stroma",
        "slimness of the stroma",
        lambda of, p: measured.slimness(of["connective"]),
        "breast",
        {"neoplastic": 36, "connective": 12},
        ("band of stroma",),
    ),
    Case(
        "tumour border",
        "tumour surrounded by stroma",
        "parted by a straight line",
        lambda of, p: measured.parted(of["neoplastic"], of["connective"]),
        "breast",
        _MIXED,
        ("border of tumour and stroma",),
    ),
)


def main(
    structure: Annotated[Path | None, typer.Option(help="Generator; the bundled one if left out.")] = None,
    seeds: Annotated[int, typer.Option(min=10)] = 60,
    real: Annotated[list[Path] | None, typer.Option(help="Labelled tiles, for what the maps can carry.")] = None,
) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    if real:
        _carried(real, seeds)
        return
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


def _carried(folders: list[Path], most: int) -> None:
    tiles = [tile for folder in folders for tile in read_dataset(folder, "train")]
    drawn = draw_windows(tiles, BUNDLED, SIDES[0], 4000, seed=1, arranged_anew=False)
    table = Table("word", "should raise", "windows", "real", "from their maps", "from even maps")
    for case in CASES:
        known = set(find_tissue(case.tissue).classes)
        sides: tuple[list[StructureWindow], list[StructureWindow]] = [], []
        for window in drawn:
            names = [BUNDLED.names[mark] for mark in window.pattern.marks]
            # At least half as many of each class as the word is asked for with.
            if known.issuperset(names) and all(names.count(c) >= n / 2 for c, n in case.counts.items() if n > 10):
                sides[not any(s.name in case.meant for s in window.structures)].append(window)
        for which, some in zip(("with it", "others"), sides, strict=True):
            values = np.array([_three(case, window, seed) for seed, window in enumerate(some[:most])])
            means = [f"{mean:.2f}" for mean in np.nanmean(values, axis=0)] if len(values) else []
            table.add_row(case.word, case.what, f"{len(values)} {which}", *means)
    Console(width=160).print(table)


def _three(case: Case, window: StructureWindow, seed: int) -> tuple[float, float, float]:
    pattern = window.pattern
    n = len(BUNDLED)
    ids = {BUNDLED.names[i]: i for i in np.unique(pattern.marks)}
    counts = dict(zip(BUNDLED.names, pattern.counts(n).tolist(), strict=True))
    maps = maps_of(smoothed(pattern.points, pattern.marks, n, SIDES[:1] * 2))
    pixels = round(SIDES[0] * CELL_UM / 0.25)
    true = densities_of(torch.from_numpy(maps)[None], ids, (pixels, pixels), 0.25, CONTRAST)
    patterns = [pattern]
    for density in (true, dict.fromkeys(ids, np.ones((pixels, pixels)))):
        present = {name: count for name, count in counts.items() if count}
        patterns.append(
            pattern_of_layout(suggest_layout(case.tissue, present, seed=seed, density=density), BUNDLED.names)
        )
    real, mapped, even = (
        case.number({name: p.points[p.marks == i] for i, name in enumerate(BUNDLED.names)}, p) for p in patterns
    )
    return real, mapped, even


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
