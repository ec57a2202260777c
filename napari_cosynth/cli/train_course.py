"""Options that decide the course of a training run, and what is said where a resumed run changes one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

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
    # Of `train-segmenter`, whose learning rate falls over them.
    "steps": "settings.steps",
}
"""What ``run.json`` calls each, see `run_facts`. The others are of one start alone."""


def given_facts(ctx: typer.Context) -> set[str]:
    """What ``run.json`` calls the options that stand on the command line."""
    sources = {name: ctx.get_parameter_source(name) for name in FACT_OF}
    return {FACT_OF[name] for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"}


def changes(ctx: typer.Context, changed: Mapping[str, tuple[Any, Any]], trained: bool) -> list[str]:
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
        fact = FACT_OF.get(parameter.name, "")
        if fact in changed:
            option, (before, now) = parameter.opts[0], map(_text, changed[fact])
            if trained and (fact == "init" or fact.startswith("network.")):
                raise ValueError(f"{option} {now}: the run was begun with {before} and has weights of it; leave it out")
            lines.append(f"{option} {now} from now on, {before} so far")
    return lines


def _text(value: Any) -> str:
    if isinstance(value, dict):
        value = [f"{name}={factor}" for name, factor in value.items()]
    if isinstance(value, list):
        return ",".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
