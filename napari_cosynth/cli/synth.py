"""`napari-cosynth synth`: layouts and a prompt become labelled tiles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_cosynth.classes import BUNDLED
from napari_cosynth.cli.again import again, refuse_other_options
from napari_cosynth.cli.outcome import note, outcome, ready_out, say
from napari_cosynth.cli.size import USUAL_SIZE, parse_size
from napari_cosynth.cli.tile_steps import close_sentence, make_tile, step_bar
from napari_cosynth.layout_io import read_layout
from napari_cosynth.presets import DRAFT, STANDARD
from napari_cosynth.request import MAX_SEED, SynthesisRequest
from napari_cosynth.synthesis import make_request, taxonomy_of, unseen_words
from napari_cosynth.tile_files import refuse_long_stems, write_tile


def synth(
    ctx: typer.Context,
    layouts: Annotated[
        list[Path] | None, typer.Argument(help="Layout files: CSV with the header row,col,class, or QuPath GeoJSON.")
    ] = None,
    prompt: Annotated[
        str, typer.Option(help='Tissue, stain and structure in words, such as "colon, H&E, 40x, dense lymphocytes".')
    ] = "",
    out: Annotated[Path, typer.Option(help="Folder for the tiles; made if it is not there.")] = Path("out"),
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="First seed.")] = 0,
    count: Annotated[int, typer.Option(min=1, help="Tiles for each layout: seeds SEED to SEED + COUNT - 1.")] = 1,
    steps: Annotated[
        int | None,
        typer.Option(min=1, max=200, help=f"Steps of the sampler; {STANDARD.steps} if left out.", show_default=False),
    ] = None,
    guidance: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=20,
            help=f"Weight of the prompt; 1 = as trained, {STANDARD.guidance:g} if left out.",
            show_default=False,
        ),
    ] = None,
    layout_guidance: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=20,
            help=f"Weight of the points; 1 = as trained, {STANDARD.layout_guidance:g} if left out.",
            show_default=False,
        ),
    ] = None,
    size: Annotated[
        str, typer.Option(help="HEIGHT,WIDTH of the tiles in px, multiples of 16 from 64 to 1024.")
    ] = USUAL_SIZE,
    model: Annotated[
        str | None, typer.Option(help="Name of a bundled model, or a model folder; see `napari-cosynth info`.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1 or mps; the fastest if left out.")] = None,
    dtype: Annotated[str | None, typer.Option(help="float32 or bfloat16; the faster if left out.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of the CPU; part of what decides a tile.")] = None,
    fast: Annotated[bool, typer.Option("--fast", help=f"A draft: {DRAFT.steps} steps.")] = False,
    from_: Annotated[
        Path | None, typer.Option("--from", help="Make the tile of this .json file again and compare the two.")
    ] = None,
) -> None:
    """Make labelled tiles from layouts of nucleus centroids and a prompt.

    A layout is a CSV file with the header `row,col,class` and one nucleus a line:
    row and col in px from the upper left pixel's centre. The header alone is an
    empty layout: tissue without nuclei.

    Each tile is five files in OUT: `LAYOUT-SEED.png` (the image),
    `-instances.png` (16-bit, label id = the point's number, 1 = the first line),
    `-semantic.png` (0 = background, then the classes), `-overlay.png` (contours by
    class, to look at) and `.json` (all it takes to make the tile again, the class
    of each nucleus, and which points got no nucleus).

    The same request on the same machine gives the same tile, bit for bit.

    Exit codes: 0 done, 2 wrong input, 1 failure (with --from: also a tile that
    differs; labels that were edited by hand are not compared).

    **Examples**

    `napari-cosynth synth gland.csv --prompt "normal colon, H&E, 40x, a gland" --out tiles`

    `napari-cosynth synth *.csv --prompt "breast carcinoma, H&E" --count 4 --seed 100`

    `napari-cosynth synth --from tiles/gland-0.json --out again`
    """
    with outcome("stopped; finished tiles are kept, nothing is half-written"):
        if from_ is not None:
            refuse_other_options(ctx)
            again(from_, out, model)
            return
        if not layouts:
            raise ValueError("no layout given; name one or more .csv or .geojson files, or --from FILE.json")
        if seed + count - 1 > MAX_SEED:
            raise ValueError(f"--seed {seed} --count {count} goes beyond the highest seed {MAX_SEED}; start lower")
        if fast:
            chosen = (steps, guidance, layout_guidance)
            steps, guidance, layout_guidance = (d if c is None else c for c, d in zip(chosen, DRAFT, strict=True))
        shape = parse_size(size)
        _refuse_same_stems(layouts)
        refuse_long_stems(f"{path.stem}-{seed + count - 1}" for path in layouts)
        # All input is read before the first tile is made: nobody waits an hour for a typing error.
        taxonomy = BUNDLED if model is None else taxonomy_of(model)
        read = [(path, read_layout(path, size=shape, taxonomy=taxonomy)) for path in layouts]
        first = make_request(
            read[0][1],
            prompt,
            seed=seed,
            steps=steps,
            guidance=guidance,
            layout_guidance=layout_guidance,
            model=model,
            device=device,
            dtype=dtype,
            threads=threads,
        )
        requests = [
            (path, SynthesisRequest(**dict(first) | {"layout": layout, "seed": seed + i}))
            for path, layout in read
            for i in range(count)
        ]
        unseen = unseen_words(first)
        if unseen:
            note(f"the model was never shown {', '.join(map(repr, unseen))}; do not expect an effect")
        ready_out(out)
        with step_bar() as bar:
            task = bar.add_task("tiles", total=len(requests) * first.steps)
            for path, request in requests:
                stem = f"{path.stem}-{request.seed}"
                bar.update(task, description=stem)
                tile = make_tile(request, bar, task)
                paths = write_tile(tile, out, stem, source=path.name)
                say(f"{paths['image']}  {tile.report.sentence() if tile.report else ''}{close_sentence(tile)}")


def _refuse_same_stems(paths: list[Path]) -> None:
    # Some file systems tell no capitals apart.
    stems = [p.stem.casefold() for p in paths]
    twice = [str(p) for p in paths if stems.count(p.stem.casefold()) > 1]
    if twice:
        raise ValueError(
            f"{' and '.join(twice)}: layouts of one name, so their tiles would overwrite each other; "
            "rename one, or run them into different --out folders"
        )
