"""A plan as the TOML file that the command line reads; what has its usual value is left out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from napari_cosynth.batch.plan import Plan
from napari_cosynth.writing import write_together

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def write_plan(plan: Plan, path: Path) -> None:
    """Write a plan that `read_plan` reads back as it is; a killed process leaves the old file or the new one.

    Raises
    ------
    OSError
        If the disk or the folder refuses.
    """
    write_together({Path(path): plan_text(plan).encode("utf-8")})


def plan_text(plan: Plan) -> str:
    """The TOML of a plan."""
    return "\n".join(_lines(plan.model_dump(mode="json", exclude_defaults=True))) + "\n"


def _lines(data: Mapping[str, Any]) -> Iterator[str]:
    yield "# A plan for  napari-cosynth batch; its keys are explained in docs/batch.md"
    yield ""
    # Keys of the top stand before the first table, or they would belong to it.
    yield from _pairs({key: value for key, value in data.items() if key not in ("tiles", "gate", "export", "group")})
    for name in ("tiles", "gate", "export"):
        if data.get(name):
            yield from ("", f"[{name}]", *_pairs(data[name]))
    for group in data["group"]:
        yield from ("", "[[group]]", *_pairs(group))


def _pairs(table: Mapping[str, Any]) -> Iterator[str]:
    return (f"{_key(key)} = {_value(value)}" for key, value in table.items())


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _value(key)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        inside = ", ".join(_pairs(value))
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    # Strings of JSON are those of TOML but for DEL, which TOML wants escaped; JSON escapes all else that TOML does.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
