"""`napari-cosynth export`: tiles become a data set that other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from napari_cosynth.cli.left_out import print_left_out
from napari_cosynth.cli.outcome import console, outcome, say
from napari_cosynth.counted import counted

if TYPE_CHECKING:
    from napari_cosynth.export.plan import Plan


def export(
    tiles: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder that `synth` wrote tiles to, or a .cosynth project.")
    ],
    format_: Annotated[
        list[str] | None,
        typer.Option(
            "--format", help="folder, coco, geojson, hovernet, pannuke, ometiff or yolo; give it again for more."
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the data set, new or empty.")] = Path("dataset"),
    verdict: Annotated[
        list[str] | None,
        typer.Option(
            help="accepted, undecided or rejected; give it again for more. All but rejected if left out.",
            show_default=False,
        ),
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="TRAIN,VAL,TEST: shares of the tiles, by layout; such as 0.8,0.1,0.1.")
    ] = None,
    min_placed: Annotated[
        float, typer.Option(min=0, max=1, help="Leave out tiles that show a smaller share of their points as nuclei.")
    ] = 0.0,
    leave_out_close: Annotated[
        bool,
        typer.Option("--leave-out-close/--keep-close", help="Leave out tiles that may be copies of training tissue."),
    ] = True,
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", help="CLASS=CLASS or FORMAT:CLASS=CLASS, for formats with classes of their own."),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Replace a former export, also the very same one, or files of the same names, in OUT."
        ),
    ] = False,
) -> None:
    """Write tiles as a data set, in one or several formats.

    OUT gets a folder for each format, `dataset.json` (everything that is known of
    the tiles, enough to make them again), `DATASHEET.md` with a contact sheet, and
    `SHA256SUMS`. What is left out is listed with the reason.

    Killed or stopped, the same command goes on where it was. Files of others are
    never touched.

    PanNuke and HoVer-Net have classes of their own: the table is shown, and
    `--map` changes it. Split by layout: variants of one layout, also turned,
    mirrored or with some points moved, stay in one set.

    **Examples**

    `napari-cosynth export tiles --format folder --out my_set`

    `napari-cosynth train --data my_set/folder --out run`

    `napari-cosynth export tiles --format coco --format pannuke --split 0.8,0.1,0.1 --min-placed 0.9 --out my_set`

    `napari-cosynth export tiles --format pannuke --map unspecified=connective --out my_set`

    `napari-cosynth export gland.cosynth --verdict accepted --format coco --out my_set`
    """
    with outcome("stopped; what is there is whole, and the same command goes on"):
        from napari_cosynth.export.class_tables import ClassChange
        from napari_cosynth.export.dataset import export as exporting
        from napari_cosynth.export.plan import ExportOptions, folder_tiles
        from napari_cosynth.export.session_tiles import project_tiles

        chosen = {"verdicts": verdict, "split": _shares(split)}
        options = ExportOptions(
            min_placed=min_placed,
            leave_out_close=leave_out_close,
            changes=tuple(ClassChange.parse(text) for text in map_ or ()),
            **{name: tuple(value) for name, value in chosen.items() if value},
        )
        if out.resolve() == tiles.resolve():
            raise ValueError(f"--out {out} is the folder of the tiles themselves; choose another")
        refs = project_tiles(tiles) if tiles.is_file() or tiles.suffix == ".cosynth" else folder_tiles(tiles)
        shown = False
        with _bar() as bar:
            task = bar.add_task("reading", total=len(refs))
            for progress in exporting(refs, format_ or (), out, options, overwrite=overwrite, anew=overwrite):
                total = progress.total or None
                bar.update(task, description=progress.stage, completed=progress.done, total=total)
                if progress.plan is not None and not shown:
                    _print_tables(progress.plan)
                    shown = True
        print_left_out(progress.left_out)
        listed = ", ".join(f"{name} {n}" for name, n in progress.written.items())
        written, keys = sum(progress.written.values()), ", ".join(progress.plan.formats)
        say(f"{out}: {counted(written, 'tile')} ({listed}) as {keys}; see {out / 'DATASHEET.md'}")


def _print_tables(plan: Plan) -> None:
    for key, table in plan.tables.items():
        say(f"classes in {key} (--map changes them):")
        for ours, theirs in table.items():
            say(f"  {ours:14} {theirs}")


def _shares(text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise ValueError(f"--split {text!r} are not shares parted by commas, such as 0.8,0.1,0.1") from None


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
