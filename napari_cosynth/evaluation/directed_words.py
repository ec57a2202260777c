"""Words of a prompt that should move one measurable attribute of a tile.

Pairs of words, what they should change, and the paired figures of tiles that
differ in that word alone. Knows images and numbers; no model makes anything here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy.stats import binomtest

from napari_cosynth.data.captions import WHITE
from napari_cosynth.data.stain import optical_density
from napari_cosynth.evaluation.agreement_table import NucleusSegmenter
from napari_cosynth.evaluation.bootstrap import Estimate, estimates
from napari_cosynth.evaluation.tile_statistics import high_frequency_share, stain_densities

Points = Literal["given", "dropped"]
Expected = Literal["rises", "stays"]
NUCLEI = "nuclei found"
"""Attribute that a segmenter measures: the made labels follow the points whatever the image shows."""


def mean_optical_density(image: np.ndarray) -> float:
    """Of the grey image, natural logarithm: what the captions' words of staining are about."""
    return float(optical_density(image.mean(2)).mean())


def white_share(image: np.ndarray) -> float:
    """Share of pixels that are empty glass to the captions."""
    return float((optical_density(image.mean(2)) < WHITE).mean())


def brown_density(image: np.ndarray) -> float:
    """Mean optical density of DAB, the brown of immunohistochemistry."""
    return float(stain_densities(image)[..., 2].mean())


ATTRIBUTES: dict[str, Callable[[np.ndarray], float]] = {
    "mean optical density": mean_optical_density,
    "high-frequency share": high_frequency_share,
    "share of white pixels": white_share,
    "DAB density": brown_density,
}
"""Attributes of an image uint8 (H, W, 3) RGB."""


@dataclass(frozen=True)
class WordPair:
    """Two wordings and the attribute that should be higher with the second.

    Parameters
    ----------
    first, second
        Words at the prompt's end, or the stain's name; "" = no word.
    attribute
        A key of `ATTRIBUTES`, or `NUCLEI`.
    stain
        True if the words stand in the stain's place.
    points
        "dropped" if the tile is made without hearing the layout.
    expected
        "stays" if the attribute should not follow the words.
    """

    first: str
    second: str
    attribute: str
    stain: bool = False
    points: Points = "given"
    expected: Expected = "rises"

    def prompts(self, organ: str) -> tuple[str, str]:
        """The two prompts for an organ; they differ in the words alone."""
        if self.stain:
            return plain_prompt(organ, self.first), plain_prompt(organ, self.second)
        plain = plain_prompt(organ)
        first, second = (f"{plain}, {word}" if word else plain for word in (self.first, self.second))
        return first, second


def plain_prompt(organ: str, stain: str = "H&E") -> str:
    """Organ, stain, magnification: the shortest form of the training captions."""
    return f"{organ or 'tissue'}, {stain}, 40x"


WORD_PAIRS = (
    WordPair("pale staining", "strong staining", "mean optical density"),
    WordPair("soft focus", "sharp focus", "high-frequency share"),
    WordPair("", "wide white space", "share of white pixels"),
    WordPair("H&E", "Ki-67 IHC", "DAB density", stain=True),
    # No word outvotes points that are given; only where none are heard may it speak.
    WordPair("very few nuclei", "crowded nuclei", NUCLEI, expected="stays"),
    WordPair("very few nuclei", "crowded nuclei", NUCLEI, points="dropped"),
)


class WordEffect(BaseModel):
    """What a pair of words did to the same layouts with the same noise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: str
    second: str
    attribute: str
    points: Points
    expected: Expected
    layouts: int
    mean_first: float
    mean_second: float
    difference: Estimate
    """Mean over layouts of second - first; interval over groups."""
    share_rising: float
    """Share of layouts on which the attribute is higher with the second word; equal ones count as not."""
    p: float
    """Exact sign test, layouts that stay equal left out: one-sided where the attribute
    should rise, two-sided where it should stay."""
    change: float
    """Mean absolute difference of the two images, grey levels (0-255)."""


def measured(attribute: str, images: Sequence[np.ndarray], judge: NucleusSegmenter) -> np.ndarray:
    """The attribute of each image, float64 (n,); ``judge`` counts nuclei."""
    if attribute == NUCLEI:
        return np.array([len(np.unique(instances[instances > 0])) for instances, _ in judge.segment(images)], float)
    return np.array([ATTRIBUTES[attribute](image) for image in images])


def word_effect(
    pair: WordPair,
    first: Sequence[np.ndarray],
    second: Sequence[np.ndarray],
    groups: Sequence[str],
    judge: NucleusSegmenter,
    seed: int = 0,
) -> WordEffect:
    """Compare tiles made with the first word and with the second.

    Parameters
    ----------
    first, second
        uint8 (H, W, 3) RGB, the same layouts in the same order.
    groups
        Group of each layout.
    judge
        Counts nuclei where the pair is about them.
    seed
        Of the bootstrap.

    Raises
    ------
    ValueError
        If there are not as many of each, or none.
    """
    if not len(first) == len(second) == len(groups) or not groups:
        raise ValueError(
            f"{len(first)} tiles with {pair.first!r}, {len(second)} with {pair.second!r} and {len(groups)} groups; "
            "one of each is needed for each layout, at least one"
        )
    a, b = (measured(pair.attribute, images, judge) for images in (first, second))
    difference = estimates(
        [{"difference": d, "layouts": 1.0} for d in (b - a).tolist()],
        groups,
        lambda sums: {"mean": sums["difference"] / sums["layouts"]},
        seed=seed,
    )["mean"]
    return WordEffect(
        first=pair.first,
        second=pair.second,
        attribute=pair.attribute,
        points=pair.points,
        expected=pair.expected,
        layouts=len(groups),
        mean_first=float(a.mean()),
        mean_second=float(b.mean()),
        difference=difference,
        share_rising=float((b > a).mean()),
        p=sign_test(b - a, one_sided=pair.expected == "rises"),
        change=float(np.mean([image_change(x, y) for x, y in zip(first, second, strict=True)])),
    )


def sign_test(differences: np.ndarray, one_sided: bool) -> float:
    """Exact p that positive and negative are equally likely; zeros say nothing, and none at all gives 1."""
    rising, falling = int((differences > 0).sum()), int((differences < 0).sum())
    if rising + falling == 0:
        return 1.0
    return float(binomtest(rising, rising + falling, alternative="greater" if one_sided else "two-sided").pvalue)


def image_change(first: np.ndarray, second: np.ndarray) -> float:
    """Mean absolute difference of two images uint8 (H, W, 3), grey levels."""
    return float(np.abs(first.astype(np.int16) - second).mean())
