"""`napari-cosynth info`: models, their cards and hashes, devices."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markdown import Markdown
from rich.table import Table

from napari_cosynth.cli.outcome import console, outcome


def info(
    model: Annotated[str | None, typer.Argument(help="Show the card of this model.")] = None,
) -> None:
    """List the models found here with their classes and hashes, and the devices; or show a model's card."""
    import torch

    from napari_cosynth.model import zoo

    with outcome():
        if model is not None:
            folder = zoo.find_model(model)
            console.print(Markdown(folder.card or f"{folder.name} has no card."))
            return
        table = Table(title="Models")
        for column in ("name", "hash", "classes", "MB", "folder"):
            table.add_column(column, overflow="fold")
        for folder in zoo.bundled_models():
            size = sum(f.stat().st_size for f in folder.path.rglob("*") if f.is_file()) / 1e6
            table.add_row(folder.name, folder.hash, ", ".join(folder.taxonomy.names), f"{size:.0f}", str(folder.path))
        console.print(table)
        devices = ", ".join(zoo.available_devices())
        console.print(f"devices: {devices}   threads: {torch.get_num_threads()}   torch {torch.__version__}")
