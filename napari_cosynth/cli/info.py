"""`napari-cosynth info`: models, their cards and hashes, devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markdown import Markdown

from napari_cosynth.cli.outcome import console, outcome, say

if TYPE_CHECKING:
    from napari_cosynth.model.zoo import ModelFolder

_WORDS_SHOWN = 12


def info(
    model: Annotated[
        str | None, typer.Argument(help="Show this model's card: name of a bundled model, or a model folder.")
    ] = None,
) -> None:
    """List the models that ship with the package and the devices of this machine; or show a model's card.

    Of each model: its hash, which stands in every file that it makes, its classes
    in the order of the semantic labels (1 = the first), and the words that its
    training used most.

    **Examples**

    `napari-cosynth info`

    `napari-cosynth info cosynth-nuclei`
    """
    with outcome():
        import torch

        from napari_cosynth.model import zoo

        if model is not None:
            folder = zoo.find_model(model)
            _print_facts(folder)
            say()
            console.print(Markdown(folder.card or "*This model has no card.*"))
            return
        found = zoo.bundled_models()
        for folder in found:
            _print_facts(folder)
        if not found:
            say("no model ships with this installation; make one with  napari-cosynth train")
        devices = ", ".join(zoo.available_devices())
        say(f"devices: {devices}   threads: {torch.get_num_threads()}   torch: {torch.__version__}")


def _print_facts(folder: ModelFolder) -> None:
    megabytes = sum(f.stat().st_size for f in folder.path.rglob("*") if f.is_file()) / 1e6
    terms = sorted(folder.prompt_terms.items(), key=lambda item: (-item[1], item[0]))
    words = ", ".join(word for word, _ in terms[:_WORDS_SHOWN]) or "unknown"
    say(folder.name)
    for name, value in (
        ("hash", folder.hash),
        ("classes", ", ".join(folder.taxonomy.names)),
        ("words", f"{words}, ... ({len(terms)} in all)" if len(terms) > _WORDS_SHOWN else words),
        ("size", f"{megabytes:.0f} MB"),
        ("folder", str(folder.path)),
    ):
        say(f"  {name:8} {value}")
