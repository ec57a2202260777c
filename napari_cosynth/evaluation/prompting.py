"""Does the prompt matter? The same layouts and the same noise under different prompts.

Three questions: is the tissue recognised that was asked for (`tissue`); do words
move what they name (`directed_words`); and how much does another prompt change
at all, against other noise? The points state no class here, so that none
contradicts a prompt: a nucleus asked for as "positive" would stain a tile by itself.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict

from napari_cosynth.evaluation.agreement_table import NucleusSegmenter
from napari_cosynth.evaluation.bootstrap import Estimate, estimates
from napari_cosynth.evaluation.directed_words import (
    WORD_PAIRS,
    WordEffect,
    WordPair,
    image_change,
    plain_prompt,
    word_effect,
)
from napari_cosynth.evaluation.features import FeatureSpace
from napari_cosynth.evaluation.making import TileMaker, layout_of, noise_seed
from napari_cosynth.evaluation.sample import IHC, Sample
from napari_cosynth.evaluation.stage import Stage
from napari_cosynth.evaluation.tissue import TissueReport, tissue_adherence
from napari_cosynth.evaluation.tissue_exam import TissueExam, tissue_prompt

NOTHING = 0.1
"""Share of the change by other noise below which another prompt counts as changing nothing."""


class PromptReport(BaseModel):
    """What prompts do to made tiles."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layouts: int
    tissue: TissueReport | None
    """None where the data hold fewer than two tissues to tell apart."""
    words: tuple[WordEffect, ...]
    change_by_prompt: Estimate
    """Mean absolute difference between the tile of the plain prompt (organ, stain,
    magnification) and that of another one, same points and noise, grey levels."""
    change_by_seed: Estimate
    """The same for the same prompt and other noise."""
    prompt_over_seed: Estimate

    @property
    def balanced_ratio(self) -> float | None:
        """Balanced accuracy on made over that on real tiles: each tissue counts alike on both sides."""
        if self.tissue is None or not self.tissue.real.balanced_accuracy:
            return None
        return self.tissue.made.balanced_accuracy / self.tissue.real.balanced_accuracy

    @property
    def changes_nothing(self) -> bool:
        """True if the model does not hear its prompt: a failure, whatever else was measured."""
        ratio = self.prompt_over_seed.value
        return ratio is None or ratio < NOTHING


@dataclass(frozen=True, eq=False)
class PromptOutcome:
    """The figures, and one layout under all its prompts: (caption, uint8 (H, W, 3))."""

    report: PromptReport
    pictures: tuple[tuple[str, np.ndarray], ...]


@dataclass(frozen=True)
class _Ask:
    """One tile of a layout: ``other_noise`` in place of the layout's own, ``dropped`` without hearing the points."""

    prompt: str
    other_noise: bool = False
    dropped: bool = False

    @property
    def caption(self) -> str:
        return self.prompt + (" (other noise)" if self.other_noise else " (no points)" if self.dropped else "")


def prompt_layouts(real: Sequence[Sample], n: int) -> list[Sample]:
    """The first n samples of known tissue and whole layout; others only where these do not suffice."""
    return sorted(real, key=lambda s: (s.coverage != "complete", not s.tissue, not len(s.points)))[:n]


def prompt_experiment(
    samples: Sequence[Sample],
    make: TileMaker,
    judge: NucleusSegmenter,
    space: FeatureSpace,
    exam: TissueExam | None = None,
    seed: int = 0,
    pairs: Sequence[WordPair] = WORD_PAIRS,
) -> Generator[Stage, None, PromptOutcome]:
    """Make each layout under each prompt and compare.

    Parameters
    ----------
    samples
        Whose layouts and organs are used; the images are not looked at.
    make
        The model.
    judge
        Counts nuclei.
    space
        Where the examiner tells tissues apart.
    exam
        Examiner and questions; without it tissue prompts are left out.
    seed
        Of noise and bootstrap.

    Yields
    ------
    A `Stage` after each tile. The generator's return value is the outcome.

    Raises
    ------
    ValueError
        If there is no sample.
    """
    if not samples:
        raise ValueError("no layout to try prompts on; give at least one sample")
    total = sum(len(set(_asks(s, exam, pairs))) for s in samples)
    made: list[dict[_Ask, np.ndarray]] = []
    done = 0
    for sample in samples:
        made.append({})
        for ask in dict.fromkeys(_asks(sample, exam, pairs)):
            made[-1][ask] = _made(sample, ask, make, seed)
            done += 1
            yield Stage("prompts", done, total)
    groups = [s.origin for s in samples]
    effects = []
    for pair in pairs:
        asks = [_pair_asks(pair, s) for s in samples]
        first, second = ([tiles[a[i]] for tiles, a in zip(made, asks, strict=True)] for i in (0, 1))
        effects.append(word_effect(pair, first, second, groups, judge, seed))
    changes = _changes([plain_prompt(_organ(s)) for s in samples], made, groups, seed)
    report = PromptReport(
        layouts=len(samples),
        tissue=None if exam is None else _tissue(exam, made, groups, space, seed),
        words=tuple(effects),
        **changes,
    )
    return PromptOutcome(report, tuple((ask.caption, image) for ask, image in made[0].items()))


def _organ(sample: Sample) -> str:
    return sample.tissue.removesuffix(IHC)


def _asks(sample: Sample, exam: TissueExam | None, pairs: Sequence[WordPair]) -> Iterator[_Ask]:
    plain = plain_prompt(_organ(sample))
    yield _Ask(plain)
    yield _Ask(plain, other_noise=True)
    for name in exam.asked if exam else ():
        yield _Ask(tissue_prompt(name))
    for pair in pairs:
        yield from _pair_asks(pair, sample)


def _pair_asks(pair: WordPair, sample: Sample) -> tuple[_Ask, _Ask]:
    first, second = (_Ask(p, dropped=pair.points == "dropped") for p in pair.prompts(_organ(sample)))
    return first, second


def _made(sample: Sample, ask: _Ask, make: TileMaker, seed: int) -> np.ndarray:
    layout = layout_of(sample)
    layout = layout.reclass(range(len(layout)), layout.taxonomy.unspecified)
    noise = noise_seed(seed, f"{sample.name} again" if ask.other_noise else sample.name)
    if not ask.dropped:
        return make(layout, ask.prompt, noise).image
    # With these two weights the terms of the layout cancel: the tile of the prompt alone
    # remains. An empty layout that is heard would mean tissue without nuclei.
    return make(layout.without_points(), ask.prompt, noise, guidance=1.0, layout_guidance=0.0).image


def _tissue(
    exam: TissueExam, made: Sequence[dict[_Ask, np.ndarray]], groups: Sequence[str], space: FeatureSpace, seed: int
) -> TissueReport:
    tiles = [t[_Ask(tissue_prompt(name))] for name in exam.asked for t in made]
    asked = [name for name in exam.asked for _ in made]
    answers = (space.features(tiles), asked, list(groups) * len(exam.asked))
    return tissue_adherence(exam.classifier, exam.real, answers, seed, feature_space=space.name)


def _changes(
    plain: Sequence[str], made: Sequence[dict[_Ask, np.ndarray]], groups: Sequence[str], seed: int
) -> dict[str, Estimate]:
    tallies = []
    for prompt, tiles in zip(plain, made, strict=True):
        base = tiles[_Ask(prompt)]
        others = [t for a, t in tiles.items() if not a.dropped and not a.other_noise and a.prompt != prompt]
        by_prompt = float(np.mean([image_change(base, t) for t in others])) if others else 0.0
        by_seed = image_change(base, tiles[_Ask(prompt, other_noise=True)])
        tallies.append({"prompt": by_prompt, "seed": by_seed, "layouts": 1.0})

    def scores(sums):
        with np.errstate(divide="ignore", invalid="ignore"):
            return {
                "change_by_prompt": sums["prompt"] / sums["layouts"],
                "change_by_seed": sums["seed"] / sums["layouts"],
                "prompt_over_seed": sums["prompt"] / sums["seed"],
            }

    return estimates(tallies, groups, scores, seed=seed)
