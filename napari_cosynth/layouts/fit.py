"""Fits a tissue model to labelled tiles.

Iterative matching of pair correlations (inverse Monte Carlo; Lyubartsev and
Laaksonen 1995): layouts are simulated with the counts of real windows, and the
interaction of each pair of classes grows where real nuclei are found more often
at a distance than simulated ones. Beyond the reach of the interaction the
covariance of the random field is matched in the same way. The gap is that of the
correlations, not of their logarithms: the logarithm of a few pairs lies too low
on average, and rare classes would end up attracting all others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_cosynth.layouts.abundance import abundance
from napari_cosynth.layouts.intensity import Grid
from napari_cosynth.layouts.model import Clustering, PairInteraction, Process, TissueModel, checked_name
from napari_cosynth.layouts.pattern import Pattern, pattern_of_tile, windows
from napari_cosynth.layouts.simulate import CrowdedError, simulate
from napari_cosynth.layouts.statistics import nearest_distances, pair_correlation, ripley_l

if TYPE_CHECKING:
    from napari_cosynth.data.labelled import LabelledTile

BIN_UM, N_BINS = 1.0, 12
SCALES_UM = (8.0, 20.0, 50.0)
WINDOWS_UM = (64.0, 128.0)
"""The usual tile, and a larger one for what is larger than a tile."""
_LEAST_POINTS = 8
_PRIOR_PAIRS = 30.0
"""A pair of classes that is rarely seen behaves like all nuclei, as if so many pairs had been seen doing so."""
_FEW_PAIRS = 10.0
"""Steps are halved where a round is expected to show so few pairs."""
_MOST_GAP = 1.5
"""Largest relative gap that one round is believed to show."""
_LEAST_CORRELATION = 0.05
"""Added to the real correlation, so that gaps stay finite where nuclei keep apart."""
_EDGES = np.concatenate([np.arange(N_BINS + 1) * BIN_UM, [14, 17, 20, 24, 28, 33, 39, 46, 54, 62]])
_MOST_VARIANCE = 4.0
_VARIETY_UM = np.array([8.0, 12.0, 16.0, 20.0])


@dataclass(frozen=True)
class FitSettings:
    """How long to fit.

    Parameters
    ----------
    iterations
        Rounds of simulation; the model is the mean of the last third, as single rounds scatter.
    n_windows
        Layouts simulated in a round.
    seed
        Of the simulations and the choice of windows.
    """

    iterations: int = 24
    n_windows: int = 48
    seed: int = 0


def fit_tissue(
    tiles: Iterable[LabelledTile],
    name: str,
    *,
    source: str = "",
    licence: str = "",
    settings: FitSettings | None = None,
    progress: Callable[[int], None] | None = None,
) -> TissueModel:
    """Tissue model of labelled tiles of one tissue.

    Parameters
    ----------
    tiles
        All classes that make up at least 1 % of the nuclei are in the model.
        Tiles whose labels are partial tell arrangement, not density.
    name
        Of the model.
    source, licence
        Of the data, to be kept with the model.
    progress
        Called after each round with the number of rounds done.

    Raises
    ------
    ValueError
        If there are too few nuclei to fit anything, or a tissue cannot have that name.
    """
    checked_name(name)
    settings = settings or FitSettings()
    tiles = list(tiles)
    classes = _classes(tiles)
    patterns = [pattern_of_tile(tile, classes) for tile in tiles]
    complete = [p for p, tile in zip(patterns, tiles, strict=True) if tile.coverage == "complete"]
    usual = float(np.median([min(p.size) for p in patterns])) if patterns else 0.0
    sides = sorted({min(side, usual) - 1e-6 for side in WINDOWS_UM})
    real = [window for side in sides for window in windows(patterns, side, _LEAST_POINTS)]
    n_nuclei = sum(len(p) for p in patterns)
    if len(real) < 4 or n_nuclei < 200:
        raise ValueError(
            f"{len(tiles)} tiles with {n_nuclei} nuclei, {len(real)} windows of {sides[0]:.0f} um with at least "
            f"{_LEAST_POINTS}; a fit needs 200 nuclei in 4 windows. Give more tiles of this tissue"
        )
    return TissueModel(
        name=name,
        source=source,
        licence=licence,
        n_tiles=len(tiles),
        n_nuclei=n_nuclei,
        complete=bool(complete),
        **abundance(complete or patterns, classes),
        **_matched(real, classes, settings, progress),
    )


def _classes(tiles: Sequence[LabelledTile]) -> tuple[str, ...]:
    names, counts = np.unique([name for tile in tiles for name in tile.classes], return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return tuple(str(names[i]) for i in order if counts[i] >= 0.01 * counts.sum())


def _matched(
    real: list[Pattern], classes: tuple[str, ...], settings: FitSettings, progress: Callable[[int], None] | None
) -> dict:
    n, rng = len(classes), np.random.default_rng(settings.seed)
    seen = pair_correlation(real, n, _EDGES)[1]
    weights = seen / (seen + _PRIOR_PAIRS)
    target = weights * _correlation(real, n)[0]
    target += (1 - weights) * _correlation([p.unmarked() for p in real], 1)[0]
    hard = _hard_cores(real, n)
    logs = np.clip(np.log(target[..., :N_BINS] + 0.02), -4, 2)
    covariances, spread, late = np.zeros((len(SCALES_UM), n, n)), 0.0, []
    for done in range(settings.iterations):
        chosen = [real[i] for i in rng.choice(len(real), min(settings.n_windows, len(real)), replace=False)]
        made = _simulated(chosen, _parts(classes, logs, hard, covariances, spread), rng)
        gap = weights * _gap(target, *_correlation(made, n))
        # Large steps first; small ones at the end average the chance of single rounds.
        rate = 0.8 if done < settings.iterations // 2 else 0.4
        covariances = _grown(covariances, rate * gap, weights)
        logs = np.clip(logs + rate * gap[..., :N_BINS], -5, 3)
        spread = float(np.clip(spread + 0.5 * rate * np.log(_variety(chosen) / _variety(made)), 0, 1))
        if done >= settings.iterations * 2 // 3:
            late.append((logs, covariances, spread))
        if progress is not None:
            progress(done + 1)
    logs, covariances, spread = (np.mean(values, axis=0) for values in zip(*late, strict=True))
    return _parts(classes, logs, hard, covariances, float(spread))


def _simulated(real: list[Pattern], parts: dict, rng: np.random.Generator) -> list[Pattern]:
    made = []
    for pattern in real:
        cells = round(pattern.size[0])
        grid = Grid(pattern.size[0] / cells, (cells, cells), N_BINS)
        try:
            points, marks = simulate(Process(**parts), pattern.counts(len(parts["classes"])), grid, rng)
        except CrowdedError:
            continue
        made.append(Pattern(points, marks, pattern.size))
    if not made:
        raise ValueError("nuclei of these tiles stand nearer than their own hard core lets in; remove doubled nuclei")
    return made


def _correlation(patterns: list[Pattern], n: int) -> tuple[np.ndarray, np.ndarray]:
    """Pair correlation and the pairs that random points would show, each (n, n, bins).

    Each nucleus is worth the same in the first: else the densest windows would speak for all.
    """
    observed, expected = pair_correlation(patterns, n, _EDGES, power=0.5)
    return observed / np.maximum(expected, 1e-9), pair_correlation(patterns, n, _EDGES)[1]


def _gap(target: np.ndarray, made: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """How far the simulated correlation is below the real one, relative, trusted as far as pairs could be seen."""
    floor = target + _LEAST_CORRELATION
    trust = pairs * floor / (pairs * floor + _FEW_PAIRS)
    return trust * np.clip((target - made) / floor, -_MOST_GAP, _MOST_GAP)


def _variety(patterns: list[Pattern]) -> float:
    """How much L of all nuclei differs from window to window, um."""
    curves = np.stack([ripley_l(p.unmarked(), 1, _VARIETY_UM)[0, 0] for p in patterns])
    return float(np.median(curves.std(axis=0))) + 0.05


def _hard_cores(real: list[Pattern], n: int) -> np.ndarray:
    """All but 0.5 % of the nuclei keep this distance, um; what is rarely seen does as all do."""
    everyone = np.concatenate([nearest_distances(p.unmarked(), 0, 0) for p in real])
    hard = np.full((n, n), np.quantile(everyone, 0.005))
    for a, b in np.ndindex(n, n):
        seen = np.concatenate([nearest_distances(p, a, b) for p in real])
        seen = seen[np.isfinite(seen)]
        if len(seen) >= 200:
            hard[a, b] = np.quantile(seen, 0.005)
    return np.minimum(hard, hard.T)


def _grown(covariances: np.ndarray, gap: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Covariances (scales, n, n) that close the gap at long distances, kept positive semi-definite."""
    middles = (_EDGES[:-1] + _EDGES[1:]) / 2
    far = middles > N_BINS * BIN_UM
    # The constant takes up that counts of a window are fixed, so that clustering at short distance lowers the rest.
    design = np.stack([np.exp(-(middles[far] ** 2) / (2 * s**2)) for s in SCALES_UM] + [np.ones(far.sum())], axis=1)
    penalty = np.diag([0.1] * len(SCALES_UM) + [1e-6])
    grown = covariances.copy()
    for a, b in np.ndindex(*gap.shape[:2]):
        weighted = design * weights[a, b, far][:, None]
        grown[:, a, b] += np.linalg.solve(weighted.T @ design + penalty, weighted.T @ gap[a, b, far])[:-1]
    values, vectors = np.linalg.eigh((grown + grown.transpose(0, 2, 1)) / 2)
    return np.einsum("sij,sj,skj->sik", vectors, values.clip(0, _MOST_VARIANCE), vectors)


def _parts(
    classes: tuple[str, ...], logs: np.ndarray, hard: np.ndarray, covariances: np.ndarray, spread: float
) -> dict:
    logs = (logs + logs.transpose(1, 0, 2)) / 2
    for a, b in np.ndindex(len(classes), len(classes)):
        # Nothing is seen inside the hard core; what stands there must not bend the value beside it.
        first = min(round(hard[a, b] / BIN_UM), N_BINS - 1)
        logs[a, b, :first] = logs[a, b, first]
    return {
        "classes": classes,
        "bin_um": BIN_UM,
        "interactions": tuple(
            PairInteraction(
                first=classes[a],
                second=classes[b],
                hard_core_um=round(float(hard[a, b]), 3),
                log_interaction=tuple(np.round(logs[a, b], 4).tolist()),
            )
            for a in range(len(classes))
            for b in range(a, len(classes))
        ),
        "clustering": tuple(
            Clustering(scale_um=scale, covariance=tuple(map(tuple, np.round(matrix, 5).tolist())))
            for scale, matrix in zip(SCALES_UM, covariances, strict=True)
        ),
        "clustering_spread": round(spread, 4),
    }
