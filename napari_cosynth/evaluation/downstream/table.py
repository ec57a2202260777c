"""The downstream outcome as rows of text, and written down."""

from __future__ import annotations

import html
from pathlib import Path

from napari_cosynth.evaluation.downstream.outcome import Downstream, Figure
from napari_cosynth.evaluation.downstream.plots import gain_plot, score_plot
from napari_cosynth.evaluation.page import drawing, page, table
from napari_cosynth.writing import write_together

Row = tuple[str, ...]

MAIN = ("PQ", "Dice", "AJI")
SCORE_HEADER = ("N", "trained on", "steps", *MAIN)
GAIN_HEADER = ("N", "gain", *MAIN)
CLASS_HEADER = ("N", "score", "real", "longer", "copy-paste", "synthetic", "synthetic over longer")


def write_downstream(outcome: Downstream, folder: Path) -> None:
    """Write ``downstream.html`` and ``downstream.json`` into a folder; both appear, or none."""
    write_together(
        {
            folder / "downstream.html": downstream_page(outcome).encode(),
            folder / "downstream.json": (outcome.model_dump_json(indent=2) + "\n").encode(),
        }
    )


def score_rows(outcome: Downstream) -> list[Row]:
    """(N, what it was trained on, steps, PQ, Dice, AJI), means over seeds."""
    rows = []
    for size in outcome.sizes:
        for arm in size.arms:
            added = f", {arm.added} tiles added" if arm.added else ""
            scores = (str(arm.scores[name].mean) for name in MAIN)
            rows.append((size.title, arm.arm + added, str(arm.steps), *scores))
    return rows


def gain_rows(outcome: Downstream) -> list[Row]:
    """(N, which arm over which, gain in PQ, Dice, AJI): the mean with its interval, the seeds, the verdict."""
    return [
        (size.title, f"{c.arm} over {c.over}", *(gain_text(c.gains[name]) for name in MAIN))
        for size in outcome.sizes
        for c in size.comparisons
    ]


def class_rows(outcome: Downstream) -> list[Row]:
    """(N, score of a class, each arm's mean, gain of made tiles over longer training)."""
    rows = []
    for size in outcome.sizes:
        gains = next(c.gains for c in size.comparisons if (c.arm, c.over) == ("synthetic", "longer"))
        for name in gains:
            if name not in MAIN:
                scores = (_number(arm.scores[name].mean.value) for arm in size.arms)
                rows.append((size.title, name, *scores, gain_text(gains[name])))
    return rows


def paper_rows(outcome: Downstream) -> list[Row]:
    """(data set, Dice, AJI) of the paper, which had all real tiles."""
    return [(name, *(f"{gains[score]:+.3f}" for score in ("Dice", "AJI"))) for name, gains in outcome.paper.items()]


def gain_text(gain: Figure) -> str:
    """ "+0.012 (-0.003-0.026); +0.02 -0.01 +0.03: not told apart"."""
    if gain.mean.value is None:
        return "not measurable"
    interval = "" if gain.mean.low is None else f" ({gain.mean.low:+.3f} to {gain.mean.high:+.3f})"
    seeds = " ".join("none" if v is None else f"{v:+.3f}" for v in gain.seeds)
    return f"{gain.mean.value:+.3f}{interval}; seeds {seeds}: {gain.verdict}"


def notes(outcome: Downstream) -> list[str]:
    """What has to be said beside the figures."""
    settings, nuclei = outcome.settings, outcome.nuclei
    counts = ", ".join(f"{n} {name}" for name, n in nuclei.items())
    lines = [
        f"Measured on {outcome.held_out} held-out windows of 256 px from {outcome.groups} groups; nuclei: {counts}.",
        f"Means of {settings.seeds} seed{'s' if settings.seeds > 1 else ''}, each with real windows of its own. "
        "Intervals are of 95 %, over groups of held-out windows, paired. A gain counts where the interval and every "
        "seed lie on one side of 0.",
        "The generator was trained on all training tiles before: this measures what a pretrained generator adds to "
        "a segmenter that has seen few tiles, not learning from few tiles alone. Layouts and prompts come from the "
        "N tiles."
        if outcome.model_hash
        else "The made tiles were given as they are: what they owe to tiles beyond the N is not known.",
    ]
    if "all" in settings.real:
        lines.append(f"'all' means {settings.most} windows at most.")
    if outcome.model_hash:
        taught = "are taught" if settings.chosen_classes else "are not taught"
        lines.append(f"Classes that the generator chose itself {taught}.")
    if outcome.not_measurable:
        lines.append(f"Not measurable, fewer than 100 held-out nuclei: {', '.join(outcome.not_measurable)}.")
    return lines


def downstream_page(outcome: Downstream) -> str:
    """The whole page as HTML."""
    parts = [
        "<h1>Made tiles in training</h1>",
        *(f"<p>{html.escape(line)}</p>" for line in notes(outcome)),
        drawing(score_plot(outcome, MAIN), "scores of each arm"),
        table(SCORE_HEADER, score_rows(outcome)),
        "<h2>Gains</h2>",
        drawing(gain_plot(outcome, MAIN), "gains of made tiles"),
        table(GAIN_HEADER, gain_rows(outcome)),
        "<h2>Classes</h2>",
        table(CLASS_HEADER, class_rows(outcome)),
        "<h2>The paper's gains, with all real tiles and other networks</h2>",
        table(("data set", "Dice", "AJI"), paper_rows(outcome)),
    ]
    return page("Made tiles in training", parts)


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"
