"""Qualities that a user chooses: steps and guidance that were measured to go together."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args


class Preset(NamedTuple):
    """Steps of the sampler, weight of the prompt, weight of the layout; 1 = as trained."""

    steps: int
    guidance: float
    layout_guidance: float


DRAFT = Preset(steps=4, guidance=1.0, layout_guidance=1.0)
STANDARD = Preset(steps=12, guidance=1.0, layout_guidance=1.0)
FINE = Preset(steps=24, guidance=1.0, layout_guidance=1.0)

Quality = Literal["draft", "standard", "fine"]
QUALITIES: dict[Quality, Preset] = dict(zip(get_args(Quality), (DRAFT, STANDARD, FINE), strict=True))
"""The qualities by the name that a user reads, the fastest first."""
