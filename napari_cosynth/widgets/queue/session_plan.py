"""A small plan in the manner of the present session. Values in, values out; knows no Qt.

What makes plans is imported when one is made: it is not needed to open the dock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from napari_cosynth.layout import Layout
from napari_cosynth.run_settings import RunSettings

if TYPE_CHECKING:
    from napari_cosynth.batch.plan import Plan

Nuclei = Literal["counts", "mix", "tissue", "canvas"]


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
        "tissue": both as is usual there; "canvas": the canvas' own nuclei where
        they stand, one layout, no tissue.
    """

    tissue: str = ""
    layouts: int = 10
    prompts: tuple[str, ...] = ("",)
    variants: int = 1
    nuclei: Nuclei = "counts"

    @property
    def tiles(self) -> int:
        """How many come of it."""
        return self.n_layouts * len(self.prompts) * self.variants

    @property
    def n_layouts(self) -> int:
        """The canvas is one layout."""
        return 1 if self.nuclei == "canvas" else self.layouts


def layout_file(plan_file: Path) -> Path:
    """Where the canvas stands for a plan: beside it."""
    return plan_file.with_name(f"{plan_file.stem}-layout.csv")


def usable_counts(layout: Layout, classes: tuple[str, ...]) -> tuple[dict[str, int], dict[str, int]]:
    """Nuclei on the canvas by class: those of classes that the tissue has, and the others."""
    counts = {name: n for name, n in layout.counts().items() if n}
    return (
        {name: n for name, n in counts.items() if name in classes},
        {name: n for name, n in counts.items() if name not in classes},
    )


def plan_of(
    choice: PlanChoice, layout: Layout, settings: RunSettings, counts: Mapping[str, int], file: str = ""
) -> Plan:
    """A plan with the size of the canvas, and quality, model and seed of the settings.

    Parameters
    ----------
    counts
        Nuclei by class, as `usable_counts` gives them.
    file
        Where the canvas is saved, if the choice is "canvas".

    Raises
    ------
    pydantic.ValidationError
        If it is none; a ``ValueError``.
    """
    from napari_cosynth.batch.plan import Plan

    own = ("steps", "guidance", "layout_guidance")
    tiles = {"size": (layout.height, layout.width), "quality": settings.quality, "model": settings.model}
    group: dict[str, object] = {"prompts": choice.prompts, "variants": choice.variants}
    if choice.nuclei == "canvas":
        group |= {"name": "canvas", "files": [file]}
    else:
        group |= {"name": choice.tissue, "tissue": choice.tissue, "layouts": choice.layouts}
    if choice.nuclei in ("counts", "mix"):
        group[choice.nuclei] = dict(counts)
    return Plan.model_validate(
        {
            "seed": settings.seed,
            "tiles": tiles | {name: getattr(settings, name) for name in own},
            "group": [group],
        }
    )
