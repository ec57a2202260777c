"""What the trials say: scores of each arm, and what each arm gains over another on the same tiles.

A gain is the mean over seeds of the difference between two arms that saw the
same real windows; its interval draws groups of held-out windows again, the same
ones for both. It holds the chance of the held-out tissue, not that of the
training: each seed's own difference is given beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from napari_cosynth.classes import BUNDLED
from napari_cosynth.evaluation.agreement import ENOUGH, pooled_scores
from napari_cosynth.evaluation.bootstrap import Estimate, Sums, estimates
from napari_cosynth.evaluation.downstream.settings import ARMS, Arm, DownstreamSettings
from napari_cosynth.evaluation.downstream.trial import Trial
from napari_cosynth.evaluation.sample import Sample

PAPER_GAINS = {
    "Lizard": {"Dice": 0.096, "AJI": 0.101},
    "PanNuke": {"Dice": 0.042, "AJI": 0.064},
    "EndoNuke": {"Dice": 0.021, "AJI": 0.051},
}
"""Of training with made tiles beside all real ones (Min et al. 2024, arXiv 2407.14434), by other networks."""

COMPARISONS: tuple[tuple[Arm, Arm], ...] = (
    ("synthetic", "real"),
    ("synthetic", "longer"),
    ("synthetic", "copy-paste"),
    ("copy-paste", "longer"),
    ("longer", "real"),
)

Verdict = Literal["gain", "loss", "not told apart"]


class Figure(BaseModel):
    """Mean over seeds with its interval over groups, and each seed's own value."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: Estimate
    seeds: tuple[float | None, ...]

    @property
    def verdict(self) -> Verdict:
        """Of a difference: "gain" or "loss" if its interval and all seeds lie on one side of 0."""
        values = [self.mean.low, self.mean.high, *self.seeds]
        if self.mean.low is None or any(v is None for v in values):
            return "not told apart"
        return "gain" if min(values) > 0 else "loss" if max(values) < 0 else "not told apart"


class ArmOutcome(BaseModel):
    """Scores of an arm by name: "PQ", "Dice", "AJI", "PQ neoplastic", "F1 neoplastic" and so on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    arm: Arm
    added: int
    steps: int
    scores: dict[str, Figure]


class Comparison(BaseModel):
    """What ``arm`` has more than ``over``, by score."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    arm: Arm
    over: Arm
    gains: dict[str, Figure]


class SizeOutcome(BaseModel):
    """All arms at one N."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    asked: str
    windows: int
    arms: tuple[ArmOutcome, ...]
    comparisons: tuple[Comparison, ...]

    @property
    def title(self) -> str:
        """N as it was asked for: "8", "all (128)"."""
        return f"{self.asked} ({self.windows})" if self.asked != str(self.windows) else self.asked


class Downstream(BaseModel):
    """The outcome; classes with fewer than 100 held-out nuclei are named and not scored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = 1
    model_hash: str
    """Empty if the made tiles were given."""
    settings: DownstreamSettings
    held_out: int
    groups: int
    nuclei: dict[str, int]
    """Held-out nuclei of each class; "all" counts those without a class too."""
    not_measurable: tuple[str, ...]
    sizes: tuple[SizeOutcome, ...]
    paper: dict[str, dict[str, float]] = PAPER_GAINS


def outcome_of(
    trials: Sequence[Trial], held_out: Sequence[Sample], settings: DownstreamSettings, model_hash: str = ""
) -> Downstream:
    """Scores and gains of finished trials.

    Parameters
    ----------
    trials
        All arms and seeds of one or more N.
    held_out
        The windows of their tallies.
    """
    groups = [s.origin for s in held_out]
    totals = {BUNDLED.names[i]: sum(list(s.class_of.values()).count(i) for s in held_out) for i in BUNDLED.stated}
    classes = [name for name, n in totals.items() if n >= ENOUGH]
    sizes = dict.fromkeys(t.asked for t in trials)
    return Downstream(
        model_hash=model_hash,
        settings=settings,
        held_out=len(held_out),
        groups=len(set(groups)),
        nuclei={"all": sum(len(np.unique(s.instances[s.instances > 0])) for s in held_out)} | totals,
        not_measurable=tuple(name for name in totals if name not in classes),
        sizes=tuple(_size([t for t in trials if t.asked == asked], groups, classes) for asked in sizes),
    )


def _size(trials: Sequence[Trial], groups: Sequence[str], classes: Sequence[str]) -> SizeOutcome:
    n_seeds = len({t.seed for t in trials})
    # All trials side by side in one tally, so that each bootstrap draw takes the same groups for all.
    together = [
        {f"{t.arm}/{t.seed}/{name}": value for t in trials for name, value in t.tallies[i].items()}
        for i in range(len(groups))
    ]
    names = score_names(classes)

    def scores(sums: Sums) -> dict[str, np.ndarray]:
        found: dict[str, np.ndarray] = {}
        for arm in ARMS:
            for seed in range(n_seeds):
                start = f"{arm}/{seed}/"
                own = {k.removeprefix(start): v for k, v in sums.items() if k.startswith(start)}
                pooled = pooled_scores(own, BUNDLED)
                found |= {f"{arm}/{seed}/{title}": pooled[key] for title, key in names.items()}
        for arm, over in COMPARISONS:
            for seed in range(n_seeds):
                for title in names:
                    difference = found[f"{arm}/{seed}/{title}"] - found[f"{over}/{seed}/{title}"]
                    found[f"{arm}-{over}/{seed}/{title}"] = difference
        for what in [*ARMS, *(f"{arm}-{over}" for arm, over in COMPARISONS)]:
            for title in names:
                found[f"{what}/{title}"] = np.mean([found[f"{what}/{s}/{title}"] for s in range(n_seeds)], axis=0)
        return found

    found = estimates(together, groups, scores)

    def figures(what: str) -> dict[str, Figure]:
        return {
            title: Figure(
                mean=found[f"{what}/{title}"],
                seeds=tuple(found[f"{what}/{seed}/{title}"].value for seed in range(n_seeds)),
            )
            for title in names
        }

    of_arm = {t.arm: t for t in trials}
    return SizeOutcome(
        asked=trials[0].asked,
        windows=len(trials[0].windows),
        arms=tuple(
            ArmOutcome(arm=arm, added=of_arm[arm].added, steps=of_arm[arm].steps, scores=figures(arm)) for arm in ARMS
        ),
        comparisons=tuple(Comparison(arm=arm, over=over, gains=figures(f"{arm}-{over}")) for arm, over in COMPARISONS),
    )


def score_names(classes: Sequence[str]) -> dict[str, str]:
    """What the scores are called here, and in `agreement.pooled_scores`."""
    names = {"PQ": "pq", "Dice": "dice", "AJI": "aji"}
    for name in classes:
        names |= {f"PQ {name}": f"masks {name} pq", f"F1 {name}": f"masks {name} f1"}
    return names
