"""A small plan in the manner of the present session. Values in, values out; knows no Qt.

What makes plans is imported when one is made: it is not needed to open the dock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from napari_cosynth.layout import Layout
from napari_cosynth.run_settings import RunSettings

if TYPE_CHECKING:
    from napari_cosynth.batch.plan import Plan

Nuclei = Literal["counts", "mix", "tissue"]


@dataclass(frozen=True)
class PlanChoice:
    """What the form asks for.

    Parameters
    ----------
    tissue
        Name of one that ships.
    layouts
        How many are drawn.
    prompts
        Each layout is made with each of them.
    variants
        Tiles of each layout and prompt.
    nuclei
        "counts": as many of each class as on the canvas, in every layout; "mix":
        classes in the same shares, and as many as is usual in the tissue;
        "tissue": both as is usual there.
    """

    tissue: str = ""
    layouts: int = 10
    prompts: tuple[str, ...] = ("",)
    variants: int = 1
    nuclei: Nuclei = "counts"

    @property
    def tiles(self) -> int:
        """How many come of it."""
        return self.layouts * len(self.prompts) * self.variants


def usable_counts(layout: Layout, classes: tuple[str, ...]) -> tuple[dict[str, int], dict[str, int]]:
    """Nuclei on the canvas by class: those of classes that the tissue has, and the others."""
    counts = {name: n for name, n in layout.counts().items() if n}
    return (
        {name: n for name, n in counts.items() if name in classes},
        {name: n for name, n in counts.items() if name not in classes},
    )


def plan_of(choice: PlanChoice, layout: Layout, settings: RunSettings, counts: Mapping[str, int]) -> Plan:
    """A plan with the size of the canvas, and quality, model and seed of the settings.

    Parameters
    ----------
    counts
        Nuclei by class, as `usable_counts` gives them.

    Raises
    ------
    pydantic.ValidationError
        If it is none; a ``ValueError``.
    """
    from napari_cosynth.batch.plan import Plan

    nuclei: dict[str, object] = {}
    if choice.nuclei == "counts":
        nuclei = {"counts": dict(counts)}
    elif choice.nuclei == "mix":
        nuclei = {"mix": dict(counts)}
    own = ("steps", "guidance", "layout_guidance")
    tiles = {"size": (layout.height, layout.width), "quality": settings.quality, "model": settings.model}
    group = {
        "name": choice.tissue,
        "tissue": choice.tissue,
        "layouts": choice.layouts,
        "prompts": choice.prompts,
        "variants": choice.variants,
    }
    return Plan.model_validate(
        {
            "seed": settings.seed,
            "tiles": tiles | {name: getattr(settings, name) for name in own},
            "group": [group | nuclei],
        }
    )
