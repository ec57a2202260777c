"""The command line: `napari-cosynth`.

Exit codes: 0 done, 2 wrong input, 1 failure.
"""

from __future__ import annotations

import typer

from napari_cosynth.cli.batch import batch
from napari_cosynth.cli.downstream import downstream
from napari_cosynth.cli.evaluate import evaluate
from napari_cosynth.cli.export import export
from napari_cosynth.cli.info import info
from napari_cosynth.cli.layout import layout
from napari_cosynth.cli.nearest import nearest
from napari_cosynth.cli.points import points
from napari_cosynth.cli.reproduce import reproduce
from napari_cosynth.cli.synth import synth
from napari_cosynth.cli.train import train
from napari_cosynth.cli.train_segmenter import train_segmenter

app = typer.Typer(
    name="napari-cosynth",
    help="Make labelled nuclei tiles from points and a prompt. For research, not for diagnosis.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
    add_completion=False,
)
app.command()(synth)
app.command()(batch)
app.command()(export)
app.command()(reproduce)
app.command()(info)
app.command()(points)
app.command()(train)
app.command()(train_segmenter)
app.command()(nearest)
app.command()(evaluate)
app.command()(downstream)
app.add_typer(layout, name="layout")

main = app
