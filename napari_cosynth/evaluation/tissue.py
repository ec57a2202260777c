"""Does a made tile look like the tissue its prompt asked for?

A classifier learns tissue and stain names on real training tiles; how often it
recognises what was asked of a made tile is read against how often it does so on
real tiles it has not seen. Knows vectors and names only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from napari_cosynth.evaluation.bootstrap import Estimate, estimates
from napari_cosynth.evaluation.linear import LinearClassifier


class Recognition(BaseModel):
    """How many tiles of a set were recognised."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n: int
    accuracy: Estimate
    """Share of tiles whose name was recognised; interval over groups."""
    balanced_accuracy: float
    """Mean over names of the share recognised: rare names count as much as common ones."""
    per_name: dict[str, tuple[int, float]]
    """Name: number of tiles, share recognised."""
    taken_for: dict[str, str]
    """Name: what it was most often taken for instead, where that ever happened."""


class TissueReport(BaseModel):
    """Tissue recognition on real and on made tiles."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    feature_space: str
    names: tuple[str, ...]
    n_train: int
    chance: float
    """Accuracy on the real tiles of always answering the name that is most common among them."""
    real: Recognition
    made: Recognition
    not_known: tuple[str, ...]
    """Names asked for that no training tile has; their tiles are left out."""

    @property
    def relative_accuracy(self) -> float | None:
        """Accuracy on made over accuracy on real tiles; None if the latter is 0."""
        return self.made.accuracy.value / self.real.accuracy.value if self.real.accuracy.value else None


class TissueClassifier:
    """Recognises tissue or stain from a feature vector.

    Parameters
    ----------
    features
        Float (n, d) of real training tiles.
    names
        What each tile is, such as "colon" or "breast, IHC".

    Raises
    ------
    ValueError
        If tiles and names differ in number or there is only one name.
    ImportError
        If scikit-learn is not installed.
    """

    def __init__(self, features: np.ndarray, names: Sequence[str]) -> None:
        if len(features) != len(names):
            raise ValueError(f"{len(features)} tiles, but {len(names)} names; they must be as many")
        if len(set(names)) < 2:
            raise ValueError(f"all training tiles are {names[0]!r}; at least two names are needed")
        self.names: tuple[str, ...] = tuple(sorted(set(names)))
        self._n_train = len(names)
        self._classifier = LinearClassifier({"features": features}, list(names))

    @property
    def n_train(self) -> int:
        """Number of training tiles."""
        return self._n_train

    def recognise(self, features: np.ndarray) -> list[str]:
        """The name of each tile: float (n, d) -> n names."""
        return [str(name) for name in self._classifier.labels({"features": features})] if len(features) else []


def tissue_adherence(
    classifier: TissueClassifier,
    real: tuple[np.ndarray, Sequence[str], Sequence[str]],
    made: tuple[np.ndarray, Sequence[str], Sequence[str]],
    seed: int = 0,
    *,
    feature_space: str,
) -> TissueReport:
    """Recognise real tiles and made ones.

    Parameters
    ----------
    classifier
        Trained on real training tiles.
    real
        Features (n, d) of real tiles that it was not trained on, the name of each, the group of each.
    made
        Features (m, d) of made tiles, the name asked for, the group of the layout.
    seed
        Draws the bootstrap.

    Raises
    ------
    ValueError
        If features, names and groups differ in number, or no name is known.
    """
    known = set(classifier.names)
    recognitions = []
    for what, (features, names, groups) in (("real", real), ("made", made)):
        if not len(features) == len(names) == len(groups):
            raise ValueError(
                f"{len(features)} {what} tiles, {len(names)} names and {len(groups)} groups; they must be as many"
            )
        kept = [i for i, name in enumerate(names) if name in known]
        if not kept:
            raise ValueError(
                f"no {what} tile has a name that the classifier knows; it knows {', '.join(classifier.names)}"
            )
        asked = [names[i] for i in kept]
        answered = classifier.recognise(features[kept])
        recognitions.append(_recognition(asked, answered, [str(groups[i]) for i in kept], seed))
    counts = [n for n, _ in recognitions[0].per_name.values()]
    return TissueReport(
        feature_space=feature_space,
        names=classifier.names,
        n_train=classifier.n_train,
        chance=max(counts) / sum(counts),
        real=recognitions[0],
        made=recognitions[1],
        not_known=tuple(sorted((set(real[1]) | set(made[1])) - known)),
    )


def _recognition(asked: Sequence[str], answered: Sequence[str], groups: Sequence[str], seed: int) -> Recognition:
    right: dict[str, list[bool]] = {}
    mistaken: dict[str, Counter[str]] = {}
    for name, answer in zip(asked, answered, strict=True):
        right.setdefault(name, []).append(answer == name)
        if answer != name:
            mistaken.setdefault(name, Counter())[answer] += 1
    per_name = {name: (len(right[name]), float(np.mean(right[name]))) for name in sorted(right)}
    tallies = [{"right": float(a == b), "tiles": 1.0} for a, b in zip(asked, answered, strict=True)]
    accuracy = estimates(tallies, groups, lambda sums: {"accuracy": sums["right"] / sums["tiles"]}, seed=seed)
    return Recognition(
        n=len(asked),
        accuracy=accuracy["accuracy"],
        balanced_accuracy=float(np.mean([share for _, share in per_name.values()])),
        per_name=per_name,
        taken_for={name: mistaken[name].most_common(1)[0][0] for name in sorted(mistaken)},
    )
