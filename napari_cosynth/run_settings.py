"""RunSettings: what a user sets on the panel beside Generate.

A value; it knows neither layout nor prompt nor what the machine can do.
"""

from __future__ import annotations

import random

from pydantic import BaseModel, ConfigDict, Field

from napari_cosynth.presets import QUALITIES, Preset, Quality
from napari_cosynth.request import MAX_SEED

MAX_VARIANTS = 16
NEW_SEEDS = 1_000_000
"""A seed that is drawn lies below: short enough to be read out and typed."""


class RunSettings(BaseModel):
    """How tiles are made.

    Parameters
    ----------
    quality
        "draft", "standard" or "fine": steps and guidance that go together.
    variants
        Tiles for each Generate, 1 to 16; their seeds follow each other.
    seed
        Of the first one's noise, 0 to 2**63 - 1.
    seed_locked
        False: each Generate is followed by a new seed.
    steps, guidance, layout_guidance
        In place of the quality's own; None leaves them to it.
    model
        Name of a bundled model or path of a folder; the first bundled one if None.
    device
        The fastest there is if None.
    live
        A draft follows each edit.
    preview
        The tile is shown while it is being made.

    Raises
    ------
    pydantic.ValidationError
        A ``ValueError``; ``layout.plain_message`` makes sentences of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    quality: Quality = "standard"
    variants: int = Field(default=1, ge=1, le=MAX_VARIANTS)
    seed: int = Field(default=1, ge=0, le=MAX_SEED)
    seed_locked: bool = True
    steps: int | None = Field(default=None, ge=1, le=200)
    guidance: float | None = Field(default=None, ge=0, le=20, allow_inf_nan=False)
    layout_guidance: float | None = Field(default=None, ge=0, le=20, allow_inf_nan=False)
    model: str | None = None
    device: str | None = None
    live: bool = False
    preview: bool = True

    @property
    def preset(self) -> Preset:
        """The quality's steps and guidance with what was set in their place."""
        own = {name: getattr(self, name) for name in Preset._fields}
        return QUALITIES[self.quality]._replace(**{name: value for name, value in own.items() if value is not None})

    @property
    def draft(self) -> RunSettings:
        """The same for a single quick look: a draft's steps, one variant; guidance that was set stays."""
        return self.but(quality="draft", variants=1, steps=None)

    @property
    def seeds(self) -> tuple[int, ...]:
        """One seed for each variant; after the highest comes 0."""
        return tuple((self.seed + i) % (MAX_SEED + 1) for i in range(self.variants))

    def but(self, **changes: object) -> RunSettings:
        """The same with other values, checked."""
        return RunSettings(**dict(self) | changes)

    def with_new_seed(self) -> RunSettings:
        """The same with a seed drawn at random, another than now."""
        seed = random.randrange(NEW_SEEDS - 1)
        return self.but(seed=seed + (seed >= self.seed))

    def like(self, made: Preset) -> RunSettings:
        """The same with the quality and the overrides that give ``made``'s steps and guidance.

        The present quality is kept if no quality has just these.
        """
        quality = next((name for name, preset in QUALITIES.items() if preset == made), self.quality)
        own = zip(Preset._fields, made, QUALITIES[quality], strict=True)
        return self.but(quality=quality, **{name: None if value == usual else value for name, value, usual in own})

    def difference(self, other: RunSettings) -> str:
        """In what these differ, for a menu: "seed", "layout guidance"; "settings" if it is more than one thing."""
        fields = [name for name in RunSettings.model_fields if getattr(self, name) != getattr(other, name)]
        return fields[0].replace("_", " ") if len(fields) == 1 else "settings"
