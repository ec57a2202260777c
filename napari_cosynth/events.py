"""What a run tells while it goes on, and how it fails. Values alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_cosynth.tile import SyntheticTile


class SynthesisError(Exception):
    """A tile could not be made; the message says why and what to do."""


class RequestError(SynthesisError):
    """What was asked for cannot be made as it is: it needs another model, device or layout.

    Trying again does not help, as it may after any other `SynthesisError`.
    """


@dataclass(frozen=True)
class Loading:
    """The model is looked for and loaded, which takes a while the first time."""


@dataclass(frozen=True)
class Started:
    """The model is loaded, the first step begins."""

    steps: int


@dataclass(frozen=True, eq=False)
class Preview:
    """The tile as predicted after a step.

    Parameters
    ----------
    step, steps
        Steps done, and in all.
    image
        uint8 (H, W, 3) RGB.
    instances
        int32 (H, W): its nuclei, label id = the point's number. None where they
        were not asked for, the last ones are too recent, or the tile itself follows.
    """

    step: int
    steps: int
    image: np.ndarray
    instances: np.ndarray | None = None


@dataclass(frozen=True)
class Finished:
    """The tile."""

    tile: SyntheticTile


Event = Loading | Started | Preview | Finished
