"""What the dock says about tiles and layouts, in words. Values in, values out; knows no Qt."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from napari_cosynth.counted import nuclei
from napari_cosynth.layout import Layout
from napari_cosynth.presets import QUALITIES, Preset
from napari_cosynth.quality import LayoutReport, layout_report
from napari_cosynth.tile import SyntheticTile

VERDICT_WORDS = {"undecided": "Undecided", "accepted": "Accepted", "rejected": "Rejected"}


class ClassCount(NamedTuple):
    """Points asked for and nuclei made of one class."""

    class_id: int
    asked: int
    made: int


class Amiss(NamedTuple):
    """One thing that came out otherwise than asked, and where on the tile it is (px)."""

    text: str
    row: float
    col: float


def report_of(tile: SyntheticTile) -> LayoutReport:
    """The tile's own report, or one made of its nuclei if it came without."""
    return tile.report or layout_report(tile.request.layout, tile.nuclei)


def share_placed(tile: SyntheticTile) -> float:
    """Share of the points that became nuclei, 0 to 1; 1 where none was asked for."""
    report = report_of(tile)
    return report.found / report.placed if report.placed else 1.0


def quality_name(tile: SyntheticTile) -> str:
    """Name of the quality whose numbers the request has, or "own settings"."""
    request = tile.request
    used = Preset(request.steps, request.guidance, request.layout_guidance)
    return next((name for name, preset in QUALITIES.items() if preset == used), "own settings")


def described(tile: SyntheticTile) -> str:
    """One line for screen readers: verdict, what became of the points, seed, what is remarkable."""
    edited = ", edited by hand" if tile.edited else ""
    close = ", may be a copy of a training image" if tile.too_close else ""
    return f"{VERDICT_WORDS[tile.verdict]}: {report_of(tile).sentence()}, seed {tile.request.seed}{edited}{close}"


def class_counts(tile: SyntheticTile) -> list[ClassCount]:
    """The classes that were asked for or made, in the taxonomy's order."""
    asked = Counter(tile.request.layout.class_ids.tolist())
    made = Counter(nucleus.class_id for nucleus in tile.nuclei)
    return [ClassCount(i, asked[i], made[i]) for i in sorted(asked.keys() | made.keys())]


def amiss(tile: SyntheticTile) -> list[Amiss]:
    """Points without a nucleus, nuclei of another class than their point's, nuclei without a point; in this order."""
    layout, report = tile.request.layout, report_of(tile)
    names, nuclei = layout.taxonomy.names, {nucleus.id: nucleus for nucleus in tile.nuclei}

    def point(number: int, what: str) -> Amiss:
        row, col = layout.centroids[number - 1].tolist()
        return Amiss(f"Point {number}, {layout.names[number - 1]}: {what}", row, col)

    missing = [point(number, "no nucleus") for number in report.missing]
    other = [point(number, f"came out {names[nuclei[number].class_id]}") for number in report.other_class]
    extra = [(nuclei[label], label) for label in report.extra]
    return [
        *missing,
        *other,
        *(Amiss(f"Nucleus {label}, {names[n.class_id]}: not asked for", n.row, n.col) for n, label in extra),
    ]


def layout_opened(name: str, layout: Layout) -> str:
    """What is said when a layout takes the place of the one that was there."""
    size = f"{layout.height} x {layout.width} px"
    return f"Opened {name}: {nuclei(len(layout))} on {size}. Ctrl+Z brings back what was there"
