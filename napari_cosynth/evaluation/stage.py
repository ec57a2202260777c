"""Stage: what a generator of the evaluation says while it works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """Progress: a stage's name, and how much of it is done."""

    name: str
    done: int
    total: int
