"""SynthesisRequest: everything that decides what tile comes out; Order: what a user asks for.

The same request on the same machine gives the same tile, so whatever changes a
single pixel is a field there. It travels inside every file that we write. It
knows no torch: device and dtype are names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from napari_cosynth.layout import Layout
from napari_cosynth.presets import STANDARD

MAX_SEED = 2**63 - 1
MAX_PROMPT = 1000
"""Characters; the text encoder reads fewer."""


class SynthesisRequest(BaseModel):
    """One tile, asked for.

    Parameters
    ----------
    layout
        Points, classes, size and scale of the tile.
    prompt
        Tissue, stain and structure in words; may be empty. Outer spaces go; lone
        surrogates are refused.
    seed
        Of the noise, 0 to 2**63 - 1.
    steps
        Steps of the sampler, 1 to 200.
    guidance
        Weight of the prompt, 0 to 20; 1 = as trained, 0 = prompt unheard.
    layout_guidance
        Weight of the layout, 0 to 20; 1 = as trained.
    dtype
        Of the network's arithmetic.
    device
        "cpu", "cuda", "cuda:1", "mps".
    threads
        Threads of the CPU; 0 = as many as torch takes by itself.
    batch_size
        Tiles that were made together with this one, itself included.
    model
        Name of the model folder.
    model_hash
        Hash of its weights and configuration.

    Raises
    ------
    pydantic.ValidationError
        A ``ValueError``; ``layout.plain_message`` makes sentences of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    layout: Layout
    prompt: str = ""
    seed: int = Field(default=0, ge=0, le=MAX_SEED)
    steps: int = Field(default=STANDARD.steps, ge=1, le=200)
    guidance: float = Field(default=STANDARD.guidance, ge=0, le=20, allow_inf_nan=False)
    layout_guidance: float = Field(default=STANDARD.layout_guidance, ge=0, le=20, allow_inf_nan=False)
    dtype: Literal["float32", "bfloat16"] = "float32"
    device: str = Field(default="cpu", pattern=r"^[a-z]+(:\d+)?$")
    threads: int = Field(default=0, ge=0)
    batch_size: int = Field(default=1, ge=1)
    model: str
    model_hash: str

    @field_validator("prompt")
    @classmethod
    def _prompt_fits(cls, value: str) -> str:
        value = value.strip()
        if len(value) > MAX_PROMPT:
            raise ValueError(f"a prompt of {len(value)} characters; at most {MAX_PROMPT} are allowed: shorten it")
        # Half of a pair, or a byte that was no UTF-8: no file could hold it.
        odd = next((i for i, character in enumerate(value) if "\ud800" <= character <= "\udfff"), None)
        if odd is not None:
            raise ValueError(
                f"the prompt's character {odd + 1} is no valid Unicode ({ascii(value[odd])}); "
                "write it anew, in a terminal with the encoding UTF-8"
            )
        return value

    def with_seed(self, seed: int) -> SynthesisRequest:
        """The same request with other noise."""
        return SynthesisRequest(**dict(self) | {"seed": seed})


@dataclass(frozen=True)
class Order:
    """One tile as a user asks for it, before the machine's choices are made.

    Nothing is checked here: that needs the model, which `synthesis.make` finds
    where there is time for it. Fields mean what they mean in `SynthesisRequest`.

    Parameters
    ----------
    model
        Name of a bundled model or path of a folder; the first bundled one if None.
    device
        The fastest there is if None.
    preview
        False: no labels are worked out for the previews, which saves their time.
    """

    layout: Layout
    prompt: str = ""
    seed: int = 0
    steps: int = STANDARD.steps
    guidance: float = STANDARD.guidance
    layout_guidance: float = STANDARD.layout_guidance
    model: str | None = None
    device: str | None = None
    preview: bool = True
