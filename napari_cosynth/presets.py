"""Qualities that a user chooses: steps and guidance that were measured to go together."""

from __future__ import annotations

from typing import NamedTuple


class Preset(NamedTuple):
    """Steps of the sampler, weight of the prompt, weight of the layout; 1 = as trained."""

    steps: int
    guidance: float
    layout_guidance: float


DRAFT = Preset(steps=4, guidance=1.0, layout_guidance=2.0)
STANDARD = Preset(steps=12, guidance=1.0, layout_guidance=2.0)
