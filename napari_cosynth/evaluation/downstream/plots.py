"""What a downstream page draws: scores of each arm, and what made tiles gain."""

from __future__ import annotations

from napari_cosynth.evaluation.downstream.outcome import Downstream
from napari_cosynth.evaluation.downstream.settings import ARMS
from napari_cosynth.evaluation.plots import interval_plot


def score_plot(outcome: Downstream, scores: tuple[str, ...]) -> str:
    """Some scores at each N by arm, means over seeds with their intervals, SVG."""
    rows = [(size, name) for size in outcome.sizes for name in scores]
    means = {
        kind: [next(arm for arm in size.arms if arm.arm == kind).scores[name].mean for size, name in rows]
        for kind in ARMS
    }
    return interval_plot([f"N = {size.title}: {name}" for size, name in rows], means, "score, with 95 % intervals")


def gain_plot(outcome: Downstream, scores: tuple[str, ...]) -> str:
    """What made tiles add to training as long without them, and to copy-paste, SVG; the line is nothing."""
    rows = [(size, name) for size in outcome.sizes for name in scores]
    gains = {
        f"over {over}": [
            next(c for c in size.comparisons if (c.arm, c.over) == ("synthetic", over)).gains[name].mean
            for size, name in rows
        ]
        for over in ("longer", "copy-paste")
    }
    return interval_plot([f"N = {size.title}: {name}" for size, name in rows], gains, "gain of made tiles", 0)
