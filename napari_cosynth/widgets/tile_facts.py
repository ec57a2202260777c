"""What cards and report say about a tile, in words. Values in, values out; knows no Qt."""

from __future__ import annotations

from napari_cosynth.presets import QUALITIES, Preset
from napari_cosynth.quality import LayoutReport, layout_report
from napari_cosynth.tile import SyntheticTile

VERDICT_WORDS = {"undecided": "Undecided", "accepted": "Accepted", "rejected": "Rejected"}


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
    """One line for screen readers: verdict, what became of the points, seed."""
    edited = ", edited by hand" if tile.edited else ""
    return f"{VERDICT_WORDS[tile.verdict]}: {report_of(tile).sentence()}, seed {tile.request.seed}{edited}"
