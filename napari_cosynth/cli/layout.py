"""`napari-cosynth layout`: layouts that look like a tissue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_cosynth.classes import BUNDLED
from napari_cosynth.cli.amounts import parse_amounts, parse_counts
from napari_cosynth.cli.layout_structure import train_structure
from napari_cosynth.cli.layout_table import likeness_table
from napari_cosynth.cli.outcome import console, note, outcome, ready_out, say
from napari_cosynth.cli.size import USUAL_SIZE, parse_size
from napari_cosynth.cli.work_bar import work_bar
from napari_cosynth.points import MAX_POINTS
from napari_cosynth.request import MAX_SEED

if TYPE_CHECKING:
    from napari_cosynth.data.labelled import LabelledTile
    from napari_cosynth.layouts.measure import Draw
    from napari_cosynth.layouts.model import TissueModel
    from napari_cosynth.structure.generator import StructureGenerator

layout = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""Make layouts that look like a tissue, with exact counts; or fit a tissue of your own.

**Examples**

`napari-cosynth layout tissues`

`napari-cosynth layout make --tissue colon --counts neoplastic=30,inflammatory=30 --count 100 --out layouts`

`napari-cosynth layout make --tissue breast --counts neoplastic=30,inflammatory=24 --prompt "tumour nest"`

`napari-cosynth synth layouts/*.csv --prompt "colon adenocarcinoma, H&E, 40x" --out tiles`
""",
)

Data = Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders of labelled tiles; images are not needed.")]
Organ = Annotated[str, typer.Option(help="Only tiles whose organ holds these words.")]
Partial = Annotated[
    list[str] | None,
    typer.Option(help="Source whose labels leave nuclei out, though it does not say so; give it again for more."),
]
Tissue = Annotated[str, typer.Option(help="Name of a tissue that ships, or a JSON file of `layout fit`.")]

Structure = Annotated[
    Path | None, typer.Option(help="Generator of structure, of `layout train-structure`; else the bundled one.")
]


@layout.command()
def make(
    tissue: Tissue,
    counts: Annotated[str | None, typer.Option(help="Nuclei of each class: neoplastic=60,inflammatory=40.")] = None,
    mix: Annotated[str | None, typer.Option(help="Shares of the classes, in any unit, with --total.")] = None,
    total: Annotated[int | None, typer.Option(min=0, max=MAX_POINTS, help="Number of nuclei of all classes.")] = None,
    prompt: Annotated[str, typer.Option(help='Structure in words: "tumour nest, lymphoid aggregate".')] = "",
    structure: Structure = None,
    count: Annotated[int, typer.Option(min=1, help="Number of layouts: the seeds from --seed on.")] = 1,
    size: Annotated[str, typer.Option(help="HEIGHT,WIDTH of the tile, px at 0.25 um/px.")] = USUAL_SIZE,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Of the first layout.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for the layouts; made if it is not there.")] = Path("layouts"),
) -> None:
    """Draw layouts whose nuclei stand as in a tissue: `TISSUE-SEED.csv`, input of `synth`.

    Counts are exact. What is not given is drawn from the tissue: the total from
    its densities, the mix from its mixes. The same seed gives the same layout.
    With --prompt a learned generator says where each class crowds; without, the
    tissue's own clustering does.

    **Examples**

    `napari-cosynth layout make --tissue colon --counts neoplastic=30,inflammatory=30 --count 100 --out layouts`

    `napari-cosynth layout make --tissue colon --counts neoplastic=30,inflammatory=18 --prompt "lymphoid aggregate"`

    `napari-cosynth layout make --tissue breast --mix neoplastic=60,inflammatory=40 --total 120 --size 512,512`
    """
    with outcome("stopped; finished layouts are kept"):
        from numpy.random import default_rng

        from napari_cosynth.layout_io import write_layout
        from napari_cosynth.layouts.abundance import draw_counts
        from napari_cosynth.layouts.tissues import find_tissue
        from napari_cosynth.suggest import check_classes, suggest_layout

        if counts is not None and (mix is not None or total is not None):
            raise ValueError("--counts says it all; leave out --mix and --total, or --counts")
        if seed + count - 1 > MAX_SEED:
            raise ValueError(f"--seed {seed} --count {count} goes beyond the highest seed {MAX_SEED}; start lower")
        height, width = parse_size(size)
        exact = None if counts is None else parse_counts("--counts", counts)
        shares = None if mix is None else parse_amounts("--mix", mix)
        model = find_tissue(tissue)
        check_classes(model, exact or shares or {})
        _refuse_strange_classes(model, exact or shares or dict.fromkeys(model.classes, 1))
        generator = _generator(prompt, structure, model.classes)
        ready_out(out)
        for number in range(seed, seed + count):
            rng = default_rng([number, 1])  # beside the stream of the places, so that neither depends on the other
            area = height * width * 0.25**2
            wanted = exact if exact is not None else draw_counts(model, area, rng, total=total, mix=shares)
            made = suggest_layout(
                model, wanted, prompt=prompt, seed=number, height=height, width=width, generator=generator
            )
            path = out / f"{model.name}-{number}.csv"
            write_layout(made, path)
            say(f"{path}  " + (", ".join(f"{n} {name}" for name, n in made.counts().items() if n) or "no nuclei"))
        if (height, width) != parse_size(USUAL_SIZE):
            note(f"the files do not say the size; make tiles of them with  synth --size {height},{width}")


@layout.command()
def tissues() -> None:
    """List the tissues that ship: classes, nuclei per mm2, what they were fitted on and its licence.

    **Examples**

    `napari-cosynth layout tissues`
    """
    with outcome():
        from napari_cosynth.layouts.model import read_tissue
        from napari_cosynth.layouts.tissues import tissue_files

        found = tissue_files()
        for path in found.values():
            model = read_tissue(path)
            low, middle, high = (model.total_per_mm2[i] for i in (1, 5, 9))
            say(model.name)
            say(f"  classes  {', '.join(model.classes)}")
            partial = "" if model.complete else "; its labels leave nuclei out"
            say(f"  density  {middle:.0f} nuclei per mm2, mostly {low:.0f} to {high:.0f}{partial}")
            say(f"  source   {model.source}: {model.n_nuclei} nuclei of {model.n_tiles} tiles; {model.licence}")
        if not found:
            say("no tissue ships with this installation; make one with  napari-cosynth layout fit")


@layout.command()
def fit(
    data: Data,
    out: Annotated[Path, typer.Option(help="The tissue's JSON file.")],
    tissue: Annotated[str | None, typer.Option(help="Name of the tissue; the file's name if left out.")] = None,
    organ: Organ = "",
    split: Annotated[str, typer.Option(help='Split to fit on; "all" for every tile.')] = "train",
    partial: Partial = None,
    source: Annotated[str, typer.Option(help="Where the data come from, to be kept with the tissue.")] = "",
    licence: Annotated[str, typer.Option(help="Licence of the data, to be kept with the tissue.")] = "",
    seed: Annotated[
        int, typer.Option(min=0, max=MAX_SEED, help="Of the layouts that are drawn while it is fitted.")
    ] = 0,
) -> None:
    """Fit a tissue to labelled tiles: densities, class mix, distances, attraction, clustering.

    The file holds statistics and no nucleus of any tile. It takes a minute or two.
    Fit on one split and `measure` on another.

    **Examples**

    `napari-cosynth layout fit my_tiles --tissue liver --out liver.json`

    `napari-cosynth layout fit my_tiles --organ kidney --split all --out kidney.json --licence "CC BY 4.0"`
    """
    with outcome():
        from napari_cosynth.layouts.fit import FitSettings, fit_tissue

        if out.suffix.lower() != ".json":
            raise ValueError(f"--out {out}: a tissue is a JSON file; call it {out.with_suffix('.json')}")
        ready_out(out.parent)
        tiles = _tiles(data, split, organ, partial)
        strange = sorted({name for tile in tiles for name in tile.classes if name not in BUNDLED.names})
        if strange:
            note(
                f"the bundled model has no class {', '.join(strange)}: `layout make` will refuse to place such nuclei; "
                f"call them in nuclei.csv one of {', '.join(BUNDLED.names)}, unless the tissue is for a model that "
                "has them"
            )
        settings = FitSettings(seed=seed)
        with work_bar("rounds") as bar:
            task = bar.add_task("fitting", total=settings.iterations)
            model = fit_tissue(
                tiles,
                tissue or out.stem.lower(),
                source=source or ", ".join(sorted({tile.source for tile in tiles})),
                licence=licence,
                settings=settings,
                progress=lambda done: bar.update(task, completed=done),
            )
        model.write(out)
        if not licence:
            note("the licence of the data is not stated; give it by --licence before you pass the file on")
        say(f"{out}: {model.n_nuclei} nuclei of {model.n_tiles} tiles, classes {', '.join(model.classes)}")


@layout.command()
def measure(
    data: Data,
    tissue: Tissue,
    organ: Organ = "",
    split: Annotated[str, typer.Option(help='Split that the tissue was not fitted on; "all" for every tile.')] = "val",
    partial: Partial = None,
    side: Annotated[int, typer.Option(min=64, max=1024, help="Side of the windows, px at 0.25 um/px.")] = 256,
    most: Annotated[int, typer.Option(min=20, help="Windows to compare at most.")] = 200,
    seed: Annotated[
        int, typer.Option(min=0, max=MAX_SEED, help="Of the windows, and of the layouts drawn for them.")
    ] = 0,
    learned: Annotated[
        bool, typer.Option("--learned", help="Measure learned structure too: by the tissue's name, and by words.")
    ] = False,
    structure: Structure = None,
) -> None:
    """Measure whether a tissue's layouts look like real ones that it has not seen.

    Nearest-neighbour distances, Ripley's L and cross-L: the share of radii inside
    the 95 % envelope of the real layouts (wanted: 90 %). A classifier on spatial
    statistics, cross-validated, that tells them from real: AUC (wanted: 0.65 or
    less). Beside them random points, jittered real layouts, and real against
    real, and each patient's real layouts against those of the other patients: what
    can be reached at most. Needs the extra "train".

    **Examples**

    `napari-cosynth layout measure my_tiles --tissue liver.json --learned`
    """
    with outcome():
        from napari_cosynth.layouts.measure import measure as measuring
        from napari_cosynth.layouts.tissues import find_tissue

        model = find_tissue(tissue)
        others = _learned(model, structure) if learned or structure else {}
        tiles = _tiles(data, split, organ, partial)
        with work_bar("layouts") as bar:
            task = bar.add_task("measuring", total=None)
            try:
                measured = measuring(
                    model,
                    tiles,
                    side=side,
                    most=most,
                    seed=seed,
                    others=others,
                    progress=lambda done, total: bar.update(task, completed=done, total=total),
                )
            except ImportError as error:
                raise ValueError(str(error)) from error
        console.print(likeness_table(measured))


layout.command(name="train-structure")(train_structure)


def _refuse_strange_classes(tissue: TissueModel, amounts: Mapping[str, float]) -> None:
    strange = [name for name, amount in amounts.items() if amount and name not in BUNDLED.names]
    if strange:
        raise ValueError(
            f"the tissue {tissue.name} has the class {', '.join(strange)}, and the bundled model has not; ask for "
            f"others by --counts or --mix, or fit the tissue again from a nuclei.csv that calls them one of "
            f"{', '.join(BUNDLED.names)}"
        )


def _learned(tissue: TissueModel, folder: Path | None) -> dict[str, Draw]:
    from napari_cosynth.structure.likeness import structured
    from napari_cosynth.suggest import structure_generator

    generator = structure_generator(folder)
    return {name: structured(tissue, generator, worded) for name, worded in (("learned", False), ("by words", True))}


def _generator(prompt: str, folder: Path | None, classes: Sequence[str]) -> StructureGenerator | None:
    """What follows the prompt, after a word on what it cannot follow; None without a prompt."""
    if not prompt.strip():
        if folder is not None:
            raise ValueError(f"--structure {folder} without --prompt; say what structure it shall make")
        return None
    from napari_cosynth.structure.unheard import unheard
    from napari_cosynth.suggest import structure_generator

    generator = structure_generator(folder)
    for sentence in unheard(prompt, generator, classes):
        note(sentence)
    return generator


def _tiles(data: list[Path], split: str, organ: str, partial: list[str] | None) -> list[LabelledTile]:
    from napari_cosynth.data.dataset import mark_partial, read_dataset

    chosen = None if split == "all" else split
    tiles = [t for folder in data for t in read_dataset(folder, chosen) if organ.lower() in t.organ.lower()]
    if not tiles:
        of = f" of {organ!r}" if organ else ""
        raise ValueError(f"no tile of the split {split!r}{of} in {', '.join(map(str, data))}; name another --split")
    return mark_partial(tiles, partial or ())
