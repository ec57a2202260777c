"""The examination for tissue prompts: who examines, what may be asked, how real tiles do.

Only tissues are asked that the classifier saw often enough and that real
held-out tiles have too, so that made and real tiles sit the same examination.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from napari_cosynth.classes import BUNDLED
from napari_cosynth.data.labelled import WORKING_UM_PER_PX, LabelledTile
from napari_cosynth.evaluation.directed_words import plain_prompt
from napari_cosynth.evaluation.features import FeatureSpace
from napari_cosynth.evaluation.sample import IHC, Sample, real_samples, tissue_name
from napari_cosynth.evaluation.tissue import TissueClassifier

ENOUGH_TAUGHT, ENOUGH_REAL = 8, 3
"""Windows of a tissue: to learn it from, and to examine real tiles on."""
MOST_ASKED = 6
MOST_TILES = 24
"""Training tiles read of each tissue and source; the rest would only cost memory."""
MOST_WINDOWS = 480


@dataclass(frozen=True, eq=False)
class TissueExam:
    """A classifier taught on real training tiles, and the real tiles that it is held against.

    Parameters
    ----------
    classifier
        Knows more tissues than are asked: a made tile may be taken for any of them.
    asked
        Tissues that prompts ask for, the most common first.
    real
        Features (n, d), tissue and group of held-out real tiles of those tissues.
    """

    classifier: TissueClassifier
    asked: tuple[str, ...]
    real: tuple[np.ndarray, list[str], list[str]]


def tissue_exam(
    train_tiles: Iterable[LabelledTile],
    real: Sequence[Sample],
    features: np.ndarray,
    space: FeatureSpace,
    seed: int = 0,
) -> TissueExam | None:
    """Teach the classifier and choose what is asked.

    Parameters
    ----------
    train_tiles
        Real training tiles; read once, most of them dropped at once.
    real, features
        Held-out real samples, and their vectors (n, d) in the feature space.
    space
        Where tissues are told apart.
    seed
        Of the training windows.

    Returns
    -------
    None where fewer than two tissues have enough windows on both sides.
    """
    size = min(real[0].image.shape[:2])
    tiles = list(_some_of_each(train_tiles, size))
    windows = real_samples(tiles, BUNDLED, size, MOST_WINDOWS, seed) if tiles else []
    taught = Counter(s.tissue for s in windows)
    windows = [s for s in windows if taught[s.tissue] >= ENOUGH_TAUGHT]
    known = {s.tissue for s in windows}
    held_out = Counter(s.tissue for s in real if s.tissue in known)
    asked = tuple(name for name, n in held_out.most_common(MOST_ASKED) if n >= ENOUGH_REAL)
    if len(asked) < 2:
        return None
    classifier = TissueClassifier(space.features([s.image for s in windows]), [s.tissue for s in windows])
    chosen = [i for i, s in enumerate(real) if s.tissue in asked]
    return TissueExam(
        classifier,
        asked,
        (features[chosen], [real[i].tissue for i in chosen], [real[i].origin for i in chosen]),
    )


def tissue_prompt(tissue: str) -> str:
    """The prompt that asks for a tissue of `sample.tissue_name`."""
    return plain_prompt(tissue.removesuffix(IHC), "Ki-67 IHC" if tissue.endswith(IHC) else "H&E")


def _some_of_each(tiles: Iterable[LabelledTile], size: int) -> Iterator[LabelledTile]:
    """At most `MOST_TILES` of each tissue and source that hold a window, without their masks."""
    held: Counter[tuple[str, str]] = Counter()
    for tile in tiles:
        key = tile.source, tissue_name(tile)
        side = round(min(tile.shape) * tile.um_per_px / WORKING_UM_PER_PX)
        if tile.image is not None and key[1] and side >= size and held[key] < MOST_TILES:
            held[key] += 1
            yield replace(tile, instances=None)
