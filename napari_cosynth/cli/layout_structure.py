"""`napari-cosynth layout train-structure`: a generator of structure from labelled tiles."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from napari_cosynth.classes import BUNDLED
from napari_cosynth.cli.outcome import note, outcome, ready_out, say
from napari_cosynth.cli.sources import note_unknown_classes
from napari_cosynth.cli.work_bar import work_bar
from napari_cosynth.request import MAX_SEED

_LINE_EVERY = 200


def train_structure(
    data: Annotated[list[Path], typer.Option(help="Folder of labelled tiles; give it again for more.")],
    out: Annotated[Path, typer.Option(help="Folder for the generator, input of `layout make --structure`.")],
    minutes: Annotated[float | None, typer.Option(min=0.01, help="Train for so many minutes.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Train for so many steps.")] = None,
    init: Annotated[
        str | None, typer.Option(help='Begin with the weights of this generator: a folder, or "bundled".')
    ] = None,
    windows: Annotated[
        int, typer.Option(min=32, help="Windows of 64 um to learn from; a third as many of 128 um.")
    ] = 12000,
    learning_rate: Annotated[float, typer.Option(min=0, help="After the warm-up; it falls to 0 at the end.")] = 1e-3,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Of windows, captions, weights and noise.")] = 0,
    licence: Annotated[str, typer.Option(help="Licence of the data, to be kept with the generator.")] = "",
) -> None:
    """Train the generator of structure (glands, nests, rims, bands) on tiles of your own.

    Points are enough, images are not looked at. Tiles of the split "train" are
    used. The words are told by the arrangement of the nuclei and by the tiles'
    organ and disease. Half an hour on one core is enough.

    **Examples**

    `napari-cosynth layout train-structure --data my_tiles --out structure --minutes 30`

    `napari-cosynth layout make --tissue liver.json --structure structure --prompt "band of stroma" --out layouts`
    """
    with outcome("stopped; nothing was written"):
        import torch

        from napari_cosynth.data.dataset import read_dataset
        from napari_cosynth.data.terms import count_terms
        from napari_cosynth.model.text import TextEncoder
        from napari_cosynth.structure.density_net import DensityNet
        from napari_cosynth.structure.folder import load_structure, save_structure
        from napari_cosynth.structure.generator import StructureGenerator
        from napari_cosynth.structure.traits import TRAITS
        from napari_cosynth.training.structure import StructureSettings, structure_data
        from napari_cosynth.training.structure import train_structure as training
        from napari_cosynth.training.structure_windows import drawn_windows, typical_traits

        if minutes is None and steps is None:
            raise ValueError("training without an end; give --minutes or --steps")
        settings = StructureSettings(learning_rate=learning_rate, seed=seed)
        torch.manual_seed(seed)
        start = None if init is None else load_structure(None if init == "bundled" else Path(init))
        taxonomy = BUNDLED if start is None else start.taxonomy
        encoder = TextEncoder.default() if start is None else start.encoder
        network = (
            start.network
            if start
            else DensityNet(n_classes=len(taxonomy), text_channels=encoder.channels, n_traits=len(TRAITS))
        )
        tiles = [tile for folder in data for tile in read_dataset(folder, "train")]
        if not tiles:
            raise ValueError(f'no tile of the split "train" in {", ".join(map(str, data))}; see their tiles.csv')
        note_unknown_classes(tiles, taxonomy)
        ready_out(out)
        with work_bar("windows") as bar:
            task = bar.add_task("captions", total=None)
            drawn = drawn_windows(
                tiles, taxonomy, windows, seed, lambda done, total: bar.update(task, completed=done, total=total)
            )
        parts = [structure_data(some, len(taxonomy), encoder) for some in drawn]
        seconds = None if minutes is None else minutes * 60
        with work_bar("steps" if steps else "seconds") as bar:
            task = bar.add_task("training", total=steps or seconds)
            mean = None
            for step in training(network, parts, settings, steps=steps, seconds=seconds):
                mean = step.loss if mean is None else 0.99 * mean + 0.01 * step.loss
                bar.update(task, completed=step.step if steps else step.seconds)
                if step.step % _LINE_EVERY == 0:
                    say(f"{step.step} steps, {step.seconds:.0f} s, loss {mean:.4f}")
        # What a prompt can ask for but these windows never show stays as it was learned before.
        known = Counter(start.terms if start else {})
        terms = sum((count_terms(w.caption) for some in drawn for w in some), start=known)
        typical = {**(start.typical if start else {}), **typical_traits(drawn[0], taxonomy)}
        facts = {
            "sources": sorted({tile.source for tile in tiles}),
            "licence": licence,
            "windows": [len(some) for some in drawn],
            "steps": step.step,
            "seconds": round(step.seconds),
            "settings": settings.model_dump(),
        }
        save_structure(StructureGenerator(network, encoder, taxonomy, terms, typical), out, facts)
        if not licence:
            note("the licence of the data is not stated; give it by --licence before you pass the folder on")
        say(f"{out}: try it with  napari-cosynth layout make --structure {out} --prompt ...")
