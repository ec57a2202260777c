"""Options that decide the course of a training run, and what is said where a resumed run changes one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from napari_cosynth.training.run_facts import Facts

FACT_OF = {
    "data": "data",
    "init": "init",
    "crop": "crop",
    "batch_size": "settings.batch_size",
    "learning_rate": "settings.learning_rate",
    "warmup": "settings.warmup",
    "ema": "settings.ema_decay",
    "channels": "network.channels",
    "blocks": "network.blocks",
    "attention_blocks": "network.attention_blocks",
    "refinements": "network.refinements",
    "process": "network.process",
    "distance": "network.distance",
    "weight": "weights",
    "partial": "partial",
    "complete": "complete",
    "segmenter": "segmenter_folder",
    "text_encoder": "text_encoder",
    "seed": "settings.seed",
    "precision": "settings.precision",
    "workers": "settings.workers",
    "uses": "settings.uses",
    "perceptual": "settings.perceptual",
    "critic": "settings.persuasion",
    "rehearsal": "settings.rehearsal",
    "compiled": "settings.compiled",
}
"""What ``run.json`` calls each option of `train`, see `run_facts`. The others are of one start alone."""

SEGMENTER_FACT_OF = {name: FACT_OF[name] for name in ("data", "weight", "partial", "seed", "precision")} | {
    # Its learning rate falls over them.
    "steps": "settings.steps"
}
"""The same of `train-segmenter`."""


def asked_facts(ctx: typer.Context, fact_of: Mapping[str, str], **read: Any) -> Facts:
    """The facts of a run that begins with the options of a command line.

    Parameters
    ----------
    fact_of
        `FACT_OF`, or another command's.
    read
        What is read from the text of an option, by the name of its parameter.
    """
    from napari_cosynth.training.run_facts import nested

    values = ctx.params | read
    return nested({fact: _plain(values[name]) for name, fact in fact_of.items()})


def given_facts(ctx: typer.Context, fact_of: Mapping[str, str]) -> set[str]:
    """What ``run.json`` calls the options that stand on the command line."""
    sources = {fact: ctx.get_parameter_source(name) for name, fact in fact_of.items()}
    return {fact for fact, source in sources.items() if source is not None and source.name == "COMMANDLINE"}


def changes(
    ctx: typer.Context, fact_of: Mapping[str, str], changed: Mapping[str, tuple[Any, Any]], trained: bool
) -> list[str]:
    """A line for each option that a resumed run does otherwise from now on.

    Parameters
    ----------
    changed
        (before, now) of facts.
    trained
        Whether the run has weights already, which go with one network.

    Raises
    ------
    ValueError
        If the weights do not go with what is asked for.
    """
    lines = []
    for parameter in ctx.command.params:
        fact = fact_of.get(parameter.name, "")
        if fact in changed:
            option, (before, now) = parameter.opts[0], map(_text, changed[fact])
            if trained and (fact == "init" or fact.startswith("network.")):
                raise ValueError(f"{option} {now}: the run was begun with {before} and has weights of it; leave it out")
            lines.append(f"{option} {now} from now on, {before} so far")
    return lines


def _plain(value: Any) -> Any:
    """As JSON holds it: paths are texts."""
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return str(value) if isinstance(value, Path) else value


def _text(value: Any) -> str:
    if isinstance(value, dict):
        value = [f"{name}={factor}" for name, factor in value.items()]
    if isinstance(value, list):
        return ",".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
