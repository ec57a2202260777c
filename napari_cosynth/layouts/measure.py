"""Measures whether a tissue model's layouts look like real ones that it has not seen.

For each held-back window a layout of the same counts is drawn. Random points
and jittered real layouts stand beside it for comparison, and what the real
layouts of one patient reach among those of the others: with few patients that
is less than the envelope's 95 %, and no generator can be asked for more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_cosynth.layouts.discriminate import LEAST_GROUPS, auc_of_telling_apart
from napari_cosynth.layouts.model import TissueModel
from napari_cosynth.layouts.pattern import Pattern, pattern_of_layout, pattern_of_tile, windows
from napari_cosynth.layouts.sample import sample_layout
from napari_cosynth.layouts.statistics import envelope, nearest_neighbour, ripley_l, share_inside

if TYPE_CHECKING:
    from napari_cosynth.data.labelled import LabelledTile
    from napari_cosynth.layout import Layout

Draw = Callable[[Pattern, int], "Layout"]
"""A layout with the counts of a real pattern, whose marks are the tissue's classes, for a seed."""

JITTER_UM = 2.0
"""Standard deviation of the jitter of the comparison "jittered": a third of a nucleus."""
_UM_PER_PX = 0.25
_LEAST_POINTS = 8
_LEAST_CURVES = 10
_NEAREST_UM = np.arange(1.0, 21.0)
_L_UM = np.arange(1.0, 25.0)


@dataclass(frozen=True)
class Likeness:
    """How like held-back real layouts some layouts are.

    Parameters
    ----------
    name
        "generated", "random", "jittered", "real", "real, others'" (the real ones of each
        patient or slide against those of the others), or one of ``others``.
    nearest, l, cross_l
        Share of radii inside the 95 % envelope of the real ones, 0 to 1: of
        nearest-neighbour distances, Ripley's L and cross-L. NaN without a pair of classes.
    auc
        Of a classifier that tells them from the real ones; 0.5 is best, NaN with too few patients to say.
    counts_exact
        True if each layout has the class counts of its real one.
    """

    name: str
    nearest: float
    l: float  # noqa: E741
    cross_l: float
    auc: float
    counts_exact: bool


@dataclass(frozen=True)
class Measurement:
    """Likeness of all sets, and what it was measured on."""

    tissue: str
    n_windows: int
    n_groups: int
    n_points: int
    ms_per_layout: float
    likeness: tuple[Likeness, ...]


def measure(
    tissue: TissueModel,
    tiles: Iterable[LabelledTile],
    *,
    side: int = 256,
    most: int = 200,
    seed: int = 0,
    others: Mapping[str, Draw] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Measurement:
    """Compare a tissue model's layouts with real ones.

    Parameters
    ----------
    tiles
        Of that tissue, held back from the fit. Classes that the model lacks are left out.
    side
        Of the windows, px at 0.25 um/px.
    most
        Windows to compare at most, drawn at random.
    seed
        Of the draws.
    others
        Further ways to draw layouts, by the name that they shall have in the result.
    progress
        Called with the number of layouts done and to do.

    Raises
    ------
    ValueError
        If there are too few windows.
    ImportError
        Without scikit-learn.
    """
    rng = np.random.default_rng(seed)
    real = list(windows((pattern_of_tile(t, tissue.classes) for t in tiles), side * _UM_PER_PX, _LEAST_POINTS))
    if len(real) < 2 * _LEAST_CURVES:
        raise ValueError(
            f"{len(real)} windows of {side} px with at least {_LEAST_POINTS} nuclei; "
            f"measuring needs {2 * _LEAST_CURVES}. Give more tiles, or a smaller window"
        )
    real = [real[i] for i in rng.permutation(len(real))[:most]]
    n = len(tissue.classes)

    def plain(pattern: Pattern, seed: int) -> Layout:
        counts = dict(zip(tissue.classes, pattern.counts(n).tolist(), strict=True))
        return sample_layout(tissue, counts, seed=seed, height=side, width=side, um_per_px=_UM_PER_PX)

    drawn: dict[str, list[Pattern]] = {}
    spent = []
    ways = {"generated": plain, **(others or {})}
    for name, draw in ways.items():
        started, drawn[name] = time.process_time(), []
        for done, pattern in enumerate(real):
            layout = draw(pattern, seed + done)
            drawn[name].append(pattern_of_layout(layout, tissue.classes, pattern.group))
            if progress is not None:
                progress(len(real) * len(spent) + done + 1, len(real) * len(ways))
        spent.append(time.process_time() - started)
    bands = _bands(real, n)
    sets = {
        **drawn,
        "jittered": [_jittered(p, rng) for p in real],
        "random": [Pattern(rng.random((len(p), 2)) * p.size, p.marks, p.size, p.group) for p in real],
    }
    likeness = [_likeness(name, made, real, bands, n, seed) for name, made in sets.items()]
    return Measurement(
        tissue=tissue.name,
        n_windows=len(real),
        n_groups=len({p.group for p in real}),
        n_points=sum(len(p) for p in real),
        ms_per_layout=1000 * spent[0] / len(real),
        likeness=(*likeness, _real_with_real(real, bands, n, rng), _real_with_others(real, n)),
    )


Curves = dict[tuple[str, int, int], np.ndarray]


def _curves(patterns: Sequence[Pattern], n: int) -> Curves:
    """All functions by kind and pair of classes, each (N, R); a last mark ``n`` stands for all nuclei."""
    pairs = np.stack([ripley_l(p, n, _L_UM) for p in patterns])  # (N, n, n, R)
    everyone = [p.unmarked() for p in patterns]
    curves = {("l", n, n): np.stack([ripley_l(p, 1, _L_UM)[0, 0] for p in everyone])}
    curves["nearest", n, n] = np.stack([nearest_neighbour(p, 0, 0, _NEAREST_UM) for p in everyone])
    for a in range(n):
        for b in range(n):
            if a <= b:
                curves["l" if a == b else "cross_l", a, b] = pairs[:, a, b]
            curves["nearest", a, b] = np.stack([nearest_neighbour(p, a, b, _NEAREST_UM) for p in patterns])
    return curves


def _bands(real: Sequence[Pattern], n: int) -> dict[tuple[str, int, int], tuple[np.ndarray, np.ndarray]]:
    known = {key: c[~np.isnan(c).all(axis=1)] for key, c in _curves(real, n).items()}
    return {key: envelope(c) for key, c in known.items() if len(c) >= _LEAST_CURVES}


def _likeness(name: str, made: Sequence[Pattern], real: Sequence[Pattern], bands: dict, n: int, seed: int) -> Likeness:
    shares = _shares(made, bands, n)
    exact = all((a.counts(n) == b.counts(n)).all() for a, b in zip(made, real, strict=True))
    return Likeness(name, *shares, _auc(real, made, n, seed), exact)


def _shares(made: Sequence[Pattern], bands: dict, n: int) -> tuple[float, float, float]:
    curves = _curves(made, n)
    by_kind = []
    for kind in ("nearest", "l", "cross_l"):
        shares = [share_inside(curves[key], band) for key, band in bands.items() if key[0] == kind]
        shares = [s for s in shares if not np.isnan(s)]
        by_kind.append(float(np.mean(shares)) if shares else float("nan"))
    return by_kind[0], by_kind[1], by_kind[2]


def _real_with_real(real: Sequence[Pattern], bands: dict, n: int, rng: np.random.Generator) -> Likeness:
    """Real layouts against real ones: random halves, averaged, as one half is small."""
    scores = []
    for repeat in range(4):
        order = rng.permutation(len(real))
        halves = order[: len(real) // 2], order[len(real) // 2 :]
        scores.append(_auc(*([real[i] for i in half] for half in halves), n, repeat))
    return Likeness("real", *_shares(real, bands, n), float(np.mean(scores)), True)


def _real_with_others(real: Sequence[Pattern], n: int) -> Likeness:
    """Each group's real layouts against the envelope of all other groups', each layout worth the same."""
    groups, shares, sizes = sorted({p.group for p in real}), [], []
    for group in groups:
        own, others = ([p for p in real if (p.group == group) is same] for same in (True, False))
        if len(others) >= _LEAST_CURVES:
            shares.append(_shares(own, _bands(others, n), n))
            sizes.append(len(own))
    by_kind = []
    for values in np.array(shares).reshape(-1, 3).T:
        known = ~np.isnan(values)
        by_kind.append(float(np.average(values[known], weights=np.array(sizes)[known])) if known.any() else np.nan)
    return Likeness("real, others'", *by_kind, float("nan"), True)


def _auc(first: Sequence[Pattern], second: Sequence[Pattern], n: int, seed: int) -> float:
    if len({p.group for p in [*first, *second]}) < LEAST_GROUPS:
        return float("nan")
    return auc_of_telling_apart(first, second, n, seed)


def _jittered(pattern: Pattern, rng: np.random.Generator) -> Pattern:
    size = np.array(pattern.size)
    points = np.abs(pattern.points + rng.normal(0, JITTER_UM, pattern.points.shape))
    points = np.minimum(points, 2 * size - points)  # reflected at the border
    return Pattern(points.clip(0, size - 1e-6), pattern.marks, pattern.size, pattern.group)
