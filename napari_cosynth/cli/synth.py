"""`napari-cosynth synth`: layouts and a prompt become labelled tiles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from napari_cosynth.cli.outcome import FAILURE, console, outcome
from napari_cosynth.layout_io import read_layout
from napari_cosynth.request import SynthesisRequest
from napari_cosynth.synthesis import Finished, Preview, make_request, run
from napari_cosynth.tile import SyntheticTile
from napari_cosynth.tile_files import content_hashes, read_record, write_tile

FAST_STEPS = 6


def synth(
    layouts: Annotated[
        list[Path] | None, typer.Argument(help="Layout files: CSV with the header row,col,class, or QuPath GeoJSON.")
    ] = None,
    prompt: Annotated[str, typer.Option(help='Structure in words, such as "colon, H&E, 40x, dense lymphocytes".')] = "",
    out: Annotated[Path, typer.Option(help="Folder for the tiles; made if it is not there.")] = Path("out"),
    seed: Annotated[int, typer.Option(min=0, help="First seed.")] = 0,
    count: Annotated[int, typer.Option(min=1, help="Tiles for each layout: seeds SEED to SEED + COUNT - 1.")] = 1,
    steps: Annotated[int | None, typer.Option(min=1, max=200, help="Steps of the sampler.")] = None,
    guidance: Annotated[float | None, typer.Option(min=0, max=20, help="Weight of the prompt; 1 = as trained.")] = None,
    layout_guidance: Annotated[
        float | None, typer.Option(min=0, max=20, help="Weight of the points; 1 = as trained.")
    ] = None,
    size: Annotated[str, typer.Option(help="Height,width in px: multiples of 16 from 64 to 1024.")] = "256,256",
    model: Annotated[str | None, typer.Option(help="Name of a bundled model or a model folder.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, mps; the fastest if left out.")] = None,
    dtype: Annotated[str | None, typer.Option(help="float32 or bfloat16; the faster if left out.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of the CPU.")] = None,
    fast: Annotated[bool, typer.Option("--fast", help="A draft: fewer steps, no guidance.")] = False,
    from_: Annotated[
        Path | None, typer.Option("--from", help="Make the tile of this .json file again and compare it.")
    ] = None,
) -> None:
    """Make labelled tiles from layouts of nucleus centroids and a prompt.

    Each tile is five files in OUT: `LAYOUT-SEED.png` (the image),
    `-instances.png` (16-bit, label id = the point's number), `-semantic.png`
    (0 = background, then the classes), `-overlay.png` (contours by class, to look
    at) and `.json` (everything needed to make it again).

    Examples

        napari-cosynth synth gland.csv --prompt "colon, H&E, 40x, a gland" --out tiles

        napari-cosynth synth *.csv --prompt "breast carcinoma, H&E" --count 4 --seed 100

        napari-cosynth synth --from tiles/gland-0.json --out again
    """
    with outcome():
        if from_ is not None:
            if layouts:
                raise ValueError("give either layouts or --from FILE.json, not both")
            _again(from_, out)
            return
        if not layouts:
            raise ValueError("no layout given; name one or more .csv or .geojson files, or --from FILE.json")
        if fast:
            steps, guidance = steps or FAST_STEPS, 1.0 if guidance is None else guidance
        shape = _size(size)
        _refuse_same_stems(layouts)
        # All input is read before the first tile is made: nobody waits an hour for a typing error.
        read = [(path, read_layout(path, size=shape)) for path in layouts]
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
        out.mkdir(parents=True, exist_ok=True)
        with _progress() as progress:
            task = progress.add_task("tiles", total=len(requests) * first.steps)
            for path, request in requests:
                stem = f"{path.stem}-{request.seed}"
                progress.update(task, description=stem)
                tile = _made(request, lambda: progress.advance(task))
                paths = write_tile(tile, out, stem, source=path.name)
                console.print(f"{paths['image']}  {tile.report.sentence() if tile.report else ''}", highlight=False)


def _again(path: Path, out: Path) -> None:
    request, record = read_record(path)
    out.mkdir(parents=True, exist_ok=True)
    with _progress() as progress:
        task = progress.add_task(path.stem, total=request.steps)
        tile = _made(request, lambda: progress.advance(task))
    hashes = content_hashes(tile)
    different = [key for key, value in hashes.items() if record.get("sha256", {}).get(key) != value]
    target = out / f"{path.stem}.json"
    if target.exists() and target.samefile(path):
        console.print(f"{path} stays as it is; give another --out to write the tile again", highlight=False)
    else:
        write_tile(tile, out, path.stem, source=record.get("source", ""))
    if different:
        console.print(f"[bold]different[/]: {', '.join(different)} (another machine, version or model?)")
        raise typer.Exit(FAILURE)
    console.print("[bold]identical[/]: image, instances and semantic are the same, bit for bit")


def _made(request: SynthesisRequest, advance) -> SyntheticTile:
    for event in run(request):
        if isinstance(event, Preview):
            advance()
        elif isinstance(event, Finished):
            return event.tile
    raise RuntimeError("the run ended without a tile")


def _size(text: str) -> tuple[int, int]:
    parts = text.replace("x", ",").split(",")
    if len(parts) != 2 or not all(p.strip().isdigit() for p in parts):
        raise ValueError(f"--size {text!r} is not HEIGHT,WIDTH; for example --size 256,256")
    height, width = (int(p) for p in parts)
    return height, width


def _refuse_same_stems(paths: list[Path]) -> None:
    stems = [p.stem for p in paths]
    twice = sorted({s for s in stems if stems.count(s) > 1})
    if twice:
        raise ValueError(
            f"several layouts are named {twice[0]!r}, so their tiles would overwrite each other; "
            "rename one or run them into different --out folders"
        )


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("steps"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
