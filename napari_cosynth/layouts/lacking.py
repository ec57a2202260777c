"""Classes that a tissue lacks: what to say, and a process that bears nuclei of them that are there already."""

from __future__ import annotations

import numpy as np

from napari_cosynth.layouts.model import PairInteraction, Process, TissueModel


def lacks(tissue: TissueModel, name: str) -> str:
    """What to say where nuclei of a class are asked for that the tissue lacks."""
    return (
        f"{tissue.name} has no {name} nuclei, so nothing is known of how they stand; it has "
        f"{', '.join(tissue.classes)}: choose one of these, or another tissue"
    )


def with_classes(tissue: Process, names: tuple[str, ...]) -> Process:
    """A tissue's process that bears classes it lacks: they neither attract nor avoid, but keep a usual distance."""
    more = tuple(name for name in dict.fromkeys(names) if name not in tissue.classes)
    if not more:
        return tissue
    core = float(np.median(tissue.hard_cores()))
    silent = (0.0,) * len(tissue.interactions[0].log_interaction)
    every = (*tissue.classes, *more)
    pairs = [(every[i], every[j]) for j in range(len(tissue.classes), len(every)) for i in range(j + 1)]
    grown = len(more)
    clustering = [
        part.model_copy(update={"covariance": tuple(map(tuple, np.pad(part.covariance, (0, grown)).tolist()))})
        for part in tissue.clustering
    ]
    return Process(
        classes=every,
        bin_um=tissue.bin_um,
        interactions=(
            *tissue.interactions,
            *(PairInteraction(first=a, second=b, hard_core_um=core, log_interaction=silent) for a, b in pairs),
        ),
        clustering=tuple(clustering),
        clustering_spread=tissue.clustering_spread,
    )
