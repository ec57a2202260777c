"""SyntheticTile: one made tile with its labels, its request and its verdict.

A value, immutable like the request it came from. It knows neither how it was
made nor how it is stored.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from napari_cosynth.quality import LayoutReport
from napari_cosynth.request import SynthesisRequest

Verdict = Literal["undecided", "accepted", "rejected"]

TOO_CLOSE = 1.0
"""A tile that is nearer to a training crop than this may be a copy of it."""


class ProducedNucleus(BaseModel):
    """One nucleus of a made tile.

    Parameters
    ----------
    id
        Label id in ``instances``; the point's number where it was requested.
    class_id
        Index into the taxonomy (the semantic map holds ``class_id + 1``).
    row, col
        Place in px, pixel centres at integers.
    area_px
        Number of pixels.
    requested
        True if the layout has a point for it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: int = Field(ge=1)
    class_id: int = Field(ge=0)
    row: float = Field(allow_inf_nan=False)
    col: float = Field(allow_inf_nan=False)
    area_px: int = Field(ge=1)
    requested: bool


@dataclass(frozen=True, eq=False)
class SyntheticTile:
    """A made tile. Its arrays are read-only.

    Parameters
    ----------
    image
        uint8 (H, W, 3) RGB.
    semantic
        uint8 (H, W): 0 = background, else class id + 1.
    instances
        int32 (H, W): 0 = background, else label id.
    nuclei
        The nuclei of ``instances``, each id once.
    request
        What it was made from; its layout gives H, W and the taxonomy.
    verdict
        What the user decided.
    edited
        True once labels or image were changed by hand.
    report
        Points placed against nuclei produced.
    training_distance
        How far the image, as it was made, is from the nearest crop that the model
        was trained on, 0 or more; None if its model has no index to tell. 1 is
        where one in a hundred tiles of real, unseen tissue lies; see `too_close`.
    versions
        Of the packages that made it, by name; None if those that are running did.

    Raises
    ------
    ValueError
        If arrays do not agree with the request or with each other; the message
        names the array, what it is and what it must be.
    """

    image: np.ndarray
    semantic: np.ndarray
    instances: np.ndarray
    nuclei: tuple[ProducedNucleus, ...]
    request: SynthesisRequest
    verdict: Verdict = "undecided"
    edited: bool = False
    report: LayoutReport | None = None
    training_distance: float | None = None
    versions: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        layout = self.request.layout
        size = (layout.height, layout.width)
        for name, shape, dtype in (
            ("image", (*size, 3), np.uint8),
            ("semantic", size, np.uint8),
            ("instances", size, np.int32),
        ):
            object.__setattr__(self, name, _read_only(name, getattr(self, name), shape, np.dtype(dtype)))
        object.__setattr__(self, "nuclei", tuple(self.nuclei))

        n_classes = len(layout.taxonomy)
        if self.semantic.max() > n_classes:
            raise ValueError(f"semantic holds {self.semantic.max()}; 0..{n_classes} is allowed, the number of classes")
        if self.instances.min() < 0:
            raise ValueError(f"instances hold {self.instances.min()}; label ids are 1 or more, 0 is background")
        ids = [nucleus.id for nucleus in self.nuclei]
        if len(set(ids)) != len(ids):
            twice = next(i for i in ids if ids.count(i) > 1)
            raise ValueError(f"nuclei list the label id {twice} more than once; each nucleus has its own")
        for nucleus in self.nuclei:
            if nucleus.class_id >= n_classes:
                raise ValueError(
                    f"nucleus {nucleus.id} has the class id {nucleus.class_id}; 0..{n_classes - 1} is allowed"
                )
        if self.verdict not in get_args(Verdict):
            raise ValueError(f"verdict {self.verdict!r}; allowed are {', '.join(get_args(Verdict))}")
        if self.training_distance is not None and not 0 <= self.training_distance < math.inf:
            raise ValueError(f"training_distance {self.training_distance}; a number of 0 or more is allowed, or None")

    @property
    def too_close(self) -> bool:
        """True if the tile may be a copy of a training crop; False if it is not, or that is not known."""
        return self.training_distance is not None and self.training_distance < TOO_CLOSE

    def with_verdict(self, verdict: Verdict) -> SyntheticTile:
        """The same tile, decided."""
        return replace(self, verdict=verdict)


def _read_only(name: str, array: np.ndarray, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype != dtype:
        got = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
        raise ValueError(f"{name} is {got}; the request's layout needs {dtype} {shape}")
    if array.flags.writeable:
        array = array.copy()
        array.setflags(write=False)
    return array
