"""`synth --from`: a tile once more, and whether it is the same."""

from __future__ import annotations

from pathlib import Path

import typer

from napari_cosynth.cli.outcome import FAILURE, ready_out, say
from napari_cosynth.cli.tile_steps import make_tile, step_bar
from napari_cosynth.synthesis import make_request
from napari_cosynth.tile_files import content_hashes, read_record, refuse_long_stems, write_tile

_COMPATIBLE = ("from_", "out", "model")


def refuse_other_options(ctx: typer.Context) -> None:
    """Refuse options that would make another tile than the one in the file.

    Raises
    ------
    ValueError
        Naming the option.
    """
    for parameter in ctx.command.params:
        source = ctx.get_parameter_source(parameter.name)
        if parameter.name not in _COMPATIBLE and source is not None and source.name == "COMMANDLINE":
            raise ValueError(
                f"{parameter.opts[0]} cannot go with --from, which makes the tile of the file as it was made; "
                "leave it out, or leave --from out to make a new tile"
            )


def again(path: Path, out: Path, model: str | None) -> None:
    """Make a recorded tile again, write it, say whether it is identical; exit code 1 if not.

    Labels that were edited by hand cannot be made again: of such a tile the image alone is compared.

    Parameters
    ----------
    path
        The tile's ``.json`` file. It is never overwritten.
    model
        Where the model lies now; as recorded if None. It must be the same model.

    Raises
    ------
    TileFileError, SynthesisError, OSError
        If the file cannot be read, the tile not made or not written.
    """
    request, record = read_record(path)
    refuse_long_stems([path.stem])
    if model is not None:
        layout = request.layout
        found = make_request(layout, model=model, device=request.device, dtype=request.dtype, threads=request.threads)
        request = request.model_copy(update={"model": found.model})
    ready_out(out)
    with step_bar() as bar:
        tile = make_tile(request, bar, bar.add_task(path.stem, total=request.steps))
    target = out / f"{path.stem}.json"
    if target.exists() and target.samefile(path):
        say(f"{path} stays as it is; give another --out to write the tile again")
    else:
        say(str(write_tile(tile, out, path.stem, source=str(record.get("source", "")))["image"]))
    recorded = record["sha256"]
    different = [key for key, value in content_hashes(tile).items() if recorded.get(key) != value]
    edited = record.get("edited") is True
    if edited:
        say(f"the labels of {path.name} were edited by hand, and edits cannot be made again: the image is compared")
        different = [key for key in different if key == "image"]
    if different:
        say(
            f"different: {', '.join(different)}. The same tile needs the same kind of machine and the package versions "
            f"that {path.name} lists"
        )
        raise typer.Exit(FAILURE)
    say(f"identical: {'the image is' if edited else 'image, instances and semantic are'} the same, bit for bit")
