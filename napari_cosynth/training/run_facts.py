"""``run.json``: how a run was begun, and what was changed with each start since.

What was said at the beginning stays as it was written. A start that goes on from
there adds its step, its time and what differs from then on.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from diffusers.configuration_utils import ConfigMixin

from napari_cosynth.writing import write_together

FACTS, STARTS = "run.json", "starts"
PARTS = ("network", "settings")
"""Facts that hold facts, which are kept or changed one by one: ``settings.batch_size``."""
EACH_START = ("settings.checkpoint_every_s",)
"""What each start says for itself."""

Facts = dict[str, Any]


def read_facts(folder: Path) -> Facts:
    """The facts of a folder's run as they are by its last start.

    Raises
    ------
    ValueError
        If there are none, or they are damaged.
    """
    return _now(_read(folder))


def write_facts(folder: Path, network: ConfigMixin, facts: Mapping[str, Any], resumed_at: int | None = None) -> None:
    """Write how a run begins: the network's configuration, and how it was asked for.

    Parameters
    ----------
    resumed_at
        Step at which the folder's run goes on: what it began with stays, and what
        differs is added.

    Raises
    ------
    ValueError
        If the facts of a run that goes on are damaged.
    """
    # As they will be read again: lists for tuples.
    facts = json.loads(json.dumps({"network": dict(network.config)} | dict(facts), default=list))
    start = {"step": resumed_at or 0, "began": datetime.now(UTC).isoformat(timespec="seconds")}
    if resumed_at is None:
        written = facts | {STARTS: [start]}
    else:
        written = _read(folder)
        before, now = _flat(_now(written)), _flat(facts)
        start["changed"] = {name: value for name, value in now.items() if name not in before or before[name] != value}
        written[STARTS] = [*written.get(STARTS, []), start]
    write_together({folder / FACTS: f"{json.dumps(written, indent=2)}\n".encode()})


def resumed(folder: Path, facts: Mapping[str, Any], given: Collection[str]) -> tuple[Facts, dict[str, tuple[Any, Any]]]:
    """What a run goes on with: its own facts, but for those that are given now.

    Parameters
    ----------
    facts
        As they would be if the run began now.
    given
        Names of those that somebody asked for, ``part.name`` for those of a part.

    Returns
    -------
    The facts, and (before, now) of the given ones that differ.

    Raises
    ------
    ValueError
        If the facts of the folder's run are damaged.
    """
    before, now = _flat(read_facts(folder)), _flat(json.loads(json.dumps(facts, default=list)))
    changed = {name: (before[name], now[name]) for name in given if name in before and before[name] != now[name]}
    kept = {name: before[name] for name in now if name in before and name not in (*given, *EACH_START)}
    return nested(now | kept), changed


def nested(flat: Mapping[str, Any]) -> Facts:
    """Facts whose names were ``part.name`` as those of a part."""
    facts: Facts = {}
    for name, value in flat.items():
        part, _, rest = name.partition(".")
        if rest and part in PARTS:
            facts.setdefault(part, {})[rest] = value
        else:
            facts[name] = value
    return facts


def _read(folder: Path) -> Facts:
    path = folder / FACTS
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: cannot be read ({error}); begin the run anew in another --out") from error
    if not isinstance(facts, dict) or not isinstance(facts.get("network"), dict):
        raise ValueError(f"{path}: does not say which network the run trains; begin the run anew in another --out")
    return facts


def _now(written: Facts) -> Facts:
    facts = _flat({name: value for name, value in written.items() if name != STARTS})
    for start in written.get(STARTS, []):
        facts |= start.get("changed", {})
    return nested(facts)


def _flat(facts: Mapping[str, Any]) -> Facts:
    flat = {name: value for name, value in facts.items() if name not in PARTS}
    for part in PARTS:
        flat |= {f"{part}.{name}": value for name, value in facts.get(part, {}).items()}
    return flat
