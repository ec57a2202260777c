"""What is wrong with a plan, in sentences that name the table and the key."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

KEYS = {
    "": ("seed", "tiles", "gate", "export", "group"),
    "tiles": ("size", "quality", "steps", "guidance", "layout_guidance", "model"),
    "gate": ("min_placed", "max_extra", "min_class", "attempts"),
    "export": ("formats", "split", "map"),
    "group": ("name", "tissue", "layouts", "files", "prompts", "variants", "counts", "mix", "total", "structure"),
}
"""The keys of each table, for hints; "" is the top of the file."""


def plan_faults(error: ValidationError, data: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each fault.

    Parameters
    ----------
    data
        What was validated, for the groups' names.
    """
    faults = error.errors(include_url=False)
    for fault in faults:
        at = len(fault["loc"])
        # A list without its faulty items counts as too short, which nobody needs to hear.
        if fault["type"] == "too_short" and any(f is not fault and f["loc"][:at] == fault["loc"] for f in faults):
            continue
        table, place, key = _placed(fault["loc"], data)
        where = f'{place}, key "{key}"' if place and key else place or (f'key "{key}"' if key else "")
        yield f"{where}: {_sentence(fault, table, key)}" if where else _sentence(fault, table, key)


def group_place(number: int, name: Any) -> str:
    """How a group is named in a message; ``number`` from 1."""
    return f"[[group]] {number}" + (f' ("{name}")' if isinstance(name, str) else "")


def _placed(loc: tuple[Any, ...], data: Mapping[str, Any]) -> tuple[str, str, str]:
    """Table, how it is written, and the key in it."""
    if len(loc) > 1 and loc[0] == "group" and isinstance(loc[1], int):
        group = data["group"][loc[1]]
        name = group.get("name") if isinstance(group, dict) else None
        return "group", group_place(loc[1] + 1, name), ".".join(map(str, loc[2:]))
    if len(loc) > 1:
        return str(loc[0]), f"[{loc[0]}]", ".".join(map(str, loc[1:]))
    return "", "", str(loc[0]) if loc else ""


def _sentence(fault: Mapping[str, Any], table: str, key: str) -> str:
    if fault["type"] == "missing":
        if key == "group":
            return "is missing; a plan needs at least one [[group]]"
        return "is missing; give it"
    if fault["type"] == "extra_forbidden":
        known = KEYS[table]
        close = difflib.get_close_matches(key, known, n=1)
        hint = f' Did you mean "{close[0]}"?' if close else ""
        return f"there is no such key; there are: {', '.join(known)}.{hint}"
    if isinstance(fault.get("ctx", {}).get("error"), ValueError):
        return str(fault["ctx"]["error"])
    if fault["type"] in ("model_type", "model_attributes_type"):
        return f"a table is needed, got {fault['input']!r}"[:300]
    if key == "group" and fault["type"] == "tuple_type":
        return "write [[group]] with two brackets, for there may be several"
    if fault["type"] == "tuple_type":
        return f"a list in square brackets is needed, got {fault['input']!r}"[:300]
    return f"{fault['msg']}, got {fault['input']!r}"[:300]
