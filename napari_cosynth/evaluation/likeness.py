"""How like real tiles made ones look: their distances, and how well a classifier tells them apart.

A made tile has the nuclei of its layout and no others. Where the labels of a real
window leave nuclei out, as those of partial sources do, so does its layout, and the made
tile is told by the crowd that it lacks: that says nothing about the model. So the windows
whose layouts are complete are compared by themselves as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from napari_cosynth.evaluation.discriminator import DiscriminatorReport, real_versus_made
from napari_cosynth.evaluation.realism import RealismReport, realism_of_features

STATISTICS = "statistics"
"""Name of the block of `tile_statistics`; the other one is a feature space."""


class Likeness(BaseModel):
    """Made tiles against the real ones whose layouts they have."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    realism: RealismReport
    discriminator: DiscriminatorReport
    """Features and statistics together: the sharpest eye."""
    statistics_discriminator: DiscriminatorReport


def likeness(
    real: Mapping[str, np.ndarray],
    made: Mapping[str, np.ndarray],
    groups: Sequence[str],
    sources: Sequence[str],
    feature_space: str,
    seed: int = 0,
) -> Likeness:
    """Compare made tiles with real ones, tile i with tile i.

    Parameters
    ----------
    real, made
        Vectors of each block, float (n, d): the features, under the name of their space, and `STATISTICS`.
    groups, sources
        Patient or slide, and data set, of each tile.
    feature_space
        Name of the block that distances are measured in.

    Raises
    ------
    ValueError
        If there are too few tiles or groups.
    """
    statistics = [{STATISTICS: block[STATISTICS]} for block in (real, made)]
    return Likeness(
        realism=realism_of_features(
            real[feature_space],
            made[feature_space],
            groups,
            seed,
            feature_space=feature_space,
            made_groups=groups,
            real_strata=sources,
        ),
        discriminator=real_versus_made(real, made, groups, groups, seed),
        statistics_discriminator=real_versus_made(*statistics, groups, groups, seed),
    )
