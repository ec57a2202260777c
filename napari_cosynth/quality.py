"""What became of a layout: points placed against nuclei produced.

Plain bookkeeping on label ids; it knows no pixels and no network.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field, model_validator

from napari_cosynth.layout import Layout

_ROUNDING = 1e-9
"""As a share: 55 of 100 are 0.55, though 0.55 times 100 is a little more than 55 in floats."""


def falls_short(part: int, share: float, whole: int) -> bool:
    """Whether a part is less than that share of a whole."""
    return part < (share - _ROUNDING) * whole


def exceeds(part: int, share: float, whole: int) -> bool:
    """Whether a part is more than that share of a whole."""
    return part > (share + _ROUNDING) * whole


class LabelledNucleus(Protocol):
    """What the report needs of a produced nucleus."""

    @property
    def id(self) -> int:
        """Label id in the instance map."""

    @property
    def class_id(self) -> int:
        """Index into the layout's taxonomy."""


class LayoutReport(BaseModel):
    """Points placed against nuclei produced, on one tile.

    Parameters
    ----------
    placed
        Points of the layout.
    found
        Points that have a nucleus, whatever its class.
    missing
        Numbers (from 1) of the points without a nucleus.
    extra
        Label ids of the nuclei without a point.
    other_class
        Numbers of the points whose nucleus is of another class.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    placed: int = Field(ge=0)
    found: int = Field(ge=0)
    missing: tuple[int, ...] = ()
    extra: tuple[int, ...] = ()
    other_class: tuple[int, ...] = ()

    @model_validator(mode="after")
    def _adds_up(self) -> LayoutReport:
        if self.found + len(self.missing) != self.placed:
            raise ValueError(f"{self.found} points found and {len(self.missing)} missing make not {self.placed} placed")
        return self

    def sentence(self) -> str:
        """Such as "112 of 118 placed, 3 extra, 2 of another class"; zeros are left out."""
        parts = [f"{self.found} of {self.placed} placed"]
        if self.extra:
            parts.append(f"{len(self.extra)} extra")
        if self.other_class:
            parts.append(f"{len(self.other_class)} of another class")
        return ", ".join(parts)


def layout_report(layout: Layout, nuclei: Iterable[LabelledNucleus]) -> LayoutReport:
    """Compare a layout with the nuclei that were made from it.

    Parameters
    ----------
    layout
        The N points asked for.
    nuclei
        The nuclei that came out. Label id = point number; ids above N have no
        point.

    Returns
    -------
    LayoutReport
        A point of class "unspecified" agrees with a nucleus of any class.
    """
    made = {nucleus.id: nucleus.class_id for nucleus in nuclei}
    wanted = dict(enumerate(layout.class_ids.tolist(), start=1))
    free = layout.taxonomy.unspecified
    return LayoutReport(
        placed=len(wanted),
        found=sum(number in made for number in wanted),
        missing=tuple(number for number in wanted if number not in made),
        extra=tuple(sorted(made.keys() - wanted.keys())),
        other_class=tuple(
            number for number, class_id in wanted.items() if made.get(number, class_id) != class_id != free
        ),
    )
