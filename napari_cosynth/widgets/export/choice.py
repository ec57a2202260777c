"""What the user chose to export, and what stands against it. Values in, values out; knows no Qt.

The formats' registry is imported when it is first asked for: it is not needed
to open the dock, and brings libraries along.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from napari_cosynth.snapshot import Entry
from napari_cosynth.tile import Verdict
from napari_cosynth.widgets.tile_facts import report_of

if TYPE_CHECKING:
    from napari_cosynth.export.plan import ExportOptions


@dataclass(frozen=True)
class ExportChoice:
    """Formats, which tiles, how they are split, and where to.

    Parameters
    ----------
    formats
        Keys of `export.FORMATS`.
    verdicts
        Tiles with another one are left out.
    placed
        Per cent of its points that a tile must show as nuclei.
    leave_out_close
        Whether tiles that may be copies of training images are left out.
    split
        Per cent of train, val and test; None for one set.
    classes
        (format, class of ours, class of the format) where the user changed a class table.
    folder
        Where the data set goes; empty if that is not chosen yet.
    """

    formats: tuple[str, ...] = ("folder",)
    verdicts: tuple[Verdict, ...] = ("accepted", "undecided")
    placed: int = 0
    leave_out_close: bool = True
    split: tuple[int, int, int] | None = None
    classes: tuple[tuple[str, str, str], ...] = ()
    folder: str = ""

    def place(self) -> Path:
        """The folder as an absolute path: a relative one begins in napari's working directory."""
        return Path(os.path.abspath(os.path.expanduser(self.folder)))

    def options(self) -> ExportOptions:
        """As `export` takes them.

        Raises
        ------
        pydantic.ValidationError
            If the shares do not make one; `fault` says so before.
        """
        from napari_cosynth.export.class_tables import ClassChange
        from napari_cosynth.export.plan import ExportOptions

        return ExportOptions(
            verdicts=self.verdicts,
            split=None if self.split is None else tuple(share / 100 for share in self.split),
            min_placed=self.placed / 100,
            leave_out_close=self.leave_out_close,
            changes=tuple(
                ClassChange(format=key, ours=ours, theirs=theirs)
                for key, ours, theirs in self.classes
                if key in self.formats
            ),
        )

    def with_class(self, key: str, ours: str, theirs: str) -> ExportChoice:
        """With another line in the class table of a format."""
        others = tuple(line for line in self.classes if line[:2] != (key, ours))
        return replace(self, classes=(*others, (key, ours, theirs)))

    def takes(self, entry: Entry) -> bool:
        """Whether what is known of a tile lets it in."""
        tile = entry.tile
        if tile.verdict not in self.verdicts or (self.leave_out_close and tile.too_close):
            return False
        report = report_of(tile)
        return report.found >= self.placed / 100 * report.placed


def usual_verdicts(entries: Sequence[Entry]) -> tuple[Verdict, ...]:
    """Which tiles are exported unless the user says otherwise: accepted ones alone, as soon as one is."""
    accepted = any(entry.tile.verdict == "accepted" for entry in entries)
    return ("accepted",) if accepted else ExportChoice().verdicts


class ClassRow(NamedTuple):
    """A line of a class table: our class, how many of its nuclei, and what stands for it (None: nothing yet)."""

    ours: str
    nuclei: int
    theirs: str | None


def short_title(key: str) -> str:
    """A format's title without its particulars."""
    from napari_cosynth.export import FORMATS

    return re.split(r", | \(", FORMATS[key].title)[0]


def class_rows(choice: ExportChoice, entries: Sequence[Entry]) -> dict[str, list[ClassRow]]:
    """The class table of each chosen format that has classes of its own: the classes that occur.

    Parameters
    ----------
    entries
        The tiles that would be exported.
    """
    from napari_cosynth.export import FORMATS

    fixed = {key: FORMATS[key].classes for key in FORMATS if key in choice.formats and FORMATS[key].classes}
    if not fixed or not entries:
        return {}
    taxonomy = entries[0].tile.request.layout.taxonomy
    found = Counter(n.class_id for entry in entries for n in entry.tile.nuclei)
    changed = {line[:2]: line[2] for line in choice.classes}
    return {
        key: [
            ClassRow(name, found[i], changed.get((key, name), classes.defaults.get(name)))
            for i, name in enumerate(taxonomy.names)
            if found[i]
        ]
        for key, classes in fixed.items()
    }


def fault(choice: ExportChoice, entries: Sequence[Entry]) -> str:
    """Why there can be no such data set, and what to do; empty if there can.

    Parameters
    ----------
    entries
        All tiles of the session.
    """
    from napari_cosynth.export import FORMATS

    taken = [entry for entry in entries if choice.takes(entry)]
    unmapped = [(key, row) for key, rows in class_rows(choice, taken).items() for row in rows if row.theirs is None]
    sizes = {(e.tile.request.layout.height, e.tile.request.layout.width) for e in taken}
    wrong = [(key, size) for key in choice.formats for size in sizes if FORMATS[key].tile_size not in (None, size)]
    if not entries:
        return "There are no tiles yet: make some first"
    if not choice.formats:
        return "Choose a format"
    if not choice.verdicts:
        return "Choose which tiles: accepted, undecided or rejected"
    if not taken:
        return "No tile is left: choose other verdicts, or a lower share of placed points"
    if choice.split is not None and sum(choice.split) != 100:
        return f"The shares of the sets make {sum(choice.split)} %: change them so that they make 100 %"
    if wrong:
        key, (height, width) = wrong[0]
        side = FORMATS[key].tile_size
        return (
            f"{short_title(key)}: tiles of {side[0]} x {side[1]} px alone, and one of {height} x {width} px is among "
            "yours; leave that format out, or that tile"
        )
    if unmapped:
        key, row = unmapped[0]
        return f"{short_title(key)}: no class for {row.ours}; choose what stands for it in the table"
    return ""
