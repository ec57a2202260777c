"""Plots as SVG: intervals of scores, and curves of made against real tiles.

Texts in a picture can be read and searched; nothing is fetched, and the same
figures give the same bytes. Knows no report: names and numbers in, text out.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from napari_cosynth.evaluation.bootstrap import Estimate

try:
    from matplotlib import rc_context
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
except ImportError as error:
    raise ImportError('a report needs matplotlib; install it with, in a clone: pip install ".[train]"') from error

_LOOKS = {
    # The library's ids are random unless they are given a salt; a date would differ with each run.
    "svg.hashsalt": "napari-cosynth",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}
_INK, _PALE = "#444444", "#A0A0A0"
_BLUE, _ORANGE = "#0072B2", "#D55E00"  # of Okabe and Ito: told apart by every kind of sight
_ROW_INCH, _WIDTH_INCH, _PANEL_INCH = 0.34, 8.4, 2.3


class Series(NamedTuple):
    """How one kind of tile is drawn wherever it is."""

    color: str
    marker: str
    filled: bool
    line: str


SERIES = {
    "made": Series(_BLUE, "o", True, "-"),
    "real": Series(_INK, "D", False, "--"),
    "floor": Series(_PALE, "x", False, ":"),
    "synthetic": Series(_BLUE, "o", True, "-"),
}
"""By colour, marker and line, so that print without colours can be read too."""
_OTHERS = (Series(_PALE, "s", False, ":"), Series(_ORANGE, "^", False, "-."), Series(_INK, "v", True, "--"))


class Panel(NamedTuple):
    """Curves over one axis.

    ``curves`` holds (x, y), float (n,) each, by name. ``marks`` are those of the
    axis across where both axes are logarithmic.
    """

    across: str
    up: str
    curves: Mapping[str, tuple[np.ndarray, np.ndarray]]
    marks: Sequence[float] = ()


def interval_plot(
    names: Sequence[str],
    series: Mapping[str, Sequence[Estimate]],
    across: str,
    reference: float | None = None,
) -> str:
    """Rows of scores with their intervals, from the top down.

    Parameters
    ----------
    names
        Of the rows.
    series
        Scores of each row by kind of tile; those that were not measurable are left out.
    across
        What the axis says.
    reference
        Where a line is drawn.

    Returns
    -------
    The picture, SVG.
    """
    height = 0.9 + _ROW_INCH * len(names) * max(1.0, len(series) / 2.5)
    figure = Figure((_WIDTH_INCH, height), layout="constrained")
    with rc_context(_LOOKS):
        axes = figure.add_subplot()
        places = np.arange(len(names), dtype=float)
        for i, (name, looks) in enumerate(_looks_of(series)):
            rows = [(at, e) for at, e in zip(places, series[name], strict=True) if e.value is not None]
            _draw_intervals(axes, rows, name, looks, (i - (len(series) - 1) / 2) * 0.66 / max(1, len(series)))
        if reference is not None:
            axes.axvline(reference, color=_PALE, linewidth=0.8, zorder=0)
        axes.set_yticks(places, names)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color="#EEEEEE")
        axes.set_axisbelow(True)
        axes.set_xlabel(across)
        _legend(figure, axes, len(series))
        return _svg(figure)


def curve_plot(panels: Sequence[Panel]) -> str:
    """Panels side by side, SVG."""
    figure = Figure((_WIDTH_INCH, _PANEL_INCH + 0.3), layout="constrained")
    with rc_context(_LOOKS):
        for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
            for name, looks in _looks_of(panel.curves):
                axes.plot(*panel.curves[name], looks.line, color=looks.color, linewidth=1.4, label=name)
            if panel.marks:
                axes.set_xscale("log")
                axes.set_yscale("log")
                axes.set_xticks(panel.marks, [f"{mark:g}" for mark in panel.marks])
                axes.set_xticks([], minor=True)
            else:
                axes.set_ylim(bottom=0)
            axes.set_xlabel(panel.across)
            axes.set_ylabel(panel.up)
        _legend(figure, axes, len(panels[-1].curves))
        return _svg(figure)


def histogram(values: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A curve of a panel: the outline of the share of values in each bin.

    Parameters
    ----------
    values
        float (n,). Those that are NaN are left out; those beyond the edges count in the outermost bins.
    edges
        float (n + 1,), rising.
    """
    values = np.clip(values[~np.isnan(values)], edges[0], edges[-1])
    shares = np.histogram(values, edges)[0] / max(1, len(values))
    return np.repeat(edges, 2)[1:-1], np.repeat(shares, 2)


def _looks_of(series: Iterable[str]) -> list[tuple[str, Series]]:
    others = iter(_OTHERS)
    return [(name, SERIES[name] if name in SERIES else next(others)) for name in series]


def _draw_intervals(axes: Axes, rows: Sequence[tuple[float, Estimate]], name: str, looks: Series, below: float) -> None:
    for at, estimate in rows:
        if estimate.low is not None and estimate.high is not None:
            axes.plot([estimate.low, estimate.high], [at + below] * 2, color=looks.color, linewidth=1.6, alpha=0.7)
    axes.plot(
        [estimate.value for _, estimate in rows],
        [at + below for at, _ in rows],
        linestyle="none",
        marker=looks.marker,
        markersize=5,
        color=looks.color,
        markerfacecolor=looks.color if looks.filled else "white",
        label=name,
    )


def _legend(figure: Figure, axes: Axes, columns: int) -> None:
    if columns > 1:
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper right", ncols=columns)


def _svg(figure: Figure) -> str:
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None})
    text = stream.getvalue()
    # What stands before the picture names a document type at an address.
    return text[text.index("<svg") :]
