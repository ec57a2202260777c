"""`napari-cosynth reproduce`: the tiles of a data set once more, and whether they are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_cosynth.cli.outcome import FAILURE, outcome, say
from napari_cosynth.cli.tile_steps import make_tile, step_bar
from napari_cosynth.synthesis import make_request
from napari_cosynth.tile_files import content_hashes


def reproduce(
    manifest: Annotated[Path, typer.Argument(metavar="DATASET.JSON", help="The dataset.json that `export` wrote.")],
    sample: Annotated[
        int | None, typer.Option(min=1, help="Only so many tiles, spread evenly; all if left out.", show_default=False)
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Where the model lies now, if not where it was; it must be the same model.")
    ] = None,
) -> None:
    """Make the tiles of a data set again and say how many are identical, bit for bit.

    Needs the same model, and for identical tiles the same kind of machine and the
    package versions that the manifest lists. Nothing is written. Tiles that were
    edited by hand cannot be made again; they are counted apart.

    Exit codes: 0 all identical, 1 some differ, 2 wrong input.

    **Examples**

    `napari-cosynth reproduce my_set/dataset.json --sample 10`
    """
    with outcome():
        from napari_cosynth.export.manifest import read_manifest

        tiles = read_manifest(manifest)["tiles"]
        made = [tile for tile in tiles if not tile.get("edited")]
        if not made:
            raise ValueError(f"{manifest}: all {len(tiles)} tiles were edited by hand, so none can be made again")
        n = min(sample or len(made), len(made))
        chosen = [made[i * len(made) // n] for i in range(n)]
        requests = [tile["request"] for tile in chosen]
        if model is not None:
            place = make_request(requests[0].layout, model=model, device=requests[0].device, dtype="float32").model
            requests = [request.model_copy(update={"model": place}) for request in requests]
        different = 0
        with step_bar() as bar:
            task = bar.add_task("tiles", total=sum(request.steps for request in requests))
            for tile, request in zip(chosen, requests, strict=True):
                bar.update(task, description=tile["name"])
                hashes = content_hashes(make_tile(request, bar, task))
                odd = [key for key, value in hashes.items() if tile["sha256"].get(key) != value]
                different += bool(odd)
                say(f"{tile['name']}  {'different: ' + ', '.join(odd) if odd else 'identical'}")
        edited = len(tiles) - len(made)
        apart = f"; {edited} edited by hand, which cannot be made again" if edited else ""
        say(f"{n - different} of {n} tiles identical (of {len(tiles)} in the data set{apart})")
        if different:
            say("The same tiles need the same kind of machine and the package versions that the manifest lists")
            raise typer.Exit(FAILURE)
